/** Writes GGUF files, version 3: metadata and the list of tensors first, then tensor after tensor as their values come. */
import type { Dtype } from './floats';
import { encodeGguf, GGUF_TYPES } from './gguf-quants';
import type { WritableTensor } from './write';

/** A key of the metadata with its value and type; lists are of texts, int32 or float32. */
export type GgufEntry =
  | readonly [key: string, type: 'u32' | 'f32', value: number]
  | readonly [key: string, type: 'flag', value: boolean]
  | readonly [key: string, type: 'text', value: string]
  | readonly [key: string, type: 'texts', value: readonly string[]]
  | readonly [key: string, type: 'i32s' | 'f32s', value: readonly number[]];

/** Numbers of the format for the types of values; lists have that of their entries. */
const VALUE_TYPES = { u32: 4, f32: 6, flag: 7, text: 8, texts: 8, i32s: 5, f32s: 6 } as const;
const LIST = 9;
/** "GGUF", little-endian. */
const MAGIC = 0x46554747;
const ALIGNMENT = 32;

export type GgufFormat = 'F16' | 'Q8_0';

/** `general.file_type` */
export const FILE_TYPES: Readonly<Record<GgufFormat, number>> = { F16: 1, Q8_0: 7 };

/** Bytes that grow. */
class Bytes {
  private bytes = new Uint8Array(2 ** 16);
  private view = new DataView(this.bytes.buffer);
  length = 0;

  /** Where so many bytes more go; afterwards `bytes` and `view` may be others. */
  private room(more: number): number {
    if (this.length + more > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more));
      grown.set(this.bytes);
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    this.length += more;
    return this.length - more;
  }
  u32(value: number): void {
    const at = this.room(4);
    this.view.setUint32(at, value, true);
  }
  i32(value: number): void {
    const at = this.room(4);
    this.view.setInt32(at, value, true);
  }
  f32(value: number): void {
    const at = this.room(4);
    this.view.setFloat32(at, value, true);
  }
  u64(value: number): void {
    const at = this.room(8);
    this.view.setBigUint64(at, BigInt(value), true);
  }
  flag(value: boolean): void {
    const at = this.room(1);
    this.view.setUint8(at, Number(value));
  }
  text(value: string): void {
    const bytes = utf8.encode(value);
    this.u64(bytes.length);
    const at = this.room(bytes.length);
    this.bytes.set(bytes, at);
  }
  /** All of them, filled up with zeros to the alignment. */
  aligned(): Uint8Array {
    this.room(padding(this.length));
    return this.bytes.subarray(0, this.length);
  }
}
const utf8 = new TextEncoder();
const padding = (bytes: number): number => (ALIGNMENT - (bytes % ALIGNMENT)) % ALIGNMENT;

function writeEntry(into: Bytes, entry: GgufEntry): void {
  const [key, type, value] = entry;
  into.text(key);
  const list = type === 'texts' || type === 'i32s' || type === 'f32s';
  if (list) {
    into.u32(LIST);
    into.u32(VALUE_TYPES[type]);
    into.u64(value.length);
  } else into.u32(VALUE_TYPES[type]);
  switch (type) {
    case 'u32':
      return into.u32(value);
    case 'f32':
      return into.f32(value);
    case 'flag':
      return into.flag(value);
    case 'text':
      return into.text(value);
    case 'texts':
      return value.forEach((one) => into.text(one));
    case 'i32s':
      return value.forEach((one) => into.i32(one));
    case 'f32s':
      return value.forEach((one) => into.f32(one));
  }
}

/**
 * The type of a tensor in a file of the format, as llama.cpp's converter chooses it: float32 for what has one axis, norms and learned
 * positions; float16 where rows cannot be cut into the format's blocks.
 */
export function tensorFormat(format: GgufFormat, name: string, shape: readonly number[]): Dtype | 'Q8_0' {
  if (shape.length < 2 || name.endsWith('_norm.weight') || name === 'position_embd.weight') return 'F32';
  return shape.at(-1)! % GGUF_TYPES[format].block === 0 ? format : 'F16';
}

/** A file in the given order of tensors: how many bytes it will have, and the bytes themselves, as they are asked for. */
export function ggufStream(
  entries: readonly GgufEntry[],
  tensors: readonly WritableTensor[],
  format: GgufFormat,
): { bytes: number; chunks(): AsyncGenerator<Uint8Array> } {
  const head = new Bytes();
  head.u32(MAGIC);
  head.u32(3);
  head.u64(tensors.length);
  head.u64(entries.length);
  for (const entry of entries) writeEntry(head, entry);
  let data = 0;
  const planned = tensors.map((tensor) => {
    const type = tensorFormat(format, tensor.name, tensor.shape);
    const { id, block, bytes } = GGUF_TYPES[type];
    head.text(tensor.name);
    head.u32(tensor.shape.length);
    for (const side of tensor.shape.toReversed()) head.u64(side);
    head.u32(id);
    head.u64(data);
    const length = (tensor.shape.reduce((product, side) => product * side, 1) / block) * bytes;
    data += length + padding(length);
    return { tensor, type, length };
  });
  const first = head.aligned();
  return {
    bytes: first.length + data,
    async *chunks() {
      yield first;
      for (const { tensor, type, length } of planned) {
        for await (const values of tensor.pieces()) yield encodeGguf(values, type);
        if (padding(length) > 0) yield new Uint8Array(padding(length));
      }
    },
  };
}
