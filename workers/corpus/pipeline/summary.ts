/** The report of a run, from the filter log: counts by channel, stage and reason, histograms, samples. */
import { binOf, type FilterLog } from '../../../src/core/corpus/filter-log';
import {
  dropReasons,
  pipelineStages,
  type BalanceReport,
  type ChannelReport,
  type DropReason,
  type Histogram,
  type PipelineNote,
  type PipelineStage,
  type SampleRow,
  type StageReport,
  type Tally,
} from '../../../src/core/corpus/report';
import type { PipelineChannel } from '../../../src/core/corpus/row';
import { piiKinds, type PiiKind, type PipelineSettings } from '../../../src/core/corpus/settings';
import { mix } from './hash';
import type { WrittenRows } from './write-rows';

/** Rows of a sample. */
const SAMPLE = 12;
const KEPT_SAMPLE = 24;
const wordEdges = [0, 1, 10, 20, 35, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000, 100_000_000];
const scoreEdges = Array.from({ length: 21 }, (_, at) => at / 20);
const clusterEdges = [1, 2, 3, 4, 5, 10, 20, 50, 100, 1000, 1_000_000_000];

/** Rows drawn for samples by a seeded hash of their number: by channel and reason (0: kept). */
export class Samples {
  private readonly drawn = new Map<string, { row: number; draw: number }[]>();

  constructor(filterLog: FilterLog, seed: number) {
    for (let row = 0; row < filterLog.rows; row++) {
      const dropped = filterLog.dropped[row]!;
      const key = `${filterLog.channel[row]!}/${dropped}`;
      const draw = mix(row ^ mix(seed + 0x5a4d));
      const most = dropped === 0 ? KEPT_SAMPLE : SAMPLE;
      const sample = this.drawn.get(key) ?? [];
      this.drawn.set(key, sample);
      if (sample.length === most && draw >= sample[most - 1]!.draw) continue;
      sample.push({ row, draw });
      sample.sort((a, b) => a.draw - b.draw);
      if (sample.length > most) sample.pop();
    }
  }

  rows(channel: number, dropped: number): number[] {
    return (this.drawn.get(`${channel}/${dropped}`) ?? []).map(({ row }) => row).sort((a, b) => a - b);
  }

  all(): Set<number> {
    return new Set([...this.drawn.values()].flat().map(({ row }) => row));
  }
}

export function channelReports(
  channels: readonly PipelineChannel[],
  settings: PipelineSettings,
  filterLog: FilterLog,
  samples: Samples,
  written: WrittenRows,
  balance: readonly (BalanceReport[] | undefined)[],
): ChannelReport[] {
  const sample = (channel: number, dropped: number): SampleRow[] =>
    samples.rows(channel, dropped).map((row) => ({ row, ...written.excerpts.get(row)!, score: filterLog.score[row]! }));
  return channels.map((channel, index) => {
    const all = nothing();
    const cut = nothing();
    const kept = { train: nothing(), heldOut: nothing() };
    const byReason = dropReasons.map(nothing);
    const pii = { ...(Object.fromEntries(piiKinds.map((kind) => [kind, 0])) as Record<PiiKind, number>), rows: 0 };
    let words = 0;
    let termWords = 0;
    for (let row = 0; row < filterLog.rows; row++) {
      if (filterLog.channel[row] !== index) continue;
      const bytes = filterLog.bytes[row]!;
      add(all, bytes + filterLog.cutBytes[row]!);
      if (filterLog.cutBytes[row]! > 0) add(cut, filterLog.cutBytes[row]!);
      const dropped = filterLog.dropped[row]!;
      add(dropped ? byReason[dropped - 1]! : filterLog.heldOut[row] ? kept.heldOut : kept.train, bytes);
      words += filterLog.words[row]!;
      termWords += filterLog.termDensity[row]! * filterLog.words[row]!;
      let any = 0;
      piiKinds.forEach((kind, at) => {
        const found = filterLog.pii[row * piiKinds.length + at]!;
        pii[kind] += found;
        any += found;
      });
      if (any > 0) pii.rows++;
    }
    return {
      channel,
      in: all,
      stages: stageReports(settings, all, cut, byReason, (dropped) => sample(index, dropped)),
      kept,
      cut,
      ...(balance[index] && { balance: balance[index] }),
      augmented: written.augmented[index]!,
      keptSample: sample(index, 0),
      histograms: histograms(filterLog, index),
      pii,
      termDensity: words > 0 ? termWords / words : 0,
    };
  });
}

/** `pairsEstimated`: pairs that memory did not allow to compare. */
export function notesOn(
  reports: readonly ChannelReport[],
  filterLog: FilterLog,
  settings: PipelineSettings,
  pairsEstimated: number,
): PipelineNote[] {
  const notes: PipelineNote[] = [];
  const note = (name: PipelineNote['note'], channel: string | null, count: number) => notes.push({ note: name, channel, count });
  reports.forEach(({ channel, in: all, kept }, index) => {
    if (all.rows === 0) return;
    if (kept.train.rows === 0) note('channel-emptied', channel.id, all.rows);
    else if (kept.heldOut.rows === 0) note('no-held-out', channel.id, kept.train.rows);
    if (channel.role !== 'domain' || !settings.terms.enabled) return;
    let having = 0;
    for (let row = 0; row < filterLog.rows; row++) if (filterLog.channel[row] === index && filterLog.termDensity[row]! > 0) having++;
    if (having < all.rows / 20) note('terms-foreign', channel.id, having);
  });
  const bytes = (role: PipelineChannel['role']) =>
    reports.reduce((sum, { channel, kept }) => sum + (channel.role === role ? kept.train.bytes : 0), 0);
  if (settings.sample.enabled && bytes('domain') === 0 && bytes('general') > 0) note('no-domain', null, 0);
  if (pairsEstimated > 0) note('pairs-estimated', null, pairsEstimated);
  return notes;
}

function stageReports(
  settings: PipelineSettings,
  all: Tally,
  cut: Tally,
  byReason: readonly Tally[],
  sample: (dropped: number) => SampleRow[],
): StageReport[] {
  let left = { ...all };
  return pipelineStages.map((stage) => {
    const into = left;
    const dropped = dropReasons
      .map((known, at) => ({ ...known, ...byReason[at]!, dropped: at + 1 }))
      .filter((count) => count.stage === stage && count.rows > 0)
      .sort((a, b) => b.rows - a.rows)
      .map(({ reason, rows, bytes, dropped: code }): { reason: DropReason; rows: number; bytes: number; sample: SampleRow[] } => ({
        reason,
        rows,
        bytes,
        sample: sample(code),
      }));
    left = dropped.reduce((rest, { rows, bytes }) => ({ rows: rest.rows - rows, bytes: rest.bytes - bytes }), into);
    if (stage === 'decontaminate') left = { rows: left.rows, bytes: left.bytes - cut.bytes };
    return { stage, enabled: isOn(stage, settings), in: into, kept: left, dropped };
  });
}

function isOn(stage: PipelineStage, settings: PipelineSettings): boolean {
  return settings[stage].enabled;
}

function histograms(filterLog: FilterLog, channel: number): Histogram[] {
  const counted = new Map<string, number>();
  for (let row = 0; row < filterLog.rows; row++)
    if (filterLog.channel[row] === channel) {
      const language = filterLog.languages[filterLog.language[row]!]!;
      counted.set(language, (counted.get(language) ?? 0) + 1);
    }
  const languages = [...counted.keys()].sort((a, b) => counted.get(b)! - counted.get(a)!);
  const empty: Histogram[] = [
    { name: 'words', edges: wordEdges, rows: wordEdges.slice(1).map(() => 0) },
    { name: 'score', edges: scoreEdges, rows: scoreEdges.slice(1).map(() => 0) },
    { name: 'language', languages, rows: languages.map(() => 0) },
    { name: 'duplicates', edges: clusterEdges, rows: clusterEdges.slice(1).map(() => 0) },
  ];
  for (let row = 0; row < filterLog.rows; row++) {
    if (filterLog.channel[row] !== channel) continue;
    for (const histogram of empty) {
      const bin = binOf(filterLog, histogram, row);
      if (bin >= 0) histogram.rows[bin]!++;
    }
  }
  return empty;
}

function nothing(): Tally {
  return { rows: 0, bytes: 0 };
}

function add(tally: Tally, bytes: number): void {
  tally.rows++;
  tally.bytes += bytes;
}
