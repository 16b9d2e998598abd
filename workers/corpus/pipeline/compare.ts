/** Doubtful pairs by the exact similarity of their sets of 5-grams, in one more pass over the rows. */
import type { Clusters, DoubtfulPair } from './near-duplicates';
import { eachBatch, type Pass } from './batches';
import { jaccard } from './shingles';
import type { RowTeam } from './team';

/** 5-grams held at a time, 4 bytes each. */
const MOST_HELD = 48_000_000;

/**
 * Joins the pairs that reach the threshold. A row's set is held from where it is read to the last row it is compared with; where sets
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
