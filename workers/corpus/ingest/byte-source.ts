/** Bytes of a file or of an archive's entry, piece by piece, so that a file larger than memory can be read. */
import type { Packing } from '../../../src/contract/ingest';
import type { Archive, ArchiveEntry, UnpackBudget } from '../../archive/archive';
import { isTorn, packingOf, unpack } from '../../archive/unpack';

/** Bytes read at a time. */
const SLICE = 4 * 2 ** 20;

export interface ByteSource {
  readonly path: string;
  /** Of a packed file those that it has packed. */
  readonly size: number;
  /** Chunks from byte `from` on. Each chunk is the reader's own. */
  read(from: number): AsyncGenerator<Uint8Array<ArrayBuffer>>;
  /** The first bytes, at most `count`; fewer only where the file has no more. */
  head(count: number): Promise<Uint8Array<ArrayBuffer>>;
  /** All of it: what zips and documents need. Entries of an archive, packed files and those at a hub have none. */
  readonly blob: Blob | null;
  /** Any range, where bytes lie in a file or at a hub: what parquet needs. */
  readonly slice?: (from: number, to: number) => Promise<ArrayBuffer>;
  /** Of a file at a hub: bytes that may still be fetched, and whether reading ended because there were none. */
  readonly remote?: { readonly left: number; readonly looking: boolean; readonly state: { spent: boolean } };
  /** Of a packed file: how, and how many of its bytes were read so far. */
  readonly packed?: { packing: Packing; done: () => number };
}

/** The next slice is asked for while one is worked on. */
export function blobSource(path: string, blob: Blob): ByteSource {
  const slice = async (from: number) => new Uint8Array(await blob.slice(from, from + SLICE).arrayBuffer());
  return {
    path,
    size: blob.size,
    blob,
    slice: (from, to) => blob.slice(from, to).arrayBuffer(),
    head: async (count) => new Uint8Array(await blob.slice(0, count).arrayBuffer()),
    async *read(from) {
      let next = from < blob.size ? slice(from) : null;
      for (let at = from; next;) {
        const chunk = await next;
        at += chunk.length;
        next = at < blob.size && chunk.length > 0 ? slice(at) : null;
        // A reader that stops early must not leave a rejection that nobody hears.
        next?.catch(() => undefined);
        yield chunk;
      }
    },
  };
}

/** An entry of an archive, which can only be read from its beginning on. */
export function entrySource(archive: Archive, entry: ArchiveEntry, budget: UnpackBudget): ByteSource {
  const pieces = () => archive.read(entry, budget);
  return {
    path: `${archive.name}/${entry.path}`,
    size: entry.size,
    blob: null,
    head: (wanted) => headOf(pieces(), wanted),
    read: (from) => skipped(pieces(), from),
  };
}

/** What is packed in a file by itself, told by its first bytes; another file as it is. */
export async function unpacked(source: ByteSource): Promise<ByteSource> {
  const packing = source.packed || source.size === 0 ? null : packingOf(await source.head(4));
  if (!packing) return source;
  let done = 0;
  const pieces = () => unpack({ name: source.path, size: source.size }, source.read(0), packing, (bytes) => (done = bytes));
  return {
    path: source.path,
    size: source.size,
    blob: null,
    head: (wanted) => headOf(pieces(), wanted),
    read: (from) => skipped(pieces(), from),
    packed: { packing, done: () => done },
    ...(source.remote && { remote: source.remote }),
  };
}

/** The first bytes of a stream; those before the place where it is torn. */
async function headOf(pieces: AsyncGenerator<Uint8Array<ArrayBuffer>>, wanted: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  try {
    for await (const piece of pieces) {
      parts.push(piece);
      length += piece.length;
      if (length >= wanted) break;
    }
  } catch (error) {
    if (length === 0 || !isTorn(error)) throw error;
  }
  return new Uint8Array(await new Blob(parts).slice(0, wanted).arrayBuffer());
}

/** A stream that can only be read from its beginning on, from byte `from` on. */
export async function* skipped(pieces: AsyncGenerator<Uint8Array<ArrayBuffer>>, from: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let at = 0;
  for await (const piece of pieces) {
    if (at + piece.length > from) yield at >= from ? piece : piece.slice(from - at);
    at += piece.length;
  }
}

/** All bytes of a source in memory; null when they are more than `most`. */
export async function held(source: ByteSource, most: number): Promise<Blob | null> {
  if (source.blob) return source.blob;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of source.read(0)) {
    length += chunk.length;
    if (length > most) return null;
    parts.push(chunk);
  }
  return new Blob(parts);
}
