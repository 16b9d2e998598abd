/** 32-bit hashes that cost a few instructions, and a set of them that is emptied in no time. */

/** Murmur3's finaliser (Austin Appleby, public domain): every bit of the result depends on every bit of `h`. */
export function mix(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** base ** exponent modulo 2³². */
export function power(base: number, exponent: number): number {
  let result = 1;
  for (let at = 0; at < exponent; at++) result = Math.imul(result, base);
  return result;
}

/** Uniform in [0, 1) from a seed and the two halves of a row's hash: the same for the same text, whatever else is there. */
export function draw(seed: number, low: number, high: number): number {
  return mix(mix(mix(seed ^ 0x9e3779b9) ^ low) ^ high) / 2 ** 32;
}

/** Open addressing; a round's entries carry its stamp, so that a new round needs no clearing. */
export class HashSet {
  private keys = new Uint32Array(1024);
  private stamps = new Uint32Array(1024);
  private stamp = 0;

  /** Empties the set and makes room for `most` entries. */
  reset(most: number): void {
    if (2 * most > this.keys.length) {
      const room = 2 ** Math.ceil(Math.log2(2 * most));
      this.keys = new Uint32Array(room);
      this.stamps = new Uint32Array(room);
      this.stamp = 0;
    }
    if (this.stamp === 0xffffffff) {
      this.stamps.fill(0);
      this.stamp = 0;
    }
    this.stamp++;
  }

  /** True when the key is new. */
  add(key: number): boolean {
    const { keys, stamps, stamp } = this;
    const mask = keys.length - 1;
    for (let at = key & mask; ; at = (at + 1) & mask) {
      if (stamps[at] !== stamp) {
        stamps[at] = stamp;
        keys[at] = key;
        return true;
      }
      if (keys[at] === key) return false;
    }
  }
}
