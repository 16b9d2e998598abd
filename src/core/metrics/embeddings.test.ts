/** Against torch and NumPy on the same vectors. */
import { describe, expect, it } from 'vitest';
import { alignmentOf, principalPlaces, uniformityOf, type Vectors } from './embeddings';
import { spearman } from './statistics';
import { similarityPairs } from '../probes/similarity';

const unit = (rows: number[][]): Vectors => ({
  width: rows[0]!.length,
  values: Float32Array.from(rows.flatMap((row) => row.map((value) => value / Math.hypot(...row)))),
});
const a = unit([
  [1, 2, 3],
  [2, -1, 0],
  [0, 1, 1],
  [-1, 0, 2],
  [3, 1, 1],
]);
const b = unit([
  [1, 2, 2],
  [2, 0, 0],
  [0, 1, 2],
  [-1, 1, 2],
  [3, 1, 0],
]);

describe('figures of embeddings', () => {
  it('are alignment and uniformity as torch has them', () => {
    expect(alignmentOf(a, b)).toBeCloseTo(0.1242392, 5);
    expect(uniformityOf(a)).toBeCloseTo(-1.6692791, 5);
  });

  it('are correlated as ranks, equal values sharing one', () => {
    expect(spearman([0.1, 0.4, 0.35, 0.9, 0.2, 0.2], [0, 0.5, 0.25, 1, 0.25, 0.75])).toBeCloseTo(0.720588235294, 10);
    expect(spearman([1, 1, 1], [1, 2, 3])).toBeNull();
  });

  it('are the first two principal components by singular values, up to their signs', () => {
    const places = principalPlaces(a);
    const truth = [-0.299824, -0.260462, 0.973403, 0.337198, -0.522682, -0.283004, -0.686064, 0.54423, 0.535166, -0.337963];
    for (const component of [0, 1]) {
      const sign = Math.sign(places[component]! * truth[component]!);
      for (let at = component; at < truth.length; at += 2) expect(sign * places[at]!).toBeCloseTo(truth[at]!, 4);
    }
  });
});

describe('pairs of sentences', () => {
  it.each(['en', 'zh'] as const)('%s: five degrees of likeness, as many of each, never the same wording', (language) => {
    const pairs = similarityPairs(language);
    expect(pairs).toHaveLength(60);
    for (const alike of [0, 0.25, 0.5, 0.75, 1]) expect(pairs.filter((pair) => pair.alike === alike)).toHaveLength(12);
    for (const { a: one, b: other } of pairs) expect(one).not.toBe(other);
    expect(similarityPairs(language)).toEqual(pairs);
  });
});
