/** A zip as a Blob, file by file: parts are handed to the browser as they grow, and it may keep them on the disk. */
import { Zip, ZipDeflate, ZipPassThrough } from 'fflate';
import { StudioError } from '../../src/core/errors';

export interface ZipEntry {
  name: string;
  /** At hand, or as they come. */
  bytes: Uint8Array | AsyncIterable<Uint8Array>;
  /** Weights hardly shrink and take long: they are stored as they are. */
  stored: boolean;
}

/** Bytes between two reports; large chunks go in pieces of this size. */
const PIECE_BYTES = 4 * 2 ** 20;
const PART_BYTES = 8 * 2 ** 20;
/** fflate writes the 32-bit fields alone. */
export const LARGEST_ZIP = 2 ** 32 - 2 ** 20;

/**
 * @param modified time stamp of the entries
 * @param onBytes bytes read so far; what it throws ends the work
 * @throws StudioError `zip-too-large`
 */
export async function zipBlob(entries: AsyncIterable<ZipEntry>, modified: Date, onBytes: (bytes: number) => void): Promise<Blob> {
  const parts: Blob[] = [];
  let open: Uint8Array<ArrayBuffer>[] = [];
  let openBytes = 0;
  const closePart = () => {
    parts.push(new Blob(open));
    open = [];
    openBytes = 0;
  };
  let failure: Error | null = null;
  const zip = new Zip((error, chunk) => {
    if (error) failure = error;
    open.push(chunk);
    openBytes += chunk.length;
  });
  let done = 0;
  for await (const { name, bytes, stored } of entries) {
    const file = stored ? new ZipPassThrough(name) : new ZipDeflate(name, { level: 6 });
    file.mtime = modified;
    zip.add(file);
    for await (const piece of pieces(bytes)) {
      // A copy: the archive keeps what it stores, and a view would keep all of the memory behind it.
      file.push(piece.slice());
      onBytes((done += piece.length));
      if (openBytes >= PART_BYTES) closePart();
    }
    file.push(new Uint8Array(), true);
  }
  zip.end();
  if (failure) throw failure as Error;
  closePart();
  const blob = new Blob(parts, { type: 'application/zip' });
  if (blob.size > LARGEST_ZIP) throw zipTooLarge(blob.size);
  return blob;
}

export function zipTooLarge(bytes: number): StudioError {
  return new StudioError('zip-too-large', `The zip would have ${bytes} bytes, more than ${LARGEST_ZIP}`, { bytes, limit: LARGEST_ZIP });
}

async function* pieces(bytes: ZipEntry['bytes']): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes instanceof Uint8Array ? [bytes] : bytes)
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES);
}
