/**
 * Rows as sets of 5-grams of tokens: how many repeat inside a row, the MinHash signature of the set, and the set itself where two
 * rows must be compared exactly. Broder, On the resemblance and containment of documents (1997).
 *
 * A signature is 8 independent hashes of the set, each dividing its range into 16 bins that keep their least value (Li, Owen & Zhang,
 * One permutation hashing, 2012: 8 hashes a 5-gram for 128 values); empty bins of small sets copy others at random (Shrivastava,
 * Optimal densification, 2017). A value's last 8 bits are stored (Li & König, b-bit minwise hashing, 2010); bands are hashed whole.
 */
import { HashSet, mix, power } from './hash';
import type { Scanner } from './scan';

const SHINGLE = 5;
export const SIGNATURE = 128;
const HASHES = 8;
const BINS = SIGNATURE / HASHES;
const BIN_SHIFT = 32 - Math.log2(BINS);
const EMPTY = 0xffffffff;
const BASE = 0x2c1b3c6d | 1;
const BASE_TO_SHINGLE = power(BASE, SHINGLE);

const adders = Uint32Array.from({ length: HASHES }, (_, at) => mix(0x51ed270b + at));
const factors = Uint32Array.from({ length: HASHES }, (_, at) => mix(0xa24baed4 + at) | 1);

export class Shingler {
  /** 5-grams of the row (one of all its tokens where it has fewer), and how many are different. */
  total = 0;
  distinct = 0;
  private readonly set = new HashSet();
  private readonly least = new Uint32Array(SIGNATURE);
  private readonly filled = new Uint8Array(SIGNATURE);

  /** Counts alone. */
  count(scanner: Scanner): void {
    let distinct = 0;
    this.each(scanner, () => distinct++);
    this.distinct = distinct;
  }

  /** Counts, the stored bytes of the signature, and the key of each band of `rows` values. */
  sign(scanner: Scanner, signature: Uint8Array, bands: Uint32Array, rows: number): void {
    const { least } = this;
    least.fill(EMPTY);
    let distinct = 0;
    this.each(scanner, (hash) => {
      distinct++;
      for (let k = 0, offset = 0; k < HASHES; k++, offset += BINS) {
        let value = Math.imul(hash ^ adders[k]!, factors[k]!);
        value ^= value >>> 15;
        const bin = offset + (value >>> BIN_SHIFT);
        const rest = (value & ((1 << BIN_SHIFT) - 1)) >>> 0;
        if (rest < least[bin]!) least[bin] = rest;
      }
    });
    this.distinct = distinct;
    if (distinct > 0) this.fillEmpty();
    for (let at = 0; at < SIGNATURE; at++) signature[at] = mix(least[at]!);
    for (let band = 0, at = 0; band < bands.length; band++) {
      let key = mix(band + 1);
      for (let row = 0; row < rows; row++) key = mix(key ^ least[at++]!);
      bands[band] = key;
    }
  }

  /** The set: hashes of the different 5-grams, in rising order. */
  list(scanner: Scanner): Uint32Array {
    const hashes = new Uint32Array(Math.max(1, scanner.tokens));
    let count = 0;
    this.each(scanner, (hash) => (hashes[count++] = hash));
    return hashes.slice(0, count).sort();
  }

  private each(scanner: Scanner, visit: (hash: number) => void): void {
    const { set } = this;
    const { hashes, tokens } = scanner;
    this.total = tokens === 0 ? 0 : Math.max(1, tokens - SHINGLE + 1);
    set.reset(this.total);
    let rolling = 0;
    for (let at = 0; at < tokens; at++) {
      rolling = (Math.imul(rolling, BASE) + hashes[at]!) | 0;
      if (at >= SHINGLE) rolling = (rolling - Math.imul(hashes[at - SHINGLE]!, BASE_TO_SHINGLE)) | 0;
      if (at < SHINGLE - 1 && at < tokens - 1) continue;
      const hash = mix(rolling);
      if (set.add(hash)) visit(hash);
    }
  }

  private fillEmpty(): void {
    const { least, filled } = this;
    for (let at = 0; at < SIGNATURE; at++) filled[at] = least[at] === EMPTY ? 0 : 1;
    for (let at = 0; at < SIGNATURE; at++) {
      if (filled[at]) continue;
      let from = mix(at + 0x7f4a7c15);
      while (!filled[from % SIGNATURE]) from = mix(from + 0x9e3779b9);
      least[at] = least[from % SIGNATURE]!;
    }
  }
}

/** |A ∩ B| / |A ∪ B| of two sets in rising order. */
export function jaccard(a: Uint32Array, b: Uint32Array): number {
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) {
      shared++;
      i++;
      j++;
    } else if (a[i]! < b[j]!) i++;
    else j++;
  }
  const union = a.length + b.length - shared;
  return union === 0 ? 1 : shared / union;
}
