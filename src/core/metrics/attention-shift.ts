/**
 * How much of a head's attention went elsewhere: per query ½ Σ |tuned − base| over its keys (the total variation of the two
 * distributions), averaged over the queries that have a choice, all but the first. 0: looks where it looked; 1: wholly elsewhere.
 * @param base [heads · tokens · tokens], query by query; each query's weights sum to 1
 * @returns one figure for each head
 */
export function attentionShifts(base: Float32Array, tuned: Float32Array, heads: number, tokens: number): number[] {
  return Array.from({ length: heads }, (_, head) => {
    if (tokens < 2) return 0;
    let sum = 0;
    const from = (head * tokens + 1) * tokens;
    const to = (head + 1) * tokens * tokens;
    for (let at = from; at < to; at += 1) sum += Math.abs(tuned[at]! - base[at]!);
    return sum / 2 / (tokens - 1);
  });
}
