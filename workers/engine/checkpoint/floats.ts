/**
 * The float types of weight files: float32, IEEE binary16 and bfloat16. Single values are converted here (rounding to nearest, ties to
 * even), and whole tensors are decoded to float32, encoded from it, and checked for values that are not finite.
 */

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** Binary16 bits → number; exact. */
export function fromFloat16(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** float32 → binary16 bits; beyond 65,519.99 it is infinite, NaN stays NaN. */
export function toFloat16(value: number): number {
  float[0] = value;
  const word = bits[0]!;
  const sign = (word >>> 16) & 0x8000;
  const exponent = ((word >>> 23) & 0xff) - 127;
  const fraction = word & 0x7fffff;
  if (exponent === 128) return sign | (fraction ? 0x7e00 : 0x7c00);
  if (exponent > 15) return sign | 0x7c00;
  if (exponent >= -14) return sign | (roundEven(((exponent + 15) << 23) | fraction, 13) & 0x7fff);
  // Subnormal: the leading 1 becomes part of the fraction, in units of 2⁻²⁴.
  const shift = -1 - exponent;
  return shift > 24 ? sign : sign | roundEven(fraction | 0x800000, shift);
}

/** bfloat16 bits → number; exact. */
export function fromBfloat16(half: number): number {
  bits[0] = half << 16;
  return float[0]!;
}

/** float32 → bfloat16 bits; NaN stays NaN. */
export function toBfloat16(value: number): number {
  float[0] = value;
  const word = bits[0]!;
  if (value !== value) return (word >>> 16) | 0x40;
  return Math.floor(word / 65536 + roundUp(word, 16)) & 0xffff;
}

/** Drops the low bits; a carry out of the fraction rightly raises the exponent. */
function roundEven(word: number, drop: number): number {
  return (word >>> drop) + roundUp(word, drop);
}

function roundUp(word: number, drop: number): 0 | 1 {
  const half = 2 ** (drop - 1);
  const rest = word % 2 ** drop;
  const odd = Math.floor(word / 2 ** drop) % 2 === 1;
  return rest > half || (rest === half && odd) ? 1 : 0;
}

export type Dtype = 'F32' | 'F16' | 'BF16';

export const BYTES_PER: Readonly<Record<Dtype, number>> = { F32: 4, F16: 2, BF16: 2 };

export function isDtype(dtype: string): dtype is Dtype {
  return Object.hasOwn(BYTES_PER, dtype);
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Every binary16 there is; a table is several times faster than arithmetic. */
let float16Values: Float32Array | null = null;
function float16Table(): Float32Array {
  return (float16Values ??= Float32Array.from({ length: 65_536 }, (_, bits) => fromFloat16(bits)));
}

/** Little-endian bytes of whole elements → float32. May be a view of the same memory when the type is F32. */
export function decodeFloats(bytes: Uint8Array, dtype: Dtype): Float32Array {
  const words = wordsOf(bytes, dtype);
  if (dtype === 'F32') return new Float32Array(words.buffer, words.byteOffset, words.length);
  const values = new Float32Array(words.length);
  if (dtype === 'F16') {
    const table = float16Table();
    for (let at = 0; at < words.length; at += 1) values[at] = table[words[at]!]!;
  } else {
    const bits = new Uint32Array(values.buffer);
    for (let at = 0; at < words.length; at += 1) bits[at] = words[at]! << 16;
  }
  return values;
}

/** float32 → little-endian bytes, rounded to nearest, ties to even. May be a view of the same memory when the type is F32. */
export function encodeFloats(values: Float32Array, dtype: Dtype): Uint8Array {
  if (dtype === 'F32') {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return littleEndian ? bytes : swapped(bytes, 4);
  }
  const words = new Uint16Array(values.length);
  const encode = dtype === 'F16' ? toFloat16 : toBfloat16;
  for (let at = 0; at < values.length; at += 1) words[at] = encode(values[at]!);
  const bytes = new Uint8Array(words.buffer);
  return littleEndian ? bytes : swapped(bytes, 2);
}

/** Bits of the exponent: all set in infinities and NaN, and in nothing else. */
const EXPONENT: Readonly<Record<Dtype, number>> = { F32: 0x7f80_0000, F16: 0x7c00, BF16: 0x7f80 };

/** Whether every element is a finite number, by its bits alone. */
export function allFinite(bytes: Uint8Array, dtype: Dtype): boolean {
  const words = wordsOf(bytes, dtype);
  const exponent = EXPONENT[dtype];
  for (let at = 0; at < words.length; at += 1) if ((words[at]! & exponent) === exponent) return false;
  return true;
}

/** Elements as bits in this machine's order; a copy only where the bytes do not lie where their type must. */
function wordsOf(bytes: Uint8Array, dtype: Dtype): Uint32Array | Uint16Array {
  const size = BYTES_PER[dtype];
  const aligned = !littleEndian ? swapped(bytes, size) : bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return size === 4
    ? new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4)
    : new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2);
}

function swapped(bytes: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at += 1) result[at] = bytes[at - (at % size) + size - 1 - (at % size)]!;
  return result;
}
