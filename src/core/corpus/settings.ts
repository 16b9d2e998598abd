/** Settings of the data pipeline: every stage with its switch and its parameters. `{}` gives the defaults. */
import * as z from 'zod/mini';

/** The term lists that a new workshop starts with: medicine, by language. A person replaces them by those of their own domain. */
export const defaultTerms: Record<string, string[]> = {
  en: ['patient', 'diagnosis', 'treatment', 'symptom', 'disease', 'medication', 'therapy', 'clinical', 'medical', 'health'],
  zh: ['病人', '诊断', '治疗', '症状', '疾病', '药物', '临床', '医疗'],
};

/** Settings of the data pipeline: every stage with its switch and its parameters. `{}` gives the defaults. */
z.config({ jitless: true });

const orElse = z._default;
/** An object that may be left out, as may any of its fields. */
const part = <Shape extends z.core.$ZodShape>(shape: Shape) => {
  const object = z.strictObject(shape);
  return z.prefault(object, {} as z.input<typeof object>);
};
const from = (low: number, high: number) => z.number().check(z.gte(low), z.lte(high));
const count = (low: number, high: number) => z.int().check(z.gte(low), z.lte(high));
const share = (value: number) => orElse(from(0, 1), value);
const on = orElse(z.boolean(), true);
const off = orElse(z.boolean(), false);

/** `across`: rows of different channels are compared too. */
const scope = orElse(z.enum(['within', 'across']), 'across');

/** The rules of the quality score, in the order in which they are shown. */
export const qualityRules = ['length', 'repeatedLines', 'repeatedPhrases', 'symbols', 'digits', 'language', 'terms'] as const;
export type QualityRule = (typeof qualityRules)[number];

export const piiKinds = ['email', 'phone', 'nationalIdCn', 'ssnUs', 'card'] as const;
export type PiiKind = (typeof piiKinds)[number];

export const pipelineSettingsSchema = z.strictObject({
  version: orElse(z.literal(2), 2),
  /** Of everything that is drawn: split, sampling, order, augmentation. */
  seed: orElse(count(0, 0xffffffff), 20_251),
  /** NFC, line ends, control characters. */
  normalise: part({ enabled: on }),
  exactDedup: part({ enabled: on, scope }),
  minhashDedup: part({
    enabled: on,
    /** Jaccard similarity of 5-grams from which two rows count as the same. */
    threshold: orElse(from(0.5, 1), 0.8),
    scope,
    /** Which row of a cluster stays: the one with the highest quality score, or the first. */
    keep: orElse(z.enum(['best', 'first']), 'best'),
  }),
  quality: part({
    enabled: on,
    /** Least score by role. */
    thresholds: part({ domain: share(0.8), general: share(0.7) }),
    /** The most that each rule can take off a score of 1. */
    weights: part({
      length: share(0.35),
      repeatedLines: share(0.4),
      repeatedPhrases: share(0.5),
      symbols: share(0.4),
      digits: share(0.4),
      language: share(0.2),
      terms: share(0.1),
    }),
    /** Words between which the length takes nothing off; a CJK character is 1/1.5 words. */
    words: part({ least: orElse(count(0, 1_000_000), 50), most: orElse(count(1, 10_000_000), 2000) }),
  }),
  /** Drops rows that are surely in another language than their channel's. */
  language: part({ enabled: on }),
  terms: part({
    enabled: on,
    /** By language; a term may have several words. */
    lists: orElse(
      z.record(z.string(), z.array(z.string().check(z.minLength(1), z.maxLength(200))).check(z.maxLength(20_000))),
      defaultTerms,
    ),
    /** Share of a domain row's words that lie in terms, from which the score's rule takes nothing off. */
    wanted: share(0.02),
    /** Domain rows with a smaller share are dropped; 0 drops none. */
    least: share(0),
  }),
  /** Held-out rows of a channel: a share of it, and so many at most, since every one of them is compared with every train row. */
  split: part({ enabled: on, share: share(0.1), most: orElse(count(1, 1_000_000), 5000) }),
  /** Drops train rows that share a run of tokens (words, CJK characters) with a held-out row or a probe. */
  decontaminate: part({
    enabled: on,
    tokens: orElse(count(5, 50), 13),
    /** `cut`: only the passages go, as long as most of the row is left; `drop`: always the whole row. */
    passages: orElse(z.enum(['cut', 'drop']), 'cut'),
  }),
  /** Knowledge-dense selection: rows ranked by BM25 against the term lists, the top share kept. */
  select: part({
    enabled: off,
    of: orElse(z.enum(['general', 'all']), 'general'),
    keep: share(0.5),
    k1: orElse(from(0, 10), 1.2),
    b: share(0.75),
  }),
  /** General text is sampled down to `ratio` times the domain's bytes. Without domain text nothing is sampled. */
  sample: part({ enabled: on, ratio: orElse(from(0, 1000), 5) }),
  /** Parts of a channel's train rows brought to given shares of its bytes. */
  balance: part({
    enabled: off,
    by: orElse(z.enum(['source', 'language']), 'source'),
    /** Channel → part (id of a source, or a language) → share. Parts without one are left as they are. */
    shares: orElse(z.record(z.string(), z.record(z.string(), from(0, 1))), {}),
    /** A row stands there so often at most. */
    most: orElse(from(1, 16), 4),
  }),
  /** Order of each channel's train rows. `curriculum`: from easy to hard. */
  order: part({ kind: orElse(z.enum(['source', 'shuffled', 'curriculum']), 'source') }),
  /** Personal data is counted always, and masked by kind. */
  pii: part({ mask: part({ email: off, phone: off, nationalIdCn: off, ssnUs: off, card: off }) }),
  augment: part({
    enabled: off,
    of: orElse(z.enum(['domain', 'all']), 'domain'),
    /** Changed copies of a row, each by one of the operations that are on (rate above 0), in turn. */
    copies: orElse(count(1, 16), 1),
    /** Share of the tokens (`noise`: of the characters) that an operation changes. */
    deletion: share(0.1),
    swap: share(0.1),
    insertion: share(0.1),
    synonym: share(0.1),
    noise: share(0.02),
    /** Words or phrases that may stand for one another. `synonym` is off while there are none. */
    synonyms: orElse(
      z.array(z.array(z.string().check(z.minLength(1), z.maxLength(200))).check(z.maxLength(100))).check(z.maxLength(20_000)),
      [],
    ),
  }),
});

export type PipelineSettings = z.infer<typeof pipelineSettingsSchema>;
export type PipelineSettingsInput = z.input<typeof pipelineSettingsSchema>;

export const defaultPipelineSettings: PipelineSettings = pipelineSettingsSchema.parse({});

/** Stages of version 1 under their present names. */
export const stagesOfVersion1: Readonly<Record<string, string>> = { exact: 'exactDedup', near: 'minhashDedup', personal: 'pii' };

/** Stored settings of any version in the form of the present one; anything else comes back as it is. */
export function liftPipelineSettings(stored: unknown): unknown {
  if (typeof stored !== 'object' || stored === null || (stored as { version?: unknown }).version !== 1) return stored;
  const renamed = Object.entries(stored).map(([name, value]: [string, unknown]) => [stagesOfVersion1[name] ?? name, value] as const);
  return { ...Object.fromEntries(renamed), version: 2 };
}
