/** Rows of all files in an archive, those that lie in an archive inside it included. A cursor's offset counts entries. */
import type { FileChoice, SkipReason } from '../../../src/contract/ingest';
import type { ArchiveEntry, UnpackBudget } from '../../archive/archive';
import { ByteReader } from '../../archive/byte-reader';
import { tarEntries, tarFile, type TarEntry, type TarInput } from '../../archive/tar-reader';
import { isTorn } from '../../archive/unpack';
import { openZip } from '../../archive/zip-reader';
import { blobSource, entrySource, held, skipped, unpacked, type ByteSource } from './byte-source';
import { inspectSource } from './inspect';
import { readerOf } from './reader-of';
import {
  emptyBatch,
  isNamedPacked,
  kindOf,
  NEED_ALL,
  shorten,
  skipReason,
  START,
  STRUCTURED,
  type Cursor,
  type FilePlan,
  type RowBatch,
} from './row-reader';

/** An archive in an archive is read; one in that one is not. */
const DEEPEST = 2;
/** What of an archive must lie in memory as a whole: a parquet file, a document, an archive inside. */
const LARGEST_HELD = 256 * 2 ** 20;
/** Entries of a packed tar up to this size are held, so that they can be read more than once. */
const HELD_ENTRY = 16 * 2 ** 20;

interface Nesting {
  choice: FileChoice;
  budget: UnpackBudget;
  /** 1 for the file itself. */
  depth: number;
}

export function readArchive(source: ByteSource, plan: FilePlan, choice: FileChoice, from: Cursor): AsyncGenerator<RowBatch> {
  const nesting = { choice, budget: { unpacked: 0, packed: 0 }, depth: 1 };
  return plan.kind === 'zip' ? readZip(source, from, nesting) : readTar(source, from, nesting);
}

async function* readZip(source: ByteSource, from: Cursor, nesting: Nesting): AsyncGenerator<RowBatch> {
  const archive = await openZip({ name: source.path, blob: source.blob! });
  let done = 0;
  for (const [index, entry] of archive.entries.entries()) {
    done += entry.packed;
    if (index < from.offset) continue;
    for await (const batch of readEntry(source, entry, () => entrySource(archive, entry, nesting.budget), nesting))
      yield { ...batch, done, cursor: null };
    yield { ...emptyBatch(source.path, done), cursor: { offset: index + 1, line: 1 } };
  }
}

/** One document a file, where nobody said otherwise: that is what tars of texts hold. */
async function* readTar(source: ByteSource, from: Cursor, nesting: Nesting): AsyncGenerator<RowBatch> {
  const reader = source.blob ? null : new ByteReader(source.read(0));
  const input: TarInput = reader ?? tarFile(source.blob!);
  const choice: FileChoice = { ...nesting.choice, documentSeparator: nesting.choice.documentSeparator ?? 'whole-file' };
  let index = 0;
  try {
    for await (const entry of tarEntries(source.path, input)) {
      if (index++ < from.offset) continue;
      const content = () =>
        reader
          ? tarSource(source, entry, reader)
          : blobSource(pathIn(source, entry), source.blob!.slice(entry.offset, entry.offset + entry.size));
      for await (const batch of readEntry(source, entry, content, { ...nesting, choice }))
        yield { ...batch, done: input.offset, cursor: null };
      yield { ...emptyBatch(source.path, input.offset), cursor: { offset: index, line: 1 } };
    }
  } catch (error) {
    // What came before the place where it is torn stays.
    if (index === 0 || !isTorn(error)) throw error;
    yield { ...emptyBatch(source.path, input.offset), bad: [{ line: index + 1, reason: 'torn', detail: String(error.values['detail']) }] };
  } finally {
    await reader?.close();
  }
}

const pathIn = (source: ByteSource, entry: ArchiveEntry): string => `${source.path}/${entry.path}`;

/**
 * An entry of a tar that comes as a stream. Small ones are held. Of a large one the first reading takes the stream; any later one
 * unpacks the tar again up to its place.
 */
async function tarSource(source: ByteSource, entry: TarEntry, reader: ByteReader): Promise<ByteSource> {
  const path = pathIn(source, entry);
  if (entry.size <= HELD_ENTRY) return blobSource(path, new Blob([await reader.read(entry.size)]));
  let first: Uint8Array<ArrayBuffer> | null = await reader.read(HELD_ENTRY);
  const head = new Blob([first]);
  async function* again(from: number) {
    let left = entry.size - from;
    for await (const piece of source.read(entry.offset + from)) {
      yield piece.length > left ? piece.slice(0, left) : piece;
      left -= piece.length;
      if (left <= 0) return;
    }
  }
  async function* stream(begin: Uint8Array<ArrayBuffer>) {
    yield begin;
    yield* reader.pieces(entry.size - begin.length);
  }
  return {
    path,
    size: entry.size,
    blob: null,
    head: async (count) => new Uint8Array(await head.slice(0, count).arrayBuffer()),
    read(from) {
      if (first === null) return again(from);
      const begin = first;
      first = null;
      return skipped(stream(begin), from);
    },
  };
}

async function* readEntry(
  archive: ByteSource,
  entry: ArchiveEntry,
  open: () => ByteSource | Promise<ByteSource>,
  nesting: Nesting,
): AsyncGenerator<RowBatch> {
  const skip = (reason: SkipReason, detail = ''): RowBatch => ({
    ...emptyBatch(archive.path, 0),
    skipped: [{ path: pathIn(archive, entry), reason, detail }],
  });
  const reason = reasonToSkip(entry, nesting.depth);
  const inner = reason ? null : await openable(await open());
  if (!inner) {
    yield reason ? skip(reason) : skip('nested', `> ${LARGEST_HELD}`);
    return;
  }
  const kind = kindOf(entry.path);
  const deeper = { ...nesting, depth: nesting.depth + 1 };
  if (kind === 'zip' || kind === 'tar') {
    yield* kind === 'zip' ? readZip(inner, START, deeper) : readTar(inner, START, deeper);
    return;
  }
  const plan = await planInside(inner, nesting.choice);
  if ('skip' in plan) {
    yield skip(plan.skip, plan.detail);
    return;
  }
  try {
    yield* readerOf(plan)(inner, plan, START);
  } catch (error) {
    if (!isTorn(error) || !inner.packed) throw error;
    yield { ...emptyBatch(inner.path, 0), bad: [{ line: 1, reason: 'torn', detail: shorten(String(error.values['detail'])) }] };
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
  return (kind === 'zip' || kind === 'tar') && depth >= DEEPEST ? 'nested' : null;
}

/** The source unpacked, and with every byte at hand where zips, parquet and documents need it; null when those are too many. */
export async function openable(packed: ByteSource): Promise<ByteSource | null> {
  const source = await unpacked(packed);
  const kind = kindOf(source.path);
  if (source.blob || kind === null || !NEED_ALL.has(kind) || (kind === 'parquet' && source.slice)) return source;
  const blob = await held(source, LARGEST_HELD);
  return blob && blobSource(source.path, blob);
}

/** The choice made for an archive holds for its files where they have the chosen field; else they are guessed each by itself. */
async function planInside(source: ByteSource, choice: FileChoice): Promise<FilePlan | { skip: SkipReason; detail: string }> {
  const kind = kindOf(source.path)!;
  let { plan, problem } = await inspectSource(source, choice);
  if (
    problem?.code === 'field-missing' &&
    (STRUCTURED.has(kind) || isNamedPacked(source.path)) &&
    (choice.textField !== undefined || choice.join || choice.records)
  ) {
    const { textField: _field, join: _join, template: _template, records: _records, labelField: _label, ...rest } = choice;
    ({ plan, problem } = await inspectSource(source, rest));
  }
  if (plan) return plan;
  if (problem?.values['reason'] === 'archive-bomb') throw problem;
  return { skip: skipReason(problem), detail: problem?.message ?? '' };
}
