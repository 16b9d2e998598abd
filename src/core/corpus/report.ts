/** What the pipeline tells about a run: counts by channel, stage and reason, samples, histograms, timings. Plain data, JSON-safe. */
import { liftPipelineSettings, stagesOfVersion1, type PiiKind, type PipelineSettings, type QualityRule } from './settings';
import type { PipelineChannel, Split } from './row';

/** In the order in which rows meet them. */
export const pipelineStages = [
  'normalise',
  'exactDedup',
  'minhashDedup',
  'quality',
  'language',
  'terms',
  'split',
  'decontaminate',
  'select',
  'sample',
  'balance',
] as const;
export type PipelineStage = (typeof pipelineStages)[number];

/** Why a stage drops a row. Quality names the rule that took most off the score. */
export type DropReason =
  | 'empty' // normalise
  | 'same-text' // exactDedup
  | 'near-duplicate' // minhashDedup
  | QualityRule // quality
  | 'other-language' // language
  | 'few-terms' // terms
  | 'in-held-out' // decontaminate
  | 'in-probe' // decontaminate
  | 'less-dense' // select
  | 'not-drawn' // sample
  | 'over-share'; // balance

/** Every stage that drops rows with its reasons: what the filter log's columns `stage` and `reason` count. */
export const dropReasons: readonly { stage: PipelineStage; reason: DropReason }[] = [
  { stage: 'normalise', reason: 'empty' },
  { stage: 'exactDedup', reason: 'same-text' },
  { stage: 'minhashDedup', reason: 'near-duplicate' },
  { stage: 'quality', reason: 'length' },
  { stage: 'quality', reason: 'repeatedLines' },
  { stage: 'quality', reason: 'repeatedPhrases' },
  { stage: 'quality', reason: 'symbols' },
  { stage: 'quality', reason: 'digits' },
  { stage: 'quality', reason: 'language' },
  { stage: 'quality', reason: 'terms' },
  { stage: 'language', reason: 'other-language' },
  { stage: 'terms', reason: 'few-terms' },
  { stage: 'decontaminate', reason: 'in-held-out' },
  { stage: 'decontaminate', reason: 'in-probe' },
  { stage: 'select', reason: 'less-dense' },
  { stage: 'sample', reason: 'not-drawn' },
  { stage: 'balance', reason: 'over-share' },
];

export interface Tally {
  rows: number;
  /** UTF-8 bytes of the normalised text. */
  bytes: number;
}

/** A row to look at: the beginning of its text. */
export interface SampleRow {
  row: number;
  source: string;
  line: number;
  excerpt: string;
  score: number;
}

interface ReasonCount extends Tally {
  reason: DropReason;
  /** Drawn by a seeded hash of the row's number. */
  sample: SampleRow[];
}

export interface StageReport {
  stage: PipelineStage;
  enabled: boolean;
  in: Tally;
  kept: Tally;
  /** Reasons that dropped something, most rows first. */
  dropped: ReasonCount[];
}

type HistogramName = 'words' | 'score' | 'language' | 'duplicates';

/** `edges` bound the bins: bin i holds edges[i] ≤ x < edges[i + 1], the last one its upper edge too. `language` has names instead. */
export type Histogram =
  { name: Exclude<HistogramName, 'language'>; edges: number[]; rows: number[] } | { name: 'language'; languages: string[]; rows: number[] };

/** A part of a channel that was brought to a share. */
export interface BalanceReport {
  /** Id of a source, or a language. */
  part: string;
  before: Tally;
  share: number;
  /** Rows as they stand in train now, repeats counted. */
  after: Tally;
  /** Bytes that it is worth with its repeats (2305.16264). */
  worth: number;
}

export interface ChannelReport {
  channel: PipelineChannel;
  in: Tally;
  stages: StageReport[];
  kept: Record<Split, Tally>;
  /** Rows that decontamination cut passages out of, and the bytes that went. */
  cut: Tally;
  /** Parts that were brought to shares; absent where none was asked for. */
  balance?: BalanceReport[];
  /** Copies that augmentation added to train. */
  augmented: Tally;
  keptSample: SampleRow[];
  /** Over all rows that came in. */
  histograms: Histogram[];
  /** Findings in the rows that came in, masked or not, and rows with any. */
  pii: Record<PiiKind, number> & { rows: number };
  /** Share of the words that lie in terms, over all rows that came in. */
  termDensity: number;
}

/** What the person should know before they trust the counts; the page has a sentence for each. */
export interface PipelineNote {
  /**
   * `channel-emptied`: a stage left a channel no row · `terms-foreign`: fewer than 1 in 20 rows of a domain channel has any term ·
   * `no-domain`: nothing to size the general text by · `pairs-estimated`: pairs judged by their signatures alone, for memory ·
   * `no-held-out`: a channel has no held-out row
   */
  note: 'channel-emptied' | 'terms-foreign' | 'no-domain' | 'pairs-estimated' | 'no-held-out';
  channel: string | null;
  /** Rows or pairs. */
  count: number;
}

interface PipelineTimings {
  /** Seconds on the clock, reading included. */
  wall: number;
  workers: number;
  /** Seconds by step, added up over all workers, on the clock of each. */
  steps: { step: string; seconds: number }[];
}

/** Plain data, as it is stored with a preparation. */
export interface PipelineReport {
  settings: PipelineSettings;
  channels: ChannelReport[];
  notes: PipelineNote[];
  timings: PipelineTimings;
}

/** A stored report of any version in the form of the present one. */
export function liftReport(stored: PipelineReport): PipelineReport {
  const settings = liftPipelineSettings(stored.settings) as PipelineSettings;
  if (settings === stored.settings) return stored;
  const channels = stored.channels.map((channel): ChannelReport => {
    const { personal, ...report } = channel as ChannelReport & { personal?: ChannelReport['pii'] };
    const stages = report.stages.map((stage) => ({ ...stage, stage: (stagesOfVersion1[stage.stage] ?? stage.stage) as PipelineStage }));
    return { ...report, stages, pii: report.pii ?? personal };
  });
  return { ...stored, settings, channels };
}
