/**
 * Rows in order of difficulty. A row is as hard as its tokens are rare in the general text: mean −ln p of its tokens under the
 * unigram distribution there (Platanios et al. 2019, arXiv 1903.09848, word rarity). It needs no model and is the same everywhere.
 */
import type { TokenIds } from './token-batch';

/** Sorts a random order of a channel's windows. */
export interface Curriculum {
  /** Of each block of windows, as many as the run will draw, the easy ones first: so the whole range of difficulty is gone through. */
  arrange(order: { readonly size: number; at(index: number): number }): { at(index: number): number };
}

/**
 * @param difficulty of each window; @param block windows the run is expected to draw (at least 1)
 */
export function curriculumOf(difficulty: Float64Array, block: number): Curriculum {
  return {
    arrange(order) {
      const sorted = Uint32Array.from({ length: order.size }, (_, index) => order.at(index));
      for (let from = 0; from < sorted.length; from += block)
        sorted.subarray(from, from + block).sort((a, b) => difficulty[a]! - difficulty[b]! || a - b);
      return { at: (index) => sorted[index]! };
    },
  };
}

/** −ln p of each token id: of `texts` together, each id counted once more than it occurs. */
export function tokenRarity(texts: readonly TokenIds[]): Float64Array {
  let vocabulary = 1;
  for (const ids of texts) for (const id of ids) if (id >= vocabulary) vocabulary = id + 1;
  const counts = new Float64Array(vocabulary).fill(1);
  for (const ids of texts) for (const id of ids) counts[id]! += 1;
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => Math.log(total / count));
}

/** Mean rarity of the tokens of each window of `context`; ids that `rarity` does not know are the rarest. */
export function windowDifficulty(ids: TokenIds, context: number, windows: number, rarity: Float64Array): Float64Array {
  const rarest = rarity.reduce((most, value) => Math.max(most, value), 0);
  return Float64Array.from({ length: windows }, (_, window) => {
    let sum = 0;
    for (let at = window * context; at < (window + 1) * context; at++) sum += rarity[ids[at]!] ?? rarest;
    return sum / context;
  });
}
