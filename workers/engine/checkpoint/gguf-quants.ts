/**
 * The number types of GGUF files (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). A quantised row is cut into blocks of 32
 * or 256 values with a scale of their own. Values are what ggml and PyPI's `gguf` compute in float32, bit for bit: the products of a
 * float16 scale with small integers are exact, so only the last sum rounds.
 */
import { decodeFloats, encodeFloats, fromFloat16, isDtype, toFloat16, type Dtype } from './floats';

/** Writes the values of whole blocks into `into`. */
type Decode = (bytes: Uint8Array, into: Float32Array) => void;

interface GgufType {
  /** As the header has it. */
  id: number;
  /** Values in a block, which are neighbours in a row. */
  block: number;
  /** Bytes of a block. */
  bytes: number;
  /** Null for the float types. */
  decode: Decode | null;
}

/** Calls `each` with the first byte of each block and the place of its first value. */
const inBlocks =
  (bytesPer: number, values: number, each: (bytes: Uint8Array, at: number, into: Float32Array, out: number) => void): Decode =>
  (bytes, into) => {
    for (let at = 0, out = 0; at < bytes.length; at += bytesPer, out += values) each(bytes, at, into, out);
  };

const half = (bytes: Uint8Array, at: number): number => fromFloat16(bytes[at]! | (bytes[at + 1]! << 8));
const word = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
const signed = (byte: number): number => (byte << 24) >> 24;

/** Blocks of 32 with 4 or 5 bits a value: scale, minimum where there is one, fifth bits where there are, then two values a byte. */
function decodeNibbles(minimum: boolean, fifth: boolean): Decode {
  const bitsAt = minimum ? 4 : 2;
  const valuesAt = bitsAt + (fifth ? 4 : 0);
  const zero = minimum ? 0 : fifth ? 16 : 8;
  return inBlocks(valuesAt + 16, 32, (bytes, at, into, out) => {
    const scale = half(bytes, at);
    const least = minimum ? half(bytes, at + 2) : 0;
    const bits = fifth ? word(bytes, at + bitsAt) : 0;
    for (let index = 0; index < 16; index += 1) {
      const pair = bytes[at + valuesAt + index]!;
      const low = (pair & 15) | (((bits >>> index) & 1) << 4);
      const high = (pair >> 4) | (((bits >>> (index + 16)) & 1) << 4);
      into[out + index] = minimum ? scale * low + least : scale * (low - zero);
      into[out + index + 16] = minimum ? scale * high + least : scale * (high - zero);
    }
  });
}

const decodeQ8: Decode = inBlocks(34, 32, (bytes, at, into, out) => {
  const scale = half(bytes, at);
  for (let index = 0; index < 32; index += 1) into[out + index] = scale * signed(bytes[at + 2 + index]!);
});

const decodeQ2K: Decode = inBlocks(84, 256, (bytes, at, into, out) => {
  const [scale, least] = [half(bytes, at + 80), half(bytes, at + 82)];
  for (let group = 0; group < 16; group += 1) {
    const packed = bytes[at + group]!;
    const [step, minimum] = [scale * (packed & 15), least * (packed >> 4)];
    const from = at + 16 + (group >> 3) * 32 + (group & 1) * 16;
    const shift = ((group >> 1) & 3) * 2;
    for (let index = 0; index < 16; index += 1) into[out + group * 16 + index] = step * ((bytes[from + index]! >> shift) & 3) - minimum;
  }
});

const decodeQ3K: Decode = inBlocks(110, 256, (bytes, at, into, out) => {
  const scale = half(bytes, at + 108);
  for (let group = 0; group < 16; group += 1) {
    const low = (bytes[at + 96 + (group & 7)]! >> (group < 8 ? 0 : 4)) & 15;
    const high = (bytes[at + 104 + (group & 3)]! >> ((group >> 2) * 2)) & 3;
    const step = scale * ((low | (high << 4)) - 32);
    const from = at + 32 + (group >> 3) * 32 + (group & 1) * 16;
    const shift = ((group >> 1) & 3) * 2;
    const mask = 1 << (group >> 1);
    for (let index = 0; index < 16; index += 1) {
      const third = bytes[at + (group & 1) * 16 + index]! & mask ? 0 : 4;
      into[out + group * 16 + index] = step * (((bytes[from + index]! >> shift) & 3) - third);
    }
  }
});

/** Scale and minimum of the group `group` of 32 values, 6 bits each, out of 12 bytes. */
function scaleAndMinimum(bytes: Uint8Array, at: number, group: number): [number, number] {
  if (group < 4) return [bytes[at + group]! & 63, bytes[at + group + 4]! & 63];
  const both = bytes[at + group + 4]!;
  return [(both & 15) | ((bytes[at + group - 4]! >> 6) << 4), (both >> 4) | ((bytes[at + group]! >> 6) << 4)];
}

/** Blocks of 256 with 4 or 5 bits a value, in eight groups. */
function decodeGroups(fifth: boolean): Decode {
  const valuesAt = 16 + (fifth ? 32 : 0);
  return inBlocks(valuesAt + 128, 256, (bytes, at, into, out) => {
    const [scale, least] = [half(bytes, at), half(bytes, at + 2)];
    for (let group = 0; group < 8; group += 1) {
      const [step, minimum] = scaleAndMinimum(bytes, at + 4, group);
      const from = at + valuesAt + (group >> 1) * 32;
      const shift = (group & 1) * 4;
      for (let index = 0; index < 32; index += 1) {
        const high = fifth ? ((bytes[at + 16 + index]! >> group) & 1) << 4 : 0;
        into[out + group * 32 + index] = scale * step * (((bytes[from + index]! >> shift) & 15) | high) - least * minimum;
      }
    }
  });
}

const decodeQ6K: Decode = inBlocks(210, 256, (bytes, at, into, out) => {
  const scale = half(bytes, at + 208);
  for (let group = 0; group < 16; group += 1) {
    const step = scale * signed(bytes[at + 192 + group]!);
    const [side, quarter, part] = [group >> 3, (group >> 1) & 3, (group & 1) * 16];
    const low = at + side * 64 + (quarter & 1) * 32 + part;
    const high = at + 128 + side * 32 + part;
    for (let index = 0; index < 16; index += 1) {
      const four = (bytes[low + index]! >> ((quarter >> 1) * 4)) & 15;
      const two = (bytes[high + index]! >> (quarter * 2)) & 3;
      into[out + group * 16 + index] = step * ((four | (two << 4)) - 32);
    }
  }
});

/** What is read, by ggml's names. */
const types = {
  F32: { id: 0, block: 1, bytes: 4, decode: null },
  F16: { id: 1, block: 1, bytes: 2, decode: null },
  BF16: { id: 30, block: 1, bytes: 2, decode: null },
  Q8_0: { id: 8, block: 32, bytes: 34, decode: decodeQ8 },
  Q4_0: { id: 2, block: 32, bytes: 18, decode: decodeNibbles(false, false) },
  Q4_1: { id: 3, block: 32, bytes: 20, decode: decodeNibbles(true, false) },
  Q5_0: { id: 6, block: 32, bytes: 22, decode: decodeNibbles(false, true) },
  Q5_1: { id: 7, block: 32, bytes: 24, decode: decodeNibbles(true, true) },
  Q2_K: { id: 10, block: 256, bytes: 84, decode: decodeQ2K },
  Q3_K: { id: 11, block: 256, bytes: 110, decode: decodeQ3K },
  Q4_K: { id: 12, block: 256, bytes: 144, decode: decodeGroups(false) },
  Q5_K: { id: 13, block: 256, bytes: 176, decode: decodeGroups(true) },
  Q6_K: { id: 14, block: 256, bytes: 210, decode: decodeQ6K },
} as const satisfies Record<string, GgufType>;

export type GgufTypeName = keyof typeof types;
export const GGUF_TYPES: Readonly<Record<GgufTypeName, GgufType>> = types;

/** Names of ggml's other types, to refuse them by name. */
const others: Readonly<Record<number, string>> = {
  ...{ 9: 'Q8_1', 15: 'Q8_K', 16: 'IQ2_XXS', 17: 'IQ2_XS', 18: 'IQ3_XXS', 19: 'IQ1_S', 20: 'IQ4_NL', 21: 'IQ3_S', 22: 'IQ2_S' },
  ...{ 23: 'IQ4_XS', 24: 'I8', 25: 'I16', 26: 'I32', 27: 'I64', 28: 'F64', 29: 'IQ1_M', 34: 'TQ1_0', 35: 'TQ2_0', 39: 'MXFP4' },
};

/** The type's name; `read` is false for one that cannot be read. */
export function ggufTypeName(id: number): { name: GgufTypeName; read: true } | { name: string; read: false } {
  const known = Object.entries(types).find(([, type]) => type.id === id);
  return known ? { name: known[0] as GgufTypeName, read: true } : { name: others[id] ?? String(id), read: false };
}

/** Bytes of whole blocks → float32. May be a view of the same memory when the type is F32. */
export function decodeGguf(bytes: Uint8Array, name: GgufTypeName): Float32Array {
  const { block, bytes: each, decode } = GGUF_TYPES[name];
  if (decode === null) return decodeFloats(bytes, name as Dtype);
  const values = new Float32Array((bytes.length / each) * block);
  decode(bytes, values);
  return values;
}

/** The float type that keeps all of a stored type's values. */
export const floatTypeOf = (name: string): Dtype => (isDtype(name) ? name : 'F32');

/** float32 → bytes of whole blocks, as `gguf.quants.quantize`: F32, F16 and BF16 rounded to nearest, Q8_0 with ties away from zero. */
export function encodeGguf(values: Float32Array, name: Dtype | 'Q8_0'): Uint8Array {
  if (name !== 'Q8_0') return encodeFloats(values, name);
  const bytes = new Uint8Array((values.length / 32) * 34);
  for (let from = 0, at = 0; from < values.length; from += 32, at += 34) {
    let most = 0;
    for (let index = from; index < from + 32; index += 1) most = Math.max(most, Math.abs(values[index]!));
    const scale = Math.fround(most / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    const stored = toFloat16(scale);
    bytes[at] = stored & 255;
    bytes[at + 1] = stored >> 8;
    for (let index = 0; index < 32; index += 1) {
      const value = Math.fround(values[from + index]! * inverse);
      // Math.round takes halves up; here they go away from zero. The cast to int8 wraps as C's does.
      bytes[at + 2 + index] = value < 0 ? -Math.round(-value) : Math.round(value);
    }
  }
  return bytes;
}
