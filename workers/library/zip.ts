/** A zip as a Blob, file by file: only the parts are held, and the browser may put those on the disk. */
import { Zip, ZipDeflate, ZipPassThrough } from 'fflate';

export interface ZipEntry {
  name: string;
  bytes: Uint8Array;
  /** Weights hardly shrink and take long: they are stored as they are. */
  stored: boolean;
}

/** Bytes between two reports; large files go in pieces of this size. */
const PIECE = 1 << 22;

/** @param onBytes bytes read so far @param modified time stamp of the entries */
export async function zipBlob(entries: AsyncIterable<ZipEntry>, modified: Date, onBytes: (bytes: number) => void): Promise<Blob> {
  const parts: BlobPart[] = [];
  let failure: Error | null = null;
  const zip = new Zip((error, chunk) => {
    if (error) failure = error;
    else parts.push(chunk);
  });
  let done = 0;
  for await (const { name, bytes, stored } of entries) {
    const file = stored ? new ZipPassThrough(name) : new ZipDeflate(name, { level: 6 });
    file.mtime = modified;
    zip.add(file);
    for (let at = 0; at < bytes.length || at === 0; at += PIECE) {
      const end = Math.min(bytes.length, at + PIECE);
      // A copy: the archive keeps its chunks, and a view would keep the whole file with each.
      file.push(bytes.slice(at, end), end === bytes.length);
      onBytes((done += end - at));
    }
  }
  zip.end();
  if (failure) throw failure as Error;
  return new Blob(parts, { type: 'application/zip' });
}
