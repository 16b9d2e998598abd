/** The last pass: kept rows to the sink, their augmented copies with them, and the beginnings of sampled rows for the report. */
import type { FilterLog } from '../../../src/core/corpus/filter-log';
import { maskPii } from '../../../src/core/corpus/pii';
import type { Tally } from '../../../src/core/corpus/report';
import { changedText, judgedText, movedTurns, type KeptRow, type PipelineChannel } from '../../../src/core/corpus/row';
import type { PipelineSettings } from '../../../src/core/corpus/settings';
import { readRecord } from '../../../src/core/corpus/records';
import { Augmenter, type AugmentedCopy } from './augment';
import { eachBatch, type NumberedRow, type Pass } from './passes';
import type { PipelineSink } from './passes';
import { withoutPassages, normalise } from './clean';

/** Rows given to the sink at a time, at most. */
const WRITTEN = 512;
/** UTF-16 units of a sample. */
const EXCERPT = 400;

export interface WrittenRows {
  /** Beginnings of the rows that were asked for. */
  excerpts: Map<number, { source: string; line: number; excerpt: string }>;
  /** By index of the channel. */
  augmented: Tally[];
}

export interface Decided {
  filterLog: FilterLog;
  /** Of kept rows, in their channel and split. */
  positions: Uint32Array;
  /** Passages to cut, by row. */
  cuts: ReadonlyMap<number, Uint32Array>;
  /** How often each row stands in train. */
  times: Uint8Array;
}

export async function writeRows(
  pass: Pass,
  settings: PipelineSettings,
  channels: readonly PipelineChannel[],
  { filterLog, positions, cuts, times }: Decided,
  sampled: ReadonlySet<number>,
  sink: PipelineSink,
): Promise<WrittenRows> {
  const augmenter = new Augmenter(settings);
  const written: WrittenRows = { excerpts: new Map(), augmented: channels.map(() => ({ rows: 0, bytes: 0 })) };
  /** Train rows of each channel, and then those added behind them. */
  const trainRows = channels.map(() => 0);
  for (let row = 0; row < filterLog.rows; row++)
    if (filterLog.dropped[row] === 0 && filterLog.heldOut[row] === 0) trainRows[filterLog.channel[row]!]!++;
  const masks = Object.values(settings.pii.mask).includes(true);
  const encoder = new TextEncoder();
  const masked = (part: string) => (masks ? maskPii(part, settings.pii.mask) : part);
  const changed = (part: string) => masked(settings.normalise.enabled ? normalise(part) : part);

  let waiting: KeptRow[] = [];
  const flush = async () => {
    const rows = waiting;
    waiting = [];
    if (rows.length > 0) await sink.write(rows);
  };
  const keep = async ({ number, row }: NumberedRow) => {
    const cut = cuts.get(number);
    const text = cut
      ? masked(withoutPassages(settings.normalise.enabled ? normalise(row.text) : row.text, cut))
      : changedText(row, changed);
    if (sampled.has(number)) {
      const excerpt = beginning(judgedText({ text, kind: row.kind }));
      written.excerpts.set(number, { source: row.source, line: row.line, excerpt });
    }
    if (filterLog.dropped[number] !== 0) return;
    const channel = filterLog.channel[number]!;
    const kept: KeptRow = {
      row: number,
      split: filterLog.heldOut[number] ? 'heldOut' : 'train',
      text,
      channel: row.channel,
      source: row.source,
      line: row.line,
      score: filterLog.score[number]!,
      position: positions[number]!,
      augmented: null,
      pseudo: row.pseudo === true,
      turns: movedTurns(row.turns, row.text, text, changed),
      kind: row.kind,
    };
    waiting.push(kept);
    if (kept.split === 'train')
      for (let copy = 1; copy < times[number]!; copy++) waiting.push({ ...kept, position: trainRows[channel]!++ });
    // Of records only labelled texts can be changed and still be what they were.
    if (row.kind && row.kind !== 'labelled') return waiting.length >= WRITTEN ? flush() : undefined;
    if (kept.split === 'train' && (settings.augment.of === 'all' || channels[channel]!.role === 'domain'))
      for (const copy of augmentedRows(augmenter, { text, kind: row.kind }, number)) {
        const tally = written.augmented[channel]!;
        waiting.push({ ...kept, turns: undefined, text: copy.text, augmented: copy.augmented, position: trainRows[channel]!++ });
        tally.rows++;
        tally.bytes += encoder.encode(copy.text).length;
      }
    if (waiting.length >= WRITTEN) await flush();
  };
  await eachBatch(
    pass,
    1,
    (number) => filterLog.dropped[number] === 0 || sampled.has(number),
    async (batch) => {
      for (const row of batch) await keep(row);
    },
    () => undefined,
  );
  await flush();
  return written;
}

/** Copies of a text, or of a labelled text with its label. */
function augmentedRows(augmenter: Augmenter, row: Pick<KeptRow, 'text' | 'kind'>, number: number): AugmentedCopy[] {
  if (!row.kind) return augmenter.copies(row.text, number);
  const { text } = readRecord('labelled', row.text);
  return augmenter.copies(text, number).map((copy) => ({ ...copy, text: changedText(row, () => copy.text) }));
}

function beginning(text: string): string {
  if (text.length <= EXCERPT) return text;
  // Not between the halves of a surrogate pair.
  const end = /[\ud800-\udbff]/.test(text[EXCERPT - 1]!) ? EXCERPT - 1 : EXCERPT;
  return `${text.slice(0, end)}…`;
}
