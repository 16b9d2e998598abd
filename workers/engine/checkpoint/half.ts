/** Half-precision floats: IEEE binary16 and bfloat16 against float32. Rounding is to nearest, ties to even. */

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
