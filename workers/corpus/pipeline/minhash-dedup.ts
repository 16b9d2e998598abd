/**
 * Pairs of rows that are nearly the same, from their signatures: rows that agree on all values of some band are compared (locality
 * sensitive hashing; Leskovec, Rajaraman & Ullman, Mining of massive datasets, chapter 3). A pair whose estimated similarity is clearly
 * above the threshold joins its clusters; one that could fall on either side is left to an exact comparison.
 */
import { SIGNATURE, jaccard } from './shingles';
import { eachBatch, type Pass } from './passes';
import type { RowTeam } from './team';

/** Bands of `rows` values each: the longest bands that miss fewer than 3 in 1,000 pairs at the threshold, 1 − (1 − t^rows)^count. */
export function bandsFor(threshold: number): { count: number; rows: number } {
  for (let rows = 16; rows > 1; rows--) {
    const count = Math.min(24, Math.floor(SIGNATURE / rows));
    if ((1 - threshold ** rows) ** count <= 0.003) return { count, rows };
  }
  return { count: 24, rows: 1 };
}

/** Which rows belong together (Tarjan's disjoint sets, halving paths). */
export class Clusters {
  private readonly parent: Uint32Array;

  constructor(rows: number) {
    this.parent = Uint32Array.from({ length: rows }, (_, row) => row);
  }

  find(row: number): number {
    const { parent } = this;
    while (parent[row] !== row) row = parent[row] = parent[parent[row]!]!;
    return row;
  }

  /** The lower number stands for both. */
  join(a: number, b: number): void {
    const [rootA, rootB] = [this.find(a), this.find(b)];
    if (rootA < rootB) this.parent[rootB] = rootA;
    else this.parent[rootA] = rootB;
  }
}

export interface Signatures {
  /** rows × SIGNATURE. */
  bytes: Uint8Array;
  /** rows × bands. */
  bands: Uint32Array;
}

export interface DoubtfulPair {
  a: number;
  b: number;
  /** What the signatures say: enough to decide by, should memory not allow a comparison. */
  estimate: number;
}

/** A row looks at so many others of a band's bucket at most, and is compared with so many: boilerplate makes buckets of thousands. */
const MOST_SEEN = 4096;
const MOST_COMPARED = 64;
/** Doubtful pairs in all, and of a row: texts made from one template would have millions. Signatures decide about the rest. */
const MOST_DOUBTFUL = 1_000_000;
const MOST_DOUBTFUL_OF_ROW = 32;

/**
 * Joins the pairs that are beyond doubt and returns the others, by their later row; `estimated` counts those of too many to compare.
 * @param rows numbers of the rows to compare, rising
 * @param group rows of different groups are never compared
 */
export function joinNearDuplicates(
  rows: Uint32Array,
  { bytes, bands }: Signatures,
  bandCount: number,
  threshold: number,
  group: (row: number) => number,
  clusters: Clusters,
): { doubtful: DoubtfulPair[]; estimated: number } {
  // Four standard deviations of an estimate from 128 values.
  const doubt = 4 * Math.max(0.01, Math.sqrt((threshold * (1 - threshold)) / SIGNATURE));
  const doubtful = new Map<number, DoubtfulPair>();
  const size = 2 ** Math.ceil(Math.log2(Math.max(16, 2 * rows.length)));
  // Open addressing: last row of each bucket; rows of a bucket are chained backwards.
  const heads = new Uint32Array(size);
  const next = new Uint32Array(rows.length);
  const doubts = new Uint8Array(rows.length);
  let estimated = 0;
  for (let band = 0; band < bandCount; band++) {
    heads.fill(0);
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at]!;
      const key = bands[row * bandCount + band]!;
      let slot = (key ^ Math.imul(group(row), 0x9e3779b9)) & (size - 1);
      for (; heads[slot] !== 0; slot = (slot + 1) & (size - 1)) {
        const other = rows[heads[slot]! - 1]!;
        if (bands[other * bandCount + band] === key && group(other) === group(row)) break;
      }
      let seen = 0;
      let compared = 0;
      for (let entry = heads[slot]!; entry !== 0 && compared < MOST_COMPARED && seen++ < MOST_SEEN; entry = next[entry - 1]!) {
        const other = rows[entry - 1]!;
        if (clusters.find(other) === clusters.find(row)) continue;
        compared++;
        const pair = other * 2 ** 26 + row;
        if (doubtful.has(pair)) continue;
        const estimate = similarity(bytes, row, other);
        if (estimate >= threshold + doubt) clusters.join(row, other);
        else if (estimate > threshold - doubt) {
          if (doubts[at]! < MOST_DOUBTFUL_OF_ROW && doubtful.size < MOST_DOUBTFUL) {
            doubts[at]!++;
            doubtful.set(pair, { a: other, b: row, estimate });
          } else {
            estimated++;
            if (estimate >= threshold) clusters.join(row, other);
          }
        }
      }
      next[at] = heads[slot]!;
      heads[slot] = at + 1;
    }
  }
  const open = [...doubtful.values()].filter(({ a, b }) => clusters.find(a) !== clusters.find(b));
  return { doubtful: open.sort((x, y) => x.b - y.b || x.a - y.a), estimated };
}

/** Share of equal values, less what 8 stored bits let agree by chance. */
function similarity(signatures: Uint8Array, a: number, b: number): number {
  let equal = 0;
  for (let at = 0, i = a * SIGNATURE, j = b * SIGNATURE; at < SIGNATURE; at++) if (signatures[i + at] === signatures[j + at]) equal++;
  return (equal / SIGNATURE - 1 / 256) / (1 - 1 / 256);
}

/** 5-grams held at a time, 4 bytes each. */
const MOST_HELD = 48_000_000;

/**
 * Decides doubtful pairs by the Jaccard similarity of their sets of 5-grams, in one more pass over the rows. A row's set is held from where it is read to the last row it is compared with; where sets
 * would take more memory than `most` allows, signatures decide. Returns the number of pairs so decided.
 * @param pairs sorted by their later row
 */
export async function joinByComparison(
  pass: Pass,
  team: RowTeam,
  pairs: readonly DoubtfulPair[],
  threshold: number,
  clusters: Clusters,
  most = MOST_HELD,
): Promise<number> {
  const uses = new Map<number, number>();
  const byLater = new Map<number, DoubtfulPair[]>();
  for (const pair of pairs) {
    for (const row of [pair.a, pair.b]) uses.set(row, (uses.get(row) ?? 0) + 1);
    const same = byLater.get(pair.b);
    if (same) same.push(pair);
    else byLater.set(pair.b, [pair]);
  }
  const sets = new Map<number, Uint32Array>();
  let held = 0;
  let estimated = 0;
  const done = (row: number) => {
    const left = uses.get(row)! - 1;
    uses.set(row, left);
    if (left > 0) return;
    held -= sets.get(row)?.length ?? 0;
    sets.delete(row);
  };
  await eachBatch(
    pass,
    team.width,
    (row) => uses.has(row),
    (batch) => team.next().shingles(batch.map(({ row }) => row.text)),
    (found, batch) =>
      batch.forEach(({ number }, at) => {
        const set = found[at]!;
        for (const { a, b, estimate } of byLater.get(number) ?? []) {
          const other = sets.get(a);
          if (!other) estimated++;
          if ((other ? jaccard(other, set) : estimate) >= threshold) clusters.join(a, b);
          done(a);
          uses.set(b, uses.get(b)! - 1);
        }
        if (uses.get(number)! === 0 || held + set.length > most) return;
        sets.set(number, set);
        held += set.length;
      }),
  );
  return estimated;
}
