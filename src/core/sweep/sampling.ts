/**
 * Points in the unit cube for the axes of a sweep, and what they mean on an axis: at random from a seed, or Sobol's sequence, which fills
 * the cube evenly however many points are taken.
 */
import { Rng } from '../rng/rng';

/**
 * Joe and Kuo's numbers (SIAM J. Sci. Comput. 30, 2008; new-joe-kuo-6) of dimensions 2 to 8: degree and coefficients of the primitive
 * polynomial, and the first direction numbers. The first dimension is van der Corput's sequence.
 */
const DIRECTIONS: readonly { degree: number; coefficients: number; m: readonly number[] }[] = [
  { degree: 1, coefficients: 0, m: [1] },
  { degree: 2, coefficients: 1, m: [1, 3] },
  { degree: 3, coefficients: 1, m: [1, 3, 1] },
  { degree: 3, coefficients: 2, m: [1, 1, 1] },
  { degree: 4, coefficients: 1, m: [1, 1, 3, 3] },
  { degree: 4, coefficients: 4, m: [1, 3, 5, 13] },
  { degree: 5, coefficients: 2, m: [1, 1, 5, 5, 17] },
];
const BITS = 32;

/** Dimensions that the table has. */
export const SOBOL_DIMENSIONS = DIRECTIONS.length + 1;

/** Direction numbers of a dimension, scaled to 32 bits. */
function directions(dimension: number): Uint32Array {
  const v = new Uint32Array(BITS);
  if (dimension === 0) return v.map((_, bit) => 2 ** (BITS - 1 - bit));
  const { degree, coefficients, m } = DIRECTIONS[dimension - 1]!;
  for (let bit = 0; bit < BITS; bit++) {
    if (bit < degree) {
      v[bit] = m[bit]! * 2 ** (BITS - 1 - bit);
      continue;
    }
    let next = v[bit - degree]! ^ (v[bit - degree]! >>> degree);
    for (let k = 1; k < degree; k++) if ((coefficients >>> (degree - 1 - k)) & 1) next ^= v[bit - k]!;
    v[bit] = next >>> 0;
  }
  return v;
}

/**
 * The first points of Sobol's sequence, unscrambled and with the origin first, in the order of the Gray code (Antonov & Saleev).
 * @throws RangeError of more dimensions than there are numbers for
 */
export function sobol(dimensions: number, count: number): number[][] {
  if (dimensions < 1 || dimensions > SOBOL_DIMENSIONS)
    throw new RangeError(`Sobol's sequence has 1 … ${SOBOL_DIMENSIONS} dimensions here, not ${dimensions}`);
  const v = Array.from({ length: dimensions }, (_, dimension) => directions(dimension));
  const state = new Uint32Array(dimensions);
  return Array.from({ length: count }, (_, index) => {
    if (index > 0) {
      // The lowest bit of the last index that is 0.
      const zeros = ~(index - 1);
      const bit = 31 - Math.clz32(zeros & -zeros);
      for (let dimension = 0; dimension < dimensions; dimension++) state[dimension]! ^= v[dimension]![bit]!;
    }
    return Array.from(state, (bits) => bits / 2 ** BITS);
  });
}

/** Uniform points from a seed. */
export function uniformPoints(dimensions: number, count: number, seed: number): number[][] {
  const random = new Rng(seed);
  return Array.from({ length: count }, () => Array.from({ length: dimensions }, () => random.uniform()));
}

export interface Range {
  low: number;
  high: number;
  scale: 'uniform' | 'log-uniform' | 'integer';
}

/** Where a number of [0, 1) falls on a range; whole numbers have the same width each, both ends included. */
export function onRange(at: number, { low, high, scale }: Range): number {
  switch (scale) {
    case 'uniform':
      return low + (high - low) * at;
    case 'log-uniform':
      return low * (high / low) ** at;
    case 'integer':
      return Math.min(high, low + Math.floor(at * (high - low + 1)));
  }
}

/** Points of a grid on a range, both ends included; of whole numbers each at most once. */
export function gridOf(points: number, range: Range): number[] {
  const at = Array.from({ length: points }, (_, index) => index / (points - 1));
  if (range.scale === 'integer') return [...new Set(at.map((share) => Math.round(range.low + (range.high - range.low) * share)))];
  return at.map((share) => onRange(share, range));
}
