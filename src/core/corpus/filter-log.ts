/**
 * The filter log of a pipeline run: for every raw row what was measured and decided, in typed arrays of about 90 bytes a row. It can
 * be posted to another thread and stored as it is; `decisionOf` reads one row, and `rowsOf` finds the rows behind a bar or a count.
 */
import { dropReasons, type DropReason, type Histogram, type PipelineStage } from './report';
import type { Split } from './row';
import { piiKinds, qualityRules, type PiiKind, type QualityRule } from './settings';

/** Row number that stands for none. */
export const NO_ROW = 0xffffffff;

export interface FilterLog {
  rows: number;
  /** Channel ids and languages that the columns count. */
  channels: string[];
  languages: string[];
  /** Index into `channels`. */
  channel: Uint8Array;
  /** UTF-8 bytes of the normalised text, less what was cut. */
  bytes: Uint32Array;
  /** Bytes that decontamination cut out. */
  cutBytes: Uint32Array;
  words: Float32Array;
  /** Index into `languages`; 0 is `und`, undetermined. */
  language: Uint8Array;
  /** Index into `dropReasons` + 1; 0 for a row that was kept. */
  dropped: Uint8Array;
  /** 1 for held-out rows that were kept. */
  heldOut: Uint8Array;
  score: Float32Array;
  /** What each rule gave, 0 to 1: rows × qualityRules. */
  rules: Float32Array;
  /** Share of the words that lie in terms. */
  termDensity: Float32Array;
  /** BM25 against the terms; 0 when selection is off. */
  density: Float32Array;
  /** Number of the row of the same cluster that stays; the row itself where nothing is like it. */
  cluster: Uint32Array;
  /** Rows of the cluster. */
  clusterSize: Uint32Array;
  /** The row it repeats or overlaps with (NO_ROW: none, or a probe). */
  other: Uint32Array;
  /** Where in the normalised text the overlap with held-out text begins. */
  overlapAt: Uint32Array;
  /** Findings by kind: rows × personalKinds. */
  pii: Uint16Array;
}

export interface FilterDecision {
  row: number;
  channel: string;
  outcome:
    | { kept: true; split: Split }
    | {
        kept: false;
        stage: PipelineStage;
        reason: DropReason;
        /** The row that it repeats or overlaps with, where there is one. */
        other: number | null;
        /** Of an overlap: where it begins, in UTF-16 units of the normalised text. */
        at: number | null;
      };
  score: number;
  /** What each rule gave: 1 took nothing off. */
  rules: Record<QualityRule, number>;
  words: number;
  bytes: number;
  cutBytes: number;
  language: string;
  termDensity: number;
  density: number;
  cluster: { kept: number; size: number };
  pii: Record<PiiKind, number>;
}

export function decisionOf(filterLog: FilterLog, row: number): FilterDecision {
  const drop = dropReasons[filterLog.dropped[row]! - 1];
  const other = filterLog.other[row]!;
  const overlap = drop?.stage === 'decontaminate';
  return {
    row,
    channel: filterLog.channels[filterLog.channel[row]!]!,
    outcome: drop
      ? { kept: false, ...drop, other: other === NO_ROW ? null : other, at: overlap ? filterLog.overlapAt[row]! : null }
      : { kept: true, split: filterLog.heldOut[row] ? 'heldOut' : 'train' },
    score: filterLog.score[row]!,
    rules: named(qualityRules, filterLog.rules, row),
    words: filterLog.words[row]!,
    bytes: filterLog.bytes[row]!,
    cutBytes: filterLog.cutBytes[row]!,
    language: filterLog.languages[filterLog.language[row]!]!,
    termDensity: filterLog.termDensity[row]!,
    density: filterLog.density[row]!,
    cluster: { kept: filterLog.cluster[row]!, size: filterLog.clusterSize[row]! },
    pii: named(piiKinds, filterLog.pii, row),
  };
}

function named<Name extends string>(names: readonly Name[], columns: Float32Array | Uint16Array, row: number): Record<Name, number> {
  return Object.fromEntries(names.map((name, at) => [name, columns[row * names.length + at]!])) as Record<Name, number>;
}

/** What a person clicks on. Every field given must hold. */
export interface RowQuery {
  channel?: string;
  /** Rows that this stage (and reason) dropped. */
  stage?: PipelineStage;
  reason?: DropReason;
  kept?: Split;
  /** Bin of a histogram. */
  bar?: { histogram: Histogram; bin: number };
  pii?: PiiKind;
}

/** Numbers of the rows that match, in order, `limit` of them from the `start`-th on; `total` counts all. */
export function rowsOf(filterLog: FilterLog, query: RowQuery, start: number, limit: number): { total: number; rows: number[] } {
  const rows: number[] = [];
  let total = 0;
  const matches = matcher(filterLog, query);
  for (let row = 0; row < filterLog.rows; row++) {
    if (!matches(row)) continue;
    if (total >= start && rows.length < limit) rows.push(row);
    total++;
  }
  return { total, rows };
}

function matcher(filterLog: FilterLog, query: RowQuery): (row: number) => boolean {
  const channel = query.channel === undefined ? -1 : filterLog.channels.indexOf(query.channel);
  const pii = query.pii === undefined ? -1 : piiKinds.indexOf(query.pii);
  return (row) => {
    if (query.channel !== undefined && filterLog.channel[row] !== channel) return false;
    const drop = dropReasons[filterLog.dropped[row]! - 1];
    if (query.stage !== undefined && drop?.stage !== query.stage) return false;
    if (query.reason !== undefined && drop?.reason !== query.reason) return false;
    if (query.kept !== undefined && (drop || (filterLog.heldOut[row] ? 'heldOut' : 'train') !== query.kept)) return false;
    if (pii >= 0 && filterLog.pii[row * piiKinds.length + pii] === 0) return false;
    return query.bar === undefined || binOf(filterLog, query.bar.histogram, row) === query.bar.bin;
  };
}

/** Bin of a histogram that a row falls into, -1 for none. */
export function binOf(filterLog: FilterLog, histogram: Histogram, row: number): number {
  switch (histogram.name) {
    case 'language':
      return histogram.languages.indexOf(filterLog.languages[filterLog.language[row]!]!);
    case 'words':
      return bin(histogram.edges, filterLog.words[row]!);
    case 'score':
      return bin(histogram.edges, filterLog.score[row]!);
    case 'duplicates':
      return bin(histogram.edges, filterLog.clusterSize[row]!);
  }
}

function bin(edges: readonly number[], value: number): number {
  const last = edges.length - 1;
  if (value === edges[last]) return last - 1;
  for (let at = 0; at < last; at++) if (value >= edges[at]! && value < edges[at + 1]!) return at;
  return -1;
}
