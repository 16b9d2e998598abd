/** Against scikit-learn: e2e/parity/make_sft_fixtures.py. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { measureLabels, mistakes } from './label-measure';

interface Measured {
  labels: number[];
  probabilities: number[][];
  confusion: number[][];
  accuracy: number;
  perLabel: [number, number, number][];
  micro: [number, number, number];
  macro: [number, number, number];
  logLoss: number;
  calibrationError: number;
}
const { measures } = JSON.parse(readFileSync(new URL('../../../e2e/parity/fixtures/sft.json', import.meta.url), 'utf8')) as {
  measures: Measured;
};

describe('measures of a classifier', () => {
  const rows = { labels: ['a', 'b', 'c'], truth: measures.labels, probabilities: measures.probabilities };
  const found = measureLabels(rows);
  const scores = ({ precision, recall, f1 }: { precision: number; recall: number; f1: number }) => [precision, recall, f1];

  it("are scikit-learn's", () => {
    expect(found.confusion.map((row) => row.map(({ length }) => length))).toEqual(measures.confusion);
    expect(found.accuracy).toBeCloseTo(measures.accuracy, 6);
    found.perLabel.forEach((one, at) => scores(one).forEach((value, of) => expect(value).toBeCloseTo(measures.perLabel[at]![of]!, 6)));
    scores(found.micro).forEach((value, of) => expect(value).toBeCloseTo(measures.micro[of]!, 6));
    scores(found.macro).forEach((value, of) => expect(value).toBeCloseTo(measures.macro[of]!, 6));
    expect(found.logLoss).toBeCloseTo(measures.logLoss, 5);
    expect(found.calibrationError).toBeCloseTo(measures.calibrationError, 5);
  });

  it('list mistakes by pair, the surest first', () => {
    const pairs = mistakes(rows, found);
    expect(pairs.reduce((total, pair) => total + pair.rows.length, 0)).toBe(
      rows.truth.length - Math.round(found.accuracy * rows.truth.length),
    );
    for (const { own, predicted, rows: wrong } of pairs) {
      const sure = wrong.map((row) => rows.probabilities[row]![predicted]!);
      expect(sure).toEqual([...sure].sort((a, b) => b - a));
      expect(wrong.every((row) => rows.truth[row] === own)).toBe(true);
    }
  });

  it('hold for a label that is never predicted or never stands there, and for no row', () => {
    const some = measureLabels({
      labels: ['a', 'b', 'c'],
      truth: [0, 1],
      probabilities: [
        [1, 0, 0],
        [0.9, 0.1, 0],
      ],
    });
    expect(some.perLabel.map(({ precision }) => precision)).toEqual([0.5, 0, 0]);
    // precision_recall_fscore_support([0, 1], [0, 0], average='macro', zero_division=0)
    expect(some.macro).toEqual({ precision: 0.25, recall: 0.5, f1: expect.closeTo(1 / 3, 9) as number });
    expect(measureLabels({ labels: ['a', 'b'], truth: [], probabilities: [] })).toMatchObject({
      rows: 0,
      accuracy: 0,
      calibrationError: 0,
    });
  });
});
