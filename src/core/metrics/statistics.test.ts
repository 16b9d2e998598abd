/** Figures that SciPy and NumPy computed (e2e/parity/make_metric_fixtures.py), and hand-worked examples. */
import { describe, expect, it } from 'vitest';
import fixtures from '../../../e2e/parity/fixtures/metrics.json';
import { Rng } from '../rng/rng';
import { binomialTail, bootstrap, chanceTail, normalQuantile, normalShare, quantile, ratioOfSums, wilsonInterval } from './statistics';

describe('chance', () => {
  it.each(fixtures.binomial)('$correct of $items right at $chance', ({ correct, items, chance, tail }) => {
    expect(binomialTail(correct, items, chance) / tail).toBeCloseTo(1, 10);
    expect(chanceTail(correct, new Array<number>(items).fill(chance)) / tail).toBeCloseTo(1, 10);
  });

  it('takes items with different numbers of choices', () => {
    // Both right: 1/2 · 1/4; at least one: 1 − 1/2 · 3/4.
    expect(chanceTail(2, [0.5, 0.25])).toBeCloseTo(0.125, 15);
    expect(chanceTail(1, [0.5, 0.25])).toBeCloseTo(0.625, 15);
    expect(chanceTail(0, [0.5, 0.25])).toBe(1);
  });
});

describe('wilsonInterval', () => {
  // Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('%i of %i', (correct, items, low, high) => {
    const interval = wilsonInterval(correct, items);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });
});

describe('bootstrap', () => {
  it('covers the truth nineteen times in twenty', () => {
    const random = new Rng(11);
    const documents = 80;
    const trials = 1500;
    let covered = 0;
    for (let trial = 0; trial < trials; trial++) {
      // Lengths from 1 to 40 tokens; the loss of a document is 3 + an exponential spread of mean 1: true loss 4.
      const tokens = Array.from({ length: documents }, () => 1 + random.integer(40));
      const nll = tokens.map((count) => count * (3 - Math.log(1 - random.uniform())));
      const [interval] = bootstrap([documents], ([times]) => [ratioOfSums(times!, nll, tokens)], { seed: trial, resamples: 300 });
      if (interval!.low <= 4 && 4 <= interval!.high) covered += 1;
    }
    expect(covered / trials).toBeGreaterThan(0.93);
    expect(covered / trials).toBeLessThan(0.97);
  });

  it('is the same for a seed, and narrower for a paired difference than for its sides', () => {
    const base = Array.from({ length: 40 }, (_, at) => 100 + 60 * Math.sin(at));
    const tuned = base.map((nll, at) => nll * 0.9 + Math.cos(at));
    const tokens = new Array<number>(40).fill(30);
    const measure = () =>
      bootstrap(
        [40],
        ([times]) => {
          const [a, b] = [ratioOfSums(times!, base, tokens), ratioOfSums(times!, tuned, tokens)];
          return [a, b - a];
        },
        { seed: 5 },
      );
    const [loss, difference] = measure();
    expect(measure()).toEqual([loss, difference]);
    expect(difference!.high - difference!.low).toBeLessThan((loss!.high - loss!.low) / 5);
  });

  it("ends where SciPy's BCa interval does", () => {
    // scipy.stats.bootstrap((x,), np.mean, n_resamples=200000, method='BCa', rng=1): 3.5083, 10.2667
    const x = [1, 2, 2.5, 3, 3.1, 4, 4.2, 5, 9, 14, 20, 2.2];
    const ones = x.map(() => 1);
    const [interval] = bootstrap([x.length], ([times]) => [ratioOfSums(times!, x, ones)], { seed: 3, resamples: 40_000 });
    expect(interval!.low).toBeCloseTo(3.51, 1);
    expect(interval!.high).toBeCloseTo(10.27, 0);
    expect(normalShare(-1.96)).toBeCloseTo(0.0249979, 6);
    expect(normalQuantile(0.3)).toBeCloseTo(-0.52440051, 5);
  });

  it('gives no interval for a single document', () => {
    expect(bootstrap([1], ([times]) => [times![0]!, 2], { seed: 1 })).toEqual([null, null]);
    expect(ratioOfSums(Float64Array.of(0, 1), [3, 4], [1, 0])).toBeNaN();
  });

  it('interpolates quantiles as NumPy does', () => {
    expect(quantile([1, 2, 4, 8], 0.5)).toBe(3);
    expect(quantile([1, 2, 4, 8], 0.25)).toBe(1.75);
    expect(quantile([7], 0.975)).toBe(7);
  });
});
