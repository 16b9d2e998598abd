/**
 * Unpacks Zstandard (RFC 8878) as a stream: frames one after the other, skippable ones left out, check sums compared. fzstd, loaded when
 * first needed, unpacks the blocks of a frame; what parts them is followed here, for the place of a fault and for the frame's window,
 * which is memory.
 */
import { createXXHash64 } from 'hash-wasm';
import type { ByteReader } from './byte-reader';
import type { PackedFault } from './unpack';

const FRAME = 0xfd2f_b528;
const SKIPPABLE = 0x184d_2a50;
/** What `zstd --long` writes, and the most that zstd itself unpacks unless told otherwise. */
const LARGEST_WINDOW = 2 ** 27;
const LARGEST_BLOCK = 2 ** 17;
const RLE = 1;
const RESERVED = 3;

interface Frame {
  header: Uint8Array<ArrayBuffer>;
  /** Bytes of the content, where the frame tells them. */
  size: number | null;
  checked: boolean;
}

/** @param fault makes the error for what is wrong at the reader's place */
export async function* unzstd(packed: ByteReader, fault: PackedFault): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { Decompress } = await import('fzstd');
  const sum = await createXXHash64();
  for (let frames = 0; ; frames++) {
    const magic = await packed.read(4);
    if (magic.length === 0 && frames > 0) return;
    if (magic.length < 4) throw fault('archive-cut');
    const kind = view(magic).getUint32(0, true);
    if (kind >>> 4 === SKIPPABLE >>> 4) {
      const length = await exactly(packed, 4, fault);
      const bytes = view(length).getUint32(0, true);
      if ((await packed.skip(bytes)) < bytes) throw fault('archive-cut');
      continue;
    }
    if (kind !== FRAME) throw fault(frames > 0 ? 'archive-trailing' : 'archive-corrupt');
    const frame = await readHeader(packed, magic, fault);
    let unpacked: Uint8Array<ArrayBuffer>[] = [];
    const decompress = new Decompress((piece) => unpacked.push(piece as Uint8Array<ArrayBuffer>));
    decompress.push(frame.header);
    sum.init();
    let size = 0;
    for (let last = false; !last;) {
      const header = await exactly(packed, 3, fault);
      const bits = header[0]! | (header[1]! << 8) | (header[2]! << 16);
      last = (bits & 1) === 1;
      const type = (bits >> 1) & 3;
      const length = type === RLE ? 1 : bits >> 3;
      if (type === RESERVED || length > LARGEST_BLOCK) throw fault('archive-corrupt');
      const block = new Uint8Array(3 + length);
      block.set(header);
      block.set(await exactly(packed, length, fault), 3);
      try {
        decompress.push(block);
      } catch {
        throw fault('archive-corrupt');
      }
      for (const piece of unpacked) {
        if (piece.length === 0) continue;
        size += piece.length;
        if (frame.checked) sum.update(piece);
        yield piece;
      }
      unpacked = [];
    }
    if (frame.size !== null && size !== frame.size) throw fault('archive-corrupt');
    if (frame.checked && view(await exactly(packed, 4, fault)).getUint32(0, true) !== parseInt(sum.digest('hex').slice(-8), 16))
      throw fault('archive-corrupt');
  }
}

async function readHeader(packed: ByteReader, magic: Uint8Array, fault: PackedFault): Promise<Frame> {
  const [flags] = (await exactly(packed, 1, fault)) as unknown as [number];
  const single = (flags & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3]!;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][flags >> 6]!;
  const rest = await exactly(packed, (single ? 0 : 1) + dictionaryBytes + sizeBytes, fault);
  const fields = view(rest);
  if ((flags & 8) !== 0) throw fault('archive-corrupt');
  let at = single ? 0 : 1;
  if (rest.subarray(at, at + dictionaryBytes).some((byte) => byte !== 0)) throw fault('archive-dictionary');
  at += dictionaryBytes;
  const size = [
    () => (single ? fields.getUint8(at) : null),
    () => fields.getUint16(at, true) + 256,
    () => fields.getUint32(at, true),
    () => Number(fields.getBigUint64(at, true)),
  ][flags >> 6]!();
  const window = single ? size! : 2 ** (10 + (rest[0]! >> 3)) * (1 + (rest[0]! & 7) / 8);
  if (window > LARGEST_WINDOW) throw fault('archive-window', { found: window, most: LARGEST_WINDOW });
  return { header: new Uint8Array([...magic, flags, ...rest]), size, checked: (flags & 4) !== 0 };
}

async function exactly(packed: ByteReader, count: number, fault: PackedFault): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await packed.read(count);
  if (bytes.length < count) throw fault('archive-cut');
  return bytes;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
