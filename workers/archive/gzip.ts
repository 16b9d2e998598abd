/**
 * Unpacks gzip (RFC 1952) as a stream, with all of its members: the platform's DecompressionStream takes the first one only. pako is
 * loaded when first needed; it checks every member's CRC-32 and length.
 */
import type { ByteReader } from './byte-reader';
import type { PackedFault } from './unpack';

/** Bytes given out at a time, the last excepted; at most this many are unpacked before somebody looks at them. */
const PIECE = 2 ** 20;
/** zlib's windowBits for a window of 32 KiB in a gzip wrapper. */
const GZIP = 15 + 16;

/** @param fault makes the error for what is wrong at the reader's place */
export async function* gunzip(packed: ByteReader, fault: PackedFault): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { ZStream, zlibInflateInit2, zlibInflateReset, zlibInflate, Z_NO_FLUSH, Z_OK, Z_STREAM_END, Z_BUF_ERROR } = await import('pako');
  const stream = new ZStream();
  zlibInflateInit2(stream, GZIP);
  let output = new Uint8Array(PIECE);
  let filled = 0;
  /** Whether a member is open, and whether any was. */
  let open = false;
  let members = 0;
  for (let chunk = await packed.some(); chunk; chunk = await packed.some()) {
    Object.assign(stream, { input: chunk, next_in: 0, avail_in: chunk.length });
    while (stream.avail_in > 0 || filled === PIECE) {
      if (!open) {
        // Tapes and some writers fill a file up with zeros; gzip leaves them out as well.
        const next = chunk.subarray(stream.next_in).findIndex((byte) => byte !== 0);
        if (members > 0 && next !== 0) {
          if (next < 0) break;
          Object.assign(stream, { next_in: stream.next_in + next, avail_in: stream.avail_in - next });
        }
        if (members > 0) zlibInflateReset(stream);
        open = true;
      }
      Object.assign(stream, { output, next_out: filled, avail_out: PIECE - filled });
      const state = zlibInflate(stream, Z_NO_FLUSH);
      filled = stream.next_out;
      if (state !== Z_OK && state !== Z_STREAM_END && state !== Z_BUF_ERROR) {
        if (filled > 0) yield output.subarray(0, filled);
        packed.back(chunk.subarray(stream.next_in));
        throw fault(members > 0 && stream.total_out === 0 ? 'archive-trailing' : 'archive-corrupt');
      }
      if (filled === PIECE) {
        yield output;
        output = new Uint8Array(PIECE);
        filled = 0;
      }
      if (state === Z_STREAM_END) {
        members++;
        open = false;
      } else if (state === Z_BUF_ERROR && stream.avail_in === 0) break;
    }
  }
  if (filled > 0) yield output.subarray(0, filled);
  if (open || members === 0) throw fault('archive-cut');
}
