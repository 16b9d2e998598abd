/**
 * Measures made of token losses of the same text under several models, the first of them the base. Losses are nats per token.
 *
 * - channels (METHOD 6): loss and bits per byte with 95 % intervals over documents, differences, retention, domain gain;
 * - terms (METHOD 2): loss over the tokens inside domain terms;
 * - memorisation (METHOD 6): loss on text seen in training against loss on held-out text.
 */
import type { ChannelRole } from '../recipe/schema';
import { retainedChannels } from './loss';
import { bootstrap, ratioOfSums, type Interval } from './statistics';

/** Sums over each document under one model. */
export interface DocumentSums {
  /** nats */
  nll: number[];
  tokens: number[];
  /** UTF-8 bytes of the predicted tokens. */
  bytes: number[];
}

export interface MeasuredDocuments {
  id: string;
  role: ChannelRole;
  /** A model wrote the text. */
  generated?: unknown;
  /** One entry a model, the same documents in the same order. */
  models: DocumentSums[];
}

export interface Estimate {
  value: number;
  /** Null with fewer than two documents. */
  interval: Interval | null;
}

export interface ChannelMeasure {
  id: string;
  role: ChannelRole;
  documents: number;
  /** Predicted tokens and their UTF-8 bytes, by model. */
  tokens: number[];
  bytes: number[];
  /** By model. */
  loss: Estimate[];
  bitsPerByte: Estimate[];
  /** Model − base; null for the base itself. */
  deltaBits: (Estimate | null)[];
  /** Model − base in nats per token; null for the base and where tokens differ. */
  delta: (Estimate | null)[];
  /** exp(loss of the base − loss), for every role; null for the base and where tokens differ. */
  retention: (Estimate | null)[];
}

export interface MixtureMeasure {
  channels: ChannelMeasure[];
  /** Mean bits per byte that the domain channels lost (base − model): positive is learnt. By model; null for the base. */
  domainGain: (Estimate | null)[];
  /** Mean retention over `retainedChannels`; null for the base, without general channels and where tokens differ. */
  meanRetention: (Estimate | null)[];
}

export interface MeasureOptions {
  seed: number;
  resamples?: number;
  /** Models whose tokenizer is the base's, by index: losses in nats may be set against each other only there. */
  sameTokens: readonly boolean[];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

type Figure = (times: readonly Float64Array[]) => number;

/** Channels document by document under all models. All intervals come from the same resamples of documents. */
export function measureMixture(channels: readonly MeasuredDocuments[], { seed, resamples, sameTokens }: MeasureOptions): MixtureMeasure {
  const models = channels[0]?.models.length ?? 0;
  const figures: Figure[] = [];
  const add = (figure: Figure): number => figures.push(figure) - 1;
  const loss = (channel: number, model: number): Figure => {
    const { nll, tokens } = channels[channel]!.models[model]!;
    return (times) => ratioOfSums(times[channel]!, nll, tokens);
  };
  const bits = (channel: number, model: number): Figure => {
    const { nll, bytes } = channels[channel]!.models[model]!;
    return (times) => ratioOfSums(times[channel]!, nll, bytes) / Math.LN2;
  };
  const mean =
    (parts: readonly Figure[]): Figure =>
    (times) =>
      parts.reduce((sum, part) => sum + part(times), 0) / parts.length;
  const minus =
    (a: Figure, b: Figure): Figure =>
    (times) =>
      a(times) - b(times);
  const kept =
    (channel: number, model: number): Figure =>
    (times) =>
      Math.exp(loss(channel, 0)(times) - loss(channel, model)(times));
  /** Index of a figure by model; null for the base and where it means nothing. */
  const beside = (figure: (model: number) => Figure | null): (number | null)[] =>
    Array.from({ length: models }, (_, model) => {
      const made = model === 0 ? null : figure(model);
      return made ? add(made) : null;
    });
  const byModel = (figure: (model: number) => Figure): number[] => Array.from({ length: models }, (_, model) => add(figure(model)));

  const places = channels.map((_, channel) => ({
    loss: byModel((model) => loss(channel, model)),
    bitsPerByte: byModel((model) => bits(channel, model)),
    deltaBits: beside((model) => minus(bits(channel, model), bits(channel, 0))),
    delta: beside((model) => (sameTokens[model] ? minus(loss(channel, model), loss(channel, 0)) : null)),
    retention: beside((model) => (sameTokens[model] ? kept(channel, model) : null)),
  }));
  const domain = channels.flatMap(({ role }, at) => (role === 'domain' ? [at] : []));
  const general = retainedChannels(channels).map((channel) => channels.indexOf(channel));
  const gain = beside((model) => (domain.length > 0 ? mean(domain.map((channel) => minus(bits(channel, 0), bits(channel, model)))) : null));
  const retained = beside((model) =>
    general.length > 0 && sameTokens[model] ? mean(general.map((channel) => kept(channel, model))) : null,
  );

  const sizes = channels.map(({ models: [base] }) => base?.tokens.length ?? 0);
  const all = (times: readonly Float64Array[]) => figures.map((figure) => figure(times));
  const values = all(sizes.map((size) => new Float64Array(size).fill(1)));
  const intervals = bootstrap(sizes, all, { seed, ...(resamples === undefined ? {} : { resamples }) });
  const estimate = (at: number): Estimate => ({ value: values[at]!, interval: intervals[at]! });
  const orNull = (at: number | null) => (at === null ? null : estimate(at));
  return {
    channels: channels.map(({ id, role, models: sums }, channel) => {
      const place = places[channel]!;
      return {
        id,
        role,
        documents: sizes[channel]!,
        tokens: sums.map(({ tokens }) => sum(tokens)),
        bytes: sums.map(({ bytes }) => sum(bytes)),
        loss: place.loss.map(estimate),
        bitsPerByte: place.bitsPerByte.map(estimate),
        deltaBits: place.deltaBits.map(orNull),
        delta: place.delta.map(orNull),
        retention: place.retention.map(orNull),
      };
    }),
    domainGain: gain.map(orNull),
    meanRetention: retained.map(orNull),
  };
}

/** Sums over all places of one term in the measured text. */
export interface TermSums {
  term: string;
  /** Places where the term stands. */
  count: number;
  /** nats, by model. */
  nll: number[];
  /** Tokens, by model. */
  tokens: number[];
  /** UTF-8 bytes of all places. */
  bytes: number;
  /** The same sums by document, for intervals; absent: there are none. */
  documents?: ReadonlyMap<number, Pick<TermSums, 'nll' | 'tokens' | 'bytes'>>;
}

/** 95 % over documents, by model; null where a term stands in fewer than two. */
interface TermIntervals {
  loss: (Interval | null)[];
  /** Of the change of bits per byte against the base, which has none. */
  deltaBits: (Interval | null)[];
}

export interface TermLoss {
  term: string;
  count: number;
  /** nats per token, by model. */
  loss: number[];
  /** Bits per byte of the term's own text, by model: comparable between tokenizers. */
  bitsPerByte: number[];
  /** Absent in what was measured before it had any. */
  intervals?: TermIntervals;
}

/** Of terms and noise: the same resamples at every measure. */
const INTERVAL_SEED = 1;

/** Σ nll / Σ tokens of one term. */
export function termLoss({ term, count, nll, tokens, bytes, documents }: TermSums): TermLoss {
  return {
    term,
    count,
    loss: nll.map((sum, model) => sum / tokens[model]!),
    bitsPerByte: nll.map((sum) => sum / (bytes * Math.LN2)),
    ...(documents ? { intervals: termIntervals([...documents.values()], nll.length) } : {}),
  };
}

/** Documents are drawn as wholes: places of one document are not independent. */
function termIntervals(documents: readonly Pick<TermSums, 'nll' | 'tokens' | 'bytes'>[], models: number): TermIntervals {
  const nll = Array.from({ length: models }, (_, model) => documents.map((sums) => sums.nll[model]!));
  const tokens = Array.from({ length: models }, (_, model) => documents.map((sums) => sums.tokens[model]!));
  const bytes = documents.map((sums) => sums.bytes);
  const found = bootstrap(
    [documents.length],
    ([times]) => {
      const bits = nll.map((own) => ratioOfSums(times!, own, bytes) / Math.LN2);
      return [...nll.map((own, model) => ratioOfSums(times!, own, tokens[model]!)), ...bits.map((own) => own - bits[0]!)];
    },
    { seed: INTERVAL_SEED },
  );
  return { loss: found.slice(0, models), deltaBits: found.slice(models).map((interval, model) => (model === 0 ? null : interval)) };
}

/** Sums over one text at one level of noise. */
export interface NoisySums {
  nll: number[];
  bytes: number[];
}

/** 95 % over documents. */
export interface NoiseIntervals {
  /** [model][level] of bits per byte. */
  bitsPerByte: (Interval | null)[][];
  /** By model: bits per byte at the strongest noise less those of clean text; and that less the base's, which has none. */
  rise: (Interval | null)[];
  riseAgainst: (Interval | null)[];
}

/** @param sums [model][level], the same documents at all of them */
export function noiseIntervals(sums: readonly (readonly NoisySums[])[]): NoiseIntervals {
  const documents = sums[0]?.[0]?.nll.length ?? 0;
  const levels = sums[0]?.length ?? 0;
  const models = sums.length;
  const found = bootstrap(
    [documents],
    ([times]) => {
      const bits = sums.map((model) => model.map(({ nll, bytes }) => ratioOfSums(times!, nll, bytes) / Math.LN2));
      const rise = bits.map((model) => model.at(-1)! - model[0]!);
      return [...bits.flat(), ...rise, ...rise.map((own) => own - rise[0]!)];
    },
    { seed: INTERVAL_SEED },
  );
  const rises = models * levels;
  return {
    bitsPerByte: sums.map((_, model) => found.slice(model * levels, (model + 1) * levels)),
    rise: found.slice(rises, rises + models),
    riseAgainst: found.slice(rises + models).map((interval, model) => (model === 0 ? null : interval)),
  };
}

/** Σ nll / Σ tokens over all terms; null without terms. */
export function overallTermLoss(sums: readonly TermSums[]): TermLoss | null {
  const [first] = sums;
  if (!first) return null;
  const total = (pick: (sums: TermSums) => number) => sums.reduce((sum, part) => sum + pick(part), 0);
  return termLoss({
    term: '',
    count: total(({ count }) => count),
    nll: first.nll.map((_, model) => total(({ nll }) => nll[model]!)),
    tokens: first.tokens.map((_, model) => total(({ tokens }) => tokens[model]!)),
    bytes: total(({ bytes }) => bytes),
    ...(first.documents ? { documents: joinedDocuments(sums) } : {}),
  });
}

/** Sums of all terms by document. */
function joinedDocuments(sums: readonly TermSums[]): NonNullable<TermSums['documents']> {
  const joined = new Map<number, Pick<TermSums, 'nll' | 'tokens' | 'bytes'>>();
  for (const { documents = [] } of sums)
    for (const [document, { nll, tokens, bytes }] of documents) {
      const before = joined.get(document);
      joined.set(document, {
        nll: nll.map((own, model) => own + (before?.nll[model] ?? 0)),
        tokens: tokens.map((own, model) => own + (before?.tokens[model] ?? 0)),
        bytes: bytes + (before?.bytes ?? 0),
      });
    }
  return joined;
}

export interface MemorisationMeasure {
  rows: { seen: number; unseen: number };
  /** Loss on both by model, nats per token; the first model is the base. */
  seen: Estimate[];
  unseen: Estimate[];
  /** Loss on unseen − loss on seen text, by model. */
  gap: Estimate[];
  /** Gap of the model − gap of the base: what memorising adds. Null for the base. */
  memorised: (Estimate | null)[];
}

/**
 * How much lower the loss on text seen in training is than on held-out text like it, beyond the same gap of the base: the base has seen
 * neither, so its gap is the difference of the texts themselves.
 * @param seen @param unseen sums over rows of one channel under each model, the same rows for all
 */
export function measureMemorisation(seen: readonly DocumentSums[], unseen: readonly DocumentSums[], seed: number): MemorisationMeasure {
  const sizes = [seen[0]?.tokens.length ?? 0, unseen[0]?.tokens.length ?? 0];
  const loss = (sums: DocumentSums, times: Float64Array) => ratioOfSums(times, sums.nll, sums.tokens);
  const figures = ([ofSeen, ofUnseen]: readonly Float64Array[]): number[] => {
    const low = seen.map((sums) => loss(sums, ofSeen!));
    const high = unseen.map((sums) => loss(sums, ofUnseen!));
    const gap = low.map((value, model) => high[model]! - value);
    return [...low, ...high, ...gap, ...gap.map((value) => value - gap[0]!)];
  };
  const values = figures(sizes.map((size) => new Float64Array(size).fill(1)));
  const intervals = bootstrap(sizes, figures, { seed });
  const models = seen.length;
  const part = (at: number): Estimate[] =>
    Array.from({ length: models }, (_, model) => ({ value: values[at * models + model]!, interval: intervals[at * models + model]! }));
  return {
    rows: { seen: sizes[0]!, unseen: sizes[1]! },
    seen: part(0),
    unseen: part(1),
    gap: part(2),
    memorised: part(3).map((estimate, model) => (model === 0 ? null : estimate)),
  };
}

/** Nats per token that seen text must be easier by, beyond the base's gap: 5 % of perplexity. */
export const MEMORISED_LINE = 0.05;

/** `yes` where the whole interval lies above the line, `no` where none of it does; `unclear` between, and without an interval. */
export type MemorisationVerdict = 'yes' | 'no' | 'unclear';

export function memorises({ interval }: Estimate): MemorisationVerdict {
  if (!interval) return 'unclear';
  return interval.low > MEMORISED_LINE ? 'yes' : interval.high <= MEMORISED_LINE ? 'no' : 'unclear';
}
