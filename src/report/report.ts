/**
 * The record behind a report: everything that was measured of the compared weights, in no language and without markup. Losses are
 * nats per token; the first model is the base that the others are compared with; a gap in a curve is null, so that JSON keeps it.
 * What was not measured is absent and named in `notMeasured`.
 */
import type { ChannelColour } from '../charts/paper';
import type { Finding } from '../core/diagnosis/diagnose';
import type { RiskLevel } from '../core/metrics/forgetting-risk';
import { RETENTION_LINE } from '../core/metrics/loss';
import type { WeightPlace } from '../core/metrics/model-change';
import type { ProbeMeasure } from '../core/metrics/probe-measure';
import type { PreferenceScores } from '../core/metrics/preference';
import type { Estimate, MemorisationMeasure, MixtureMeasure, NoiseIntervals, TermLoss } from '../core/metrics/text-measure';
import { gainVerdict, retentionVerdict, type GainVerdict, type RetentionVerdict } from '../core/metrics/verdict';
import type { ChannelRole, Recipe } from '../core/recipe/schema';
import type { SettingEvent } from '../core/run/events';
import type { RunState, StopReason } from '../core/run/types';

/**
 * The record behind a report: everything that was measured of the compared weights, in no language and without markup. Losses are
 * nats per token; the first model is the base that the others are held against; a gap in a curve is null, so that JSON keeps it.
 * What was not measured is absent and named in `notMeasured`.
 */
const REPORT_VERSION = 1;

/** A set of weights. */
export interface ReportWeights {
  /** As in the page's address: `model:nano`, `run:3f2a@1200`. */
  key: string;
  letter: 'A' | 'B' | 'C';
  /** Model's or run's name. */
  name: string;
  /** Null for a base as it came. */
  step: number | null;
  /** The average of the weights at that step. */
  average?: boolean;
}

export interface ReportChannel {
  id: string;
  corpus: string;
  role: ChannelRole;
  /** A person's own name; null for a bundled corpus, whose name is translated. */
  name: string | null;
  colour: ChannelColour;
}

export interface ReportRun {
  id: string;
  name: string;
  state: RunState;
  stopReason: StopReason | null;
  /** Epoch milliseconds. */
  createdAt: number;
  updatedAt: number;
  device: string;
  step: number;
  steps: number;
  tokens: number;
  /** Name of the base model, where the library has it. */
  base?: string;
  /** As started. */
  recipe: Recipe;
  /** Settings changed while it trained, by step. */
  changes: SettingEvent[];
  /** Up to this step it is another run, by its name. */
  forkedFrom?: { name: string; step: number };
  /** The stage of a chain that it is, from 1, by the chain's name. */
  chain?: { name: string; stage: number };
}

/** At most 400 points. */
export interface ReportSeries {
  x: number[];
  y: (number | null)[];
}

export interface ReportCurves {
  /** By channel id, and `total`. */
  train: Record<string, ReportSeries>;
  heldOut: Record<string, ReportSeries>;
  retention: ReportSeries;
  /** Forgetting risk at each evaluation, where the run measured it. */
  risk?: ReportSeries;
}

interface ReportEvaluation {
  /** `documents`: document by document, with intervals; `run`: on held-out rows by the run itself as it trained. */
  from: 'documents' | 'run';
  /** Documents or rows of each channel, at most. */
  count: number;
  measure: MixtureMeasure;
}

export interface ReportTerm extends TermLoss {
  passage: { before: string; term: string; after: string } | null;
}

interface ReportTerms {
  documents: number;
  overall: TermLoss | null;
  terms: ReportTerm[];
}

interface ReportMemorisation {
  /** Of which weights, by letter. */
  letter: ReportWeights['letter'];
  channels: { id: string; measure: MemorisationMeasure }[];
}

interface ReportRobustness {
  kind: 'characters' | 'deletion' | 'synonym' | 'adversarial';
  levels: number[];
  /** [model][level] */
  bitsPerByte: number[][];
  intervals?: NoiseIntervals;
}

/** A prompt and what each set of weights wrote after it. */
interface ReportText {
  prompt: string;
  /** By letter; those that wrote. */
  texts: { letter: ReportWeights['letter']; text: string }[];
}

interface ReportLayers {
  letter: ReportWeights['letter'];
  /** In the order of the computation: ‖tuned − base‖₂ / ‖base‖₂, and the share of the whole model's ‖tuned − base‖₂². */
  places: { place: WeightPlace; parameters: number; relative: number | null; share: number }[];
}

/** What can be measured on the compare page, and may be absent. */
export interface ReportMeasures {
  evaluation?: ReportEvaluation;
  terms?: ReportTerms;
  probes?: { sets: string[]; measure: ProbeMeasure };
  memorisation?: ReportMemorisation[];
  robustness?: ReportRobustness[];
  layers?: ReportLayers[];
  /** Mean KL of attention against the base, nats: [model][layer] for one text. */
  attention?: { text: string; divergence: number[][] };
  /** A person's verdicts on pairs of texts, blind. */
  preferences?: { temperature: number; measure: PreferenceScores };
  /** What each token before one adds to its ln p, by integrated gradients and by a local fit; of models that cut the text alike. */
  attribution?: {
    tokens: string[];
    target: string;
    models: { letter: ReportWeights['letter']; value: number; baseline: number; integrated: number[]; local: number[] }[];
  };
  /** Held-out accuracy of a linear probe of the channel: [model][embeddings and layers]. */
  layerProbes?: { channels: string[]; documents: number; models: Estimate[][] };
  /** Another wording of a part of a text: nats of the whole and of what follows, and KL of the next token, by model. */
  counterfactual?: { before: string; after: string; models: { loss: [number, number]; following: number; divergence: number }[] };
  /** Written by the same random numbers under each set of weights. */
  generation?: { seed: number; temperature: number; prompts: ReportText[] };
}

export interface ReportParts extends ReportMeasures {
  title: string;
  /** Epoch milliseconds. */
  at: number;
  product: { name: string; version: string };
  /** Engine that measured; null when none was opened. */
  device: { backend: string; threads: number; adapter: string } | null;
  weights: ReportWeights[];
  channels: ReportChannel[];
  /** The run that B, else A, is a checkpoint of. */
  run?: ReportRun;
  curves?: ReportCurves;
  diagnosis?: Finding[];
  /** Written after the recipe's prompts while it trained: by the base, and at its last evaluation. */
  written?: { steps: [number, number]; prompts: { prompt: string; texts: [string, string] }[] };
}

type ReportPart = 'run' | 'evaluation' | 'intervals' | 'terms' | 'probes' | 'memorisation' | 'robustness' | 'layers' | 'attention';

export interface Report extends ReportParts {
  format: 'crossfade-report';
  version: typeof REPORT_VERSION;
  summary: ReportSummary;
  notMeasured: ReportPart[];
}

export function createReport(parts: ReportParts): Report {
  return { format: 'crossfade-report', version: REPORT_VERSION, ...parts, summary: summarise(parts), notMeasured: absent(parts) };
}

function absent(parts: ReportParts): ReportPart[] {
  const missing: ReportPart[] = [];
  if (!parts.run) missing.push('run');
  if (!parts.evaluation) missing.push('evaluation');
  else if (parts.evaluation.from !== 'documents') missing.push('intervals');
  for (const part of ['terms', 'probes', 'memorisation', 'robustness', 'layers', 'attention'] as const)
    if (parts[part] === undefined) missing.push(part);
  // A base has no training text here: nothing it could have memorised.
  return parts.weights.some(({ step }) => step !== null) ? missing : missing.filter((part) => part !== 'memorisation');
}

/** What is not finite has no place in JSON: null. */
export function reportJson(report: Report): string {
  const finite = (_: string, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? null : value);
  return `${JSON.stringify(report, finite, 2)}\n`;
}

/** Bits per byte that the domain lost against the base: positive is learnt. */
interface GainSummary extends Estimate {
  verdict: GainVerdict;
}

interface RetentionSummary extends Estimate {
  verdict: RetentionVerdict;
  /** General channels that are below the line, lowest first. */
  below: { id: string; value: number }[];
}

interface ReportSummary {
  /** Of B against A; null where not measured. */
  gain: GainSummary | null;
  retention: RetentionSummary | null;
  risk: (Estimate & { level: RiskLevel; uninformative: string[] }) | null;
  /** Channels whose trained text is surely read better than like text beyond the base's own gap, nats per token. */
  memorised: ({ id: string } & Estimate)[];
  /** Terms by what B changed, most learnt first. */
  mostLearnt: string[];
  leastLearnt: string[];
  /** A and B cut text into the same tokens; null where nothing was measured. */
  sameTokens: boolean | null;
}

/** Index of B. */
const TUNED = 1;
const NAMED_TERMS = 3;

function summarise(parts: ReportParts): ReportSummary {
  const { evaluation, probes, memorisation, terms } = parts;
  const ranked = terms ? rankTerms(terms.terms, TUNED) : [];
  const gain = evaluation?.measure.domainGain[TUNED] ?? null;
  const risk = probes?.measure.risk?.[TUNED - 1] ?? null;
  return {
    gain: gain && { ...gain, verdict: gainVerdict(gain) },
    retention: retentionOf(parts),
    risk: risk && {
      value: risk.value,
      interval: risk.interval,
      level: risk.level,
      uninformative: risk.parts.filter(({ weight }) => weight === null).map(({ group }) => group),
    },
    memorised: (memorisation?.find(({ letter }) => letter === 'B')?.channels ?? []).flatMap(({ id, measure }) => {
      const estimate = measure.memorised[TUNED] ?? null;
      return estimate?.interval && estimate.interval.low > 0 ? [{ id, ...estimate }] : [];
    }),
    mostLearnt: ranked.slice(0, NAMED_TERMS).map(({ term }) => term),
    leastLearnt: ranked.slice(Math.max(NAMED_TERMS, ranked.length - NAMED_TERMS)).map(({ term }) => term),
    sameTokens: evaluation ? evaluation.measure.channels.every(({ delta }) => delta[TUNED] !== null) : null,
  };
}

/** Terms by the change of their bits per byte under a model, most learnt first. */
export function rankTerms(terms: readonly ReportTerm[], model: number): ReportTerm[] {
  const change = ({ bitsPerByte }: ReportTerm) => (bitsPerByte[model] ?? 0) - (bitsPerByte[0] ?? 0);
  return terms.filter(({ bitsPerByte }) => Number.isFinite(bitsPerByte[model])).sort((one, other) => change(one) - change(other));
}

function retentionOf({ evaluation }: ReportParts): RetentionSummary | null {
  const mean = evaluation?.measure.meanRetention[TUNED] ?? null;
  if (!evaluation || !mean) return null;
  const below = evaluation.measure.channels.flatMap(({ id, role, retention }) => {
    const kept = retention[TUNED];
    return role === 'general' && kept && kept.value < RETENTION_LINE ? [{ id, value: kept.value }] : [];
  });
  return { ...mean, verdict: retentionVerdict(mean), below: below.sort((one, other) => one.value - other.value) };
}
