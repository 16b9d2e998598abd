/** Bytes of a file by slices, so that a file larger than memory can be read; the next slice is asked for while one is worked on. */

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
