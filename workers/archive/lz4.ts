/**
 * Unpacks an LZ4 frame that lies in memory, as Arrow's compressed buffers are: blocks may refer to those before them. Check sums are not
 * compared. Formats: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md
 */
const MAGIC = 0x184d_2204;
const UNCOMPRESSED = 0x8000_0000;
/** Bytes of the shortest copy. */
const SHORTEST = 4;

/** @param size bytes that it unpacks to @throws RangeError where it does not */
export function unpackLz4Frame(frame: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw new RangeError('No LZ4 frame');
  const flags = view.getUint8(4);
  const [contentSize, blockSums, dictionary] = [(flags & 8) !== 0, (flags & 16) !== 0, (flags & 1) !== 0];
  if (dictionary) throw new RangeError('LZ4 frame with a dictionary');
  const output = new Uint8Array(size);
  let filled = 0;
  for (let at = 7 + (contentSize ? 8 : 0); ;) {
    const head = view.getUint32(at, true);
    at += 4;
    if (head === 0) break;
    const length = head & ~UNCOMPRESSED;
    const block = frame.subarray(at, at + length);
    if (block.length < length) throw new RangeError('LZ4 frame is cut');
    if ((head & UNCOMPRESSED) === 0) filled = unpackBlock(block, output, filled);
    else {
      output.set(block, filled);
      filled += length;
    }
    at += length + (blockSums ? 4 : 0);
  }
  if (filled !== size) throw new RangeError(`LZ4 frame of ${filled} bytes, not ${size}`);
  return output;
}

/** @returns bytes of the output that are filled after the block */
function unpackBlock(block: Uint8Array, output: Uint8Array, start: number): number {
  let filled = start;
  let at = 0;
  /** A length of 15 goes on in the bytes that follow, as long as they are 255. */
  const length = (bits: number): number => {
    let total = bits;
    if (bits === 15)
      for (let byte = 255; byte === 255; total += byte) {
        byte = block[at++] ?? NaN;
        if (Number.isNaN(byte)) throw new RangeError('LZ4 block is cut');
      }
    return total;
  };
  while (at < block.length) {
    const token = block[at++]!;
    const literals = length(token >> 4);
    if (at + literals > block.length) throw new RangeError('LZ4 block is cut');
    output.set(block.subarray(at, at + literals), filled);
    at += literals;
    filled += literals;
    // The last sequence has literals alone.
    if (at >= block.length) break;
    const distance = block[at]! | (block[at + 1]! << 8);
    at += 2;
    const copied = length(token & 15) + SHORTEST;
    if (distance === 0 || distance > filled || filled + copied > output.length) throw new RangeError('LZ4 copy out of bounds');
    // What is copied may overlap what it is copied to.
    if (distance >= copied) output.copyWithin(filled, filled - distance, filled - distance + copied);
    else for (let byte = 0; byte < copied; byte++) output[filled + byte] = output[filled + byte - distance]!;
    filled += copied;
  }
  return filled;
}
