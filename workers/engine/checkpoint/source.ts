/** Where the bytes of a weight file come from: memory, or a Blob (a picked File, a file of OPFS) that is read by ranges. */
import { StudioError } from '../../../src/core/errors';

export type ByteSource = Blob | Uint8Array;

export function sizeOf(source: ByteSource): number {
  return source instanceof Uint8Array ? source.byteLength : source.size;
}

/** @throws StudioError `file-unreadable` when the file went away or changed since it was chosen */
export async function readRange(file: string, source: ByteSource, begin: number, end: number): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source.subarray(begin, end);
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await source.slice(begin, end).arrayBuffer());
  } catch (error) {
    throw unreadable(file, error instanceof Error ? error.message : String(error));
  }
  if (bytes.length !== end - begin) throw unreadable(file, `${bytes.length} bytes came of ${end - begin}`);
  return bytes;
}

function unreadable(file: string, detail: string): StudioError {
  return new StudioError('file-unreadable', `${file} can no longer be read: ${detail}`, { file, detail });
}
