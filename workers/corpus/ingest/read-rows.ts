/** Rows of any file that can be read, archives included, from its beginning or from where a former reading stopped. */
import type { StudioError } from '../../../src/core/errors';
import type { FileChoice, SkipReason } from '../../../src/contract/ingest';
import type { Archive, ArchiveEntry, UnpackBudget } from '../../archive/archive';
import { openZip } from '../../archive/zip-reader';
import { blobSource, entrySource, type ByteSource } from './byte-source';
import { readDelimited } from './delimited';
import { kindOf, STRUCTURED, emptyBatch, START, type FilePlan, type Cursor, type RowBatch, type RowReader } from './row-reader';
import { htmlText } from './html-text';
import { inspectSource } from './inspect';
import { readJson, readJsonLines } from './json';
import { readParquet } from './parquet';
import { readPlainText, readWhole } from './plain-text';

/** An archive in an archive is read; one in that one is not. */
const DEEPEST = 2;
/** What of an archive must lie in memory as a whole: a parquet file, an archive inside. */
const LARGEST_HELD = 256 * 2 ** 20;

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
export async function* readRows(source: ByteSource, plan: FilePlan, choice: FileChoice, from: ReadMark): AsyncGenerator<MarkedBatch> {
  const read: RowReader =
    plan.kind === 'zip' ? (archive, _, start) => readZip(archive, choice, start, { unpacked: 0, packed: 0 }, 1) : readerOf(plan);
  const mark = { ...from };
  // Rows after the cursor that were read before are read again and dropped.
  let { rows: knownRows, bad: knownBad } = from;
  mark.rows = mark.bad = 0;
  for await (const batch of read(source, plan, from)) {
    mark.rows += batch.rows.length;
    mark.bad += batch.bad.length;
    if (batch.cursor) Object.assign(mark, batch.cursor, { rows: 0, bad: 0 });
    const rows = knownRows > 0 ? batch.rows.slice(knownRows) : batch.rows;
    const bad = knownBad > 0 ? batch.bad.slice(knownBad) : batch.bad;
    knownRows = Math.max(0, knownRows - batch.rows.length);
    knownBad = Math.max(0, knownBad - batch.bad.length);
    yield { ...batch, rows, bad, mark: { ...mark } };
  }
}

function readerOf({ kind }: FilePlan): RowReader {
  switch (kind) {
    case 'json-lines':
      return readJsonLines;
    case 'json':
      return readJson;
    case 'csv':
    case 'tsv':
      return readDelimited;
    case 'parquet':
      return readParquet;
    case 'html':
      return readPage;
    default:
      return readPlainText;
  }
}

const readPage: RowReader = async function* (source, plan) {
  yield await readWhole(source, plan, htmlText);
};

/** A cursor's offset counts entries. */
async function* readZip(
  source: ByteSource,
  choice: FileChoice,
  from: Cursor,
  budget: UnpackBudget,
  depth: number,
): AsyncGenerator<RowBatch> {
  const archive = await openZip({ name: source.path, blob: source.blob! });
  let packed = 0;
  for (const [index, entry] of archive.entries.entries()) {
    packed += entry.packed;
    if (index < from.offset) continue;
    const cursor = { offset: index + 1, line: 1 };
    const skip = (reason: SkipReason, detail = ''): RowBatch => ({
      ...emptyBatch(source.path, packed),
      skipped: [{ path: `${source.path}/${entry.path}`, reason, detail }],
      cursor,
    });
    const reason = reasonToSkip(entry, depth);
    if (reason) {
      yield skip(reason);
      continue;
    }
    const inner = await sourceOf(archive, entry, budget);
    if (!inner) {
      yield skip('nested', `> ${LARGEST_HELD}`);
      continue;
    }
    if (kindOf(entry.path) === 'zip') {
      for await (const batch of readZip(inner, choice, START, budget, depth + 1)) yield { ...batch, done: packed, cursor: null };
      yield { ...emptyBatch(source.path, packed), cursor };
      continue;
    }
    const plan = await planInside(inner, choice);
    if ('skip' in plan) {
      yield skip(plan.skip, plan.detail);
      continue;
    }
    for await (const batch of readerOf(plan)(inner, plan, START)) yield { ...batch, done: packed, cursor: null };
    yield { ...emptyBatch(source.path, packed), cursor };
  }
}

/** A bomb is no such reason: it ends the reading of the whole archive. */
function reasonToSkip({ path, packed, fault }: ArchiveEntry, depth: number): SkipReason | null {
  if (fault?.reason === 'archive-path') return 'name';
  const kind = kindOf(path);
  if (!kind) return 'kind';
  if (fault?.reason === 'archive-encrypted') return 'encrypted';
  if (fault && fault.reason !== 'archive-bomb') return 'unreadable';
  if (packed === 0) return 'empty';
  return kind === 'zip' && depth >= DEEPEST ? 'nested' : null;
}

/** Archives and parquet need every byte at hand; null when those are too many. */
async function sourceOf(archive: Archive, entry: ArchiveEntry, budget: UnpackBudget): Promise<ByteSource | null> {
  const stream = entrySource(archive, entry, budget);
  const kind = kindOf(entry.path);
  if (kind !== 'zip' && kind !== 'parquet') return stream;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of stream.read(0)) {
    length += chunk.length;
    if (length > LARGEST_HELD) return null;
    parts.push(chunk);
  }
  return blobSource(stream.path, new Blob(parts));
}

/** The choice made for an archive holds for its files where they have the chosen field; else they are guessed each by itself. */
async function planInside(source: ByteSource, choice: FileChoice): Promise<FilePlan | { skip: SkipReason; detail: string }> {
  const kind = kindOf(source.path)!;
  let { plan, problem } = await inspectSource(source, choice);
  if (problem?.code === 'field-missing' && STRUCTURED.has(kind) && choice.textField !== undefined) {
    const { textField: _field, ...rest } = choice;
    ({ plan, problem } = await inspectSource(source, rest));
  }
  if (plan) return plan;
  if (problem?.values['reason'] === 'archive-bomb') throw problem;
  return { skip: skipReason(problem), detail: problem?.message ?? '' };
}

/** Why a file is left out, from the error that says so. */
export function skipReason(problem: StudioError | null): SkipReason {
  switch (problem?.code) {
    case 'file-unsupported':
      return 'kind';
    case 'text-empty':
      return 'empty';
    case 'file-binary':
      return 'binary';
    case 'field-missing':
      return 'no-field';
    default:
      return 'unreadable';
  }
}
