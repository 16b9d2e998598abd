/**
 * The counter-based generator of the dropout masks: any backend can draw number `counter` of stream `seed` on its own, so all
 * draw the same mask. Two rounds of MurmurHash3's 32-bit finaliser (Appleby) with a key from the seed in each.
 */

/** MurmurHash3's finaliser; all arithmetic modulo 2³². */
export function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The two keys of a seed: mix(seed) and mix(seed + 0x9e3779b9). */
export function keysOf(seed: number): [number, number] {
  return [mix(seed), mix(seed + 0x9e3779b9)];
}

/** Uniform 32-bit number: mix(mix(counter ⊕ first) + second). */
export function draw(counter: number, [first, second]: [number, number]): number {
  return mix(mix(counter ^ first) + second);
}

/** An element is kept when its draw is at least ⌊rate · 2³²⌋. */
export function threshold(rate: number): number {
  return Math.floor(rate * 2 ** 32);
}
