/** Figures of NumPy, SciPy and scikit-learn (e2e/parity/make_metric_fixtures.py), and what holds by definition. */
import { describe, expect, it } from 'vitest';
import fixtures from '../../../e2e/parity/fixtures/metrics.json';
import { Rng } from '../rng/rng';
import { gaussLegendre, linearProbe, localFit, maskedTexts } from './explain';
import { bradleyTerry, drawPairs, preferenceScores, type BlindPair } from './preference';

describe('explanations', () => {
  it('integrates polynomials exactly', () => {
    for (const count of [1, 2, 5, 16, 64]) {
      const { nodes, weights } = gaussLegendre(count);
      const integral = (power: number) => nodes.reduce((sum, x, at) => sum + weights[at]! * x ** power, 0);
      for (let power = 0; power < Math.min(9, 2 * count); power++)
        expect(integral(power), `${count} ${power}`).toBeCloseTo(1 / (power + 1), 12);
    }
  });

  // f = 2a + 3b + 4ab + 5c: Shapley's values share the product out evenly.
  const f = ([a = 0, b = 0, c = 0]: readonly number[]) => 1 + 2 * a + 3 * b + 4 * a * b + 5 * c;

  it('fits Shapley values where all texts are read, through both ends', () => {
    const texts = maskedTexts(3, 100, new Rng(1));
    expect(texts.masks).toHaveLength(6);
    const { values, rSquared } = localFit(texts, texts.masks.map(f), f([1, 1, 1]), f([0, 0, 0]));
    expect(values).toEqual([4, 5, 5].map((value) => expect.closeTo(value, 6)));
    // By hand: 16 of a variation of 118 / 3 are left.
    expect(rSquared).toBeCloseTo(35 / 59, 9);
    expect(localFit(maskedTexts(1, 100, new Rng(1)), [], 3, 1)).toEqual({ values: [2], rSquared: null });
  });

  it('draws texts with their complements where there are too many, and finds a linear model again', () => {
    const texts = maskedTexts(20, 128, new Rng(2));
    expect(texts.masks).toHaveLength(128);
    expect(texts.masks[0]!.every((one, at) => one + texts.masks[1]![at]! === 1)).toBe(true);
    const slopes = Array.from({ length: 20 }, (_, at) => at - 7);
    const g = (mask: readonly number[]) => mask.reduce((sum, one, at) => sum + one * slopes[at]!, 2);
    const whole = g(new Array<number>(20).fill(1));
    const { values, rSquared } = localFit(texts, texts.masks.map(g), whole, 2);
    values.forEach((value, at) => expect(value).toBeCloseTo(slopes[at]!, 5));
    expect(rSquared).toBeCloseTo(1, 9);
  });

  it('probes as scikit-learn does', () => {
    const { rows, labels, train, strength, probabilities, right } = fixtures.probe;
    const probe = linearProbe(rows.slice(0, train), labels.slice(0, train), 3, strength);
    const found = rows.slice(train).map((row) => probe.probabilities(row));
    found.forEach((row, at) => expect(row).toEqual(probabilities[at]!.map((value) => expect.closeTo(value, 4))));
    expect(found.filter((row, at) => row.indexOf(Math.max(...row)) === labels[train + at])).toHaveLength(right);
  });
});

describe('preferences', () => {
  it.each(fixtures.bradleyTerry)('scores $wins as a maximum likelihood does', ({ wins, scores }) => {
    const [first, ...others] = bradleyTerry(wins);
    expect(first).toEqual({ value: 0, interval: null });
    others.forEach(({ value, interval }, at) => {
      expect(value).toBeCloseTo(scores[at]!.score, 5);
      expect(interval!.low).toBeCloseTo(scores[at]!.low, 4);
      expect(interval!.high).toBeCloseTo(scores[at]!.high, 4);
    });
  });

  it('counts verdicts by who wrote the text, not by where it stood', () => {
    const pair = (models: [number, number], verdict: BlindPair['verdict']): BlindPair => ({ prompt: '', models, texts: ['', ''], verdict });
    const pairs = [pair([0, 1], 'second'), pair([1, 0], 'first'), pair([1, 0], 'same'), pair([0, 1], null)];
    expect(preferenceScores(pairs, 2)).toMatchObject({
      pairs: 3,
      same: 1,
      wins: [
        [0, 0.5],
        [2.5, 0],
      ],
    });
    // ln((2.5 + 0.5) / (0.5 + 0.5))
    expect(preferenceScores(pairs, 2)!.scores[1]!.value).toBeCloseTo(Math.log(3), 9);
    expect(preferenceScores([pair([0, 1], null)], 2)).toBeNull();
    expect(preferenceScores([pair([0, 1], 'first')], 3)).toBeNull();
  });

  it('draws the same order by the same seed, each way round as often', () => {
    const drawn = drawPairs(2, 20, 5);
    expect(drawn).toEqual(drawPairs(2, 20, 5));
    expect(drawn).not.toEqual(drawPairs(2, 20, 6));
    expect(drawn.filter(([first]) => first === 0)).toHaveLength(10);
    expect(
      drawPairs(3, 9, 1)
        .map((pair) => [...pair].sort().join(''))
        .sort()
        .join(' '),
    ).toBe('01 01 01 02 02 02 12 12 12');
  });
});
