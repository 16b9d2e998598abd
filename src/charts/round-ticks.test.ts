import { expect, it } from 'vitest';
import { roundTicks } from './round-ticks';

it('gives round values inside the bounds, with as many digits as they need', () => {
  expect(roundTicks(-0.03, 0.41, 5)).toEqual({ ticks: [0, 0.1, 0.2, 0.3, 0.4], digits: 1 });
  expect(roundTicks(0.885, 1.012, 5)).toEqual({ ticks: [0.9, 0.95, 1], digits: 2 });
  expect(roundTicks(-30, 70, 4)).toEqual({ ticks: [0, 50], digits: 0 });
});
