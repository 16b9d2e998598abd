/** Seeded random numbers with a state that can be stored: sfc32 (Chris Doty-Humphrey, PractRand). */
export type RngState = [number, number, number, number];

export class Rng {
  private s: RngState;

  constructor(seed: number | RngState) {
    if (typeof seed !== 'number') {
      this.s = [...seed];
      return;
    }
    this.s = [0, seed | 0, seed | 0, 1];
    for (let i = 0; i < 12; i++) this.next();
  }

  /** Next 32 bits, unsigned. */
  next(): number {
    const s = this.s;
    const t = (s[0] + s[1] + s[3]) | 0;
    s[3] = (s[3] + 1) | 0;
    s[0] = s[1] ^ (s[1] >>> 9);
    s[1] = (s[2] + (s[2] << 3)) | 0;
    s[2] = ((s[2] << 21) | (s[2] >>> 11)) + t;
    s[2] |= 0;
    return t >>> 0;
  }

  /** Uniform in [0, 1), 32 bits. */
  uniform(): number {
    return this.next() / 4294967296;
  }

  /** Of the standard normal distribution, by Box and Muller. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Uniform whole number in [0, n), without bias. */
  integer(n: number): number {
    const limit = 4294967296 - (4294967296 % n);
    let value = this.next();
    while (value >= limit) value = this.next();
    return value % n;
  }

  /** Shuffles in place (Fisher–Yates) and returns the array. */
  shuffle<T>(array: T[]): T[] {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [array[i], array[j]] = [array[j]!, array[i]!];
    }
    return array;
  }

  state(): RngState {
    return [...this.s];
  }
}

/** A 32-bit seed for a named purpose, from a base seed (FNV-1a over seed and labels, then murmur3's finaliser). */
export function deriveSeed(seed: number, ...labels: (string | number)[]): number {
  let h = 0x811c9dc5;
  for (const character of `${seed}/${labels.join('/')}`) {
    h ^= character.codePointAt(0)!;
    h = Math.imul(h, 0x01000193);
  }
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
