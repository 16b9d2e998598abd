/** Bytes of a file or of an archive's entry, piece by piece, so that a file larger than memory can be read. */
import type { Archive, ArchiveEntry, UnpackBudget } from '../../archive/archive';

/** Bytes read at a time. */
const SLICE = 4 * 2 ** 20;

export interface ByteSource {
  readonly path: string;
  readonly size: number;
  /** Chunks from byte `from` on. Each chunk is the reader's own. */
  read(from: number): AsyncGenerator<Uint8Array<ArrayBuffer>>;
  /** The first bytes, at most `count`. */
  head(count: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Any range: what parquet and zip need. Entries of an archive have none. */
  readonly blob: Blob | null;
}

/** The next slice is asked for while one is worked on. */
export function blobSource(path: string, blob: Blob): ByteSource {
  const slice = async (from: number) => new Uint8Array(await blob.slice(from, from + SLICE).arrayBuffer());
  return {
    path,
    size: blob.size,
    blob,
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
  return {
    path: `${archive.name}/${entry.path}`,
    size: entry.size,
    blob: null,
    async head(wanted) {
      const parts: Uint8Array<ArrayBuffer>[] = [];
      let length = 0;
      for await (const piece of archive.read(entry, budget)) {
        parts.push(piece);
        length += piece.length;
        if (length >= wanted) break;
      }
      return new Uint8Array(await new Blob(parts).slice(0, wanted).arrayBuffer());
    },
    async *read(from) {
      let at = 0;
      for await (const piece of archive.read(entry, budget)) {
        if (at + piece.length > from) yield at >= from ? piece : piece.slice(from - at);
        at += piece.length;
      }
    },
  };
}
