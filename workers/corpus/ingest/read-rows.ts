/** Rows of any file that can be read, archives included, from its beginning or from where a former reading stopped. */
import type { FileChoice } from '../../../src/contract/ingest';
import { isTorn } from '../../archive/unpack';
import type { ByteSource } from './byte-source';
import { BudgetSpent } from './dataset-bytes';
import { openable, readArchive } from './read-archives';
import { readerOf } from './reader-of';
import { emptyBatch, START, type Cursor, type FilePlan, type RowBatch } from './row-reader';

/** How far a file was read: a cursor, and the rows after it that were read already. */
export interface ReadMark extends Cursor {
  rows: number;
  bad: number;
}
export const BEGINNING: ReadMark = { ...START, rows: 0, bad: 0 };

export interface MarkedBatch extends RowBatch {
  /** Reading on from here gives exactly what comes after this batch. */
  mark: ReadMark;
}

/** @param choice also what is inside an archive is read by it */
export async function* readRows(file: ByteSource, plan: FilePlan, choice: FileChoice, from: ReadMark): AsyncGenerator<MarkedBatch> {
  const source = (await openable(file))!;
  const batches = plan.kind === 'zip' || plan.kind === 'tar' ? readArchive(source, plan, choice, from) : readerOf(plan)(source, plan, from);
  const mark = { ...from };
  // Rows after the cursor that were read before are read again and dropped.
  let { rows: knownRows, bad: knownBad } = from;
  mark.rows = mark.bad = 0;
  for await (const batch of source.remote
    ? withoutTorn(keptBefore(batches, source, from), source, plan)
    : keptBefore(batches, source, from)) {
    mark.rows += batch.rows.length;
    mark.bad += batch.bad.length;
    if (batch.cursor) Object.assign(mark, batch.cursor, { rows: 0, bad: 0 });
    const rows = knownRows > 0 ? batch.rows.slice(knownRows) : batch.rows;
    const bad = knownBad > 0 ? batch.bad.slice(knownBad) : batch.bad;
    knownRows = Math.max(0, knownRows - batch.rows.length);
    knownBad = Math.max(0, knownBad - batch.bad.length);
    // Of a packed file the bytes that were read are those of the file as it lies.
    yield { ...batch, rows, bad, done: source.packed?.done() ?? batch.done, mark: { ...mark } };
  }
}

/** The rows that stand before the place where a packed file is damaged or cut are kept, and the place is told. */
async function* keptBefore(batches: AsyncGenerator<RowBatch>, source: ByteSource, from: ReadMark): AsyncGenerator<RowBatch> {
  let last = from.line - 1 + from.rows;
  try {
    for await (const batch of batches) {
      last = batch.rows.at(-1)?.line ?? last;
      yield batch;
    }
  } catch (error) {
    if (last === 0 || !isTorn(error)) throw error;
    yield { ...emptyBatch(source.path, source.size), bad: [{ line: last + 1, reason: 'torn', detail: String(error.values['detail']) }] };
  }
}

/** Where a stream ends because no more may be fetched, its last row is torn and is none. */
async function* withoutTorn(batches: AsyncGenerator<RowBatch>, source: ByteSource, plan: FilePlan): AsyncGenerator<RowBatch> {
  let last: RowBatch | null = null;
  try {
    for await (const batch of batches) {
      if (last) yield last;
      last = batch;
    }
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error;
    source.remote!.state.spent = true;
  }
  if (!last) return;
  if (source.remote!.state.spent && plan.kind !== 'parquet') {
    // Behind a quote that nothing closes what follows is no row either.
    const open = last.bad.find(({ reason }) => reason === 'quote')?.line ?? Infinity;
    const end = Math.min(open, Math.max(last.rows.at(-1)?.line ?? 0, last.bad.at(-1)?.line ?? 0));
    last = { ...last, rows: last.rows.filter(({ line }) => line < end), bad: last.bad.filter(({ line }) => line < end) };
  }
  yield last;
}
