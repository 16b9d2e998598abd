/**
 * A seeded random order of 0 … size − 1 that is computed, not stored: a four-round Feistel network over the next even power
 * of two, walked along its cycle until the value falls inside (Black & Rogaway, "Ciphers with Arbitrary Finite Domains", 2002).
 */
const ROUNDS = 4;

export class Permutation {
  private readonly half: number;
  private readonly mask: number;

  /** @param size 1 … 2³⁰ */
  constructor(
    readonly size: number,
    private readonly seed: number,
  ) {
    if (!Number.isInteger(size) || size < 1 || size > 2 ** 30) throw new RangeError(`Permutation size is ${size}; accepted: 1 … 2^30`);
    this.half = 1;
    while (2 ** (2 * this.half) < size) this.half += 1;
    this.mask = 2 ** this.half - 1;
  }

  /** The element at `index` of the order. */
  at(index: number): number {
    let value = this.encipher(index);
    while (value >= this.size) value = this.encipher(value);
    return value;
  }

  private encipher(value: number): number {
    let left = value >>> this.half;
    let right = value & this.mask;
    for (let round = 0; round < ROUNDS; round++) [left, right] = [right, left ^ (mix(right, this.seed, round) & this.mask)];
    return ((left << this.half) | right) >>> 0;
  }
}

/** murmur3's finaliser over the half block, the seed and the round. */
function mix(value: number, seed: number, round: number): number {
  let h = (value ^ seed ^ Math.imul(round + 1, 0x9e3779b9)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
