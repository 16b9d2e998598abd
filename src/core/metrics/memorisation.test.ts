import { expect, it } from 'vitest';
import type { DocumentSums } from './channel-measure';
import { measureMemorisation, memorises } from './memorisation';

const rows = (...losses: number[]): DocumentSums => ({
  nll: losses.map((loss) => loss * 8),
  tokens: losses.map(() => 8),
  bytes: losses.map(() => 20),
});

it('takes the gap of the texts themselves from the gap of the tuned model', () => {
  // Base: 4.0 on seen, 4.2 on unseen text. Tuned: 3.0 and 3.9: a gap of 0.9, of which 0.7 is memorising.
  const measure = measureMemorisation([rows(3.8, 4.2), rows(2.9, 3.1)], [rows(4.1, 4.3), rows(3.8, 4)], 7);
  expect(measure.rows).toEqual({ seen: 2, unseen: 2 });
  expect(measure.gap.map(({ value }) => value)).toEqual([expect.closeTo(0.2, 12), expect.closeTo(0.9, 12)]);
  expect(measure.memorised[0]).toBeNull();
  expect(measure.memorised[1]!.value).toBeCloseTo(0.7, 12);
  expect(measure.memorised[1]!.interval!.low).toBeLessThanOrEqual(0.7);
  expect(measure.memorised[1]!.interval!.high).toBeGreaterThanOrEqual(0.7);
});

it('calls it memorising only where the whole interval lies above the line', () => {
  const verdict = (low: number, high: number) => memorises({ value: (low + high) / 2, interval: { low, high } });
  expect(verdict(0.06, 0.4)).toBe('yes');
  expect(verdict(-0.02, 0.04)).toBe('no');
  expect(verdict(0.01, 0.3)).toBe('unclear');
  expect(memorises({ value: 3, interval: null })).toBe('unclear');
});
