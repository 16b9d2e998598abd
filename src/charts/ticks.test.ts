import { expect, it } from 'vitest';
import { outerTicks, roundTicks, stepTicks } from './ticks';

it('gives round values inside the bounds, with as many digits as they need', () => {
  expect(roundTicks(-0.03, 0.41, 5)).toEqual({ ticks: [0, 0.1, 0.2, 0.3, 0.4], digits: 1 });
  expect(roundTicks(0.885, 1.012, 5)).toEqual({ ticks: [0.9, 0.95, 1], digits: 2 });
  expect(roundTicks(-30, 70, 4)).toEqual({ ticks: [0, 50], digits: 0 });
});

it('gives round values that hold both bounds', () => {
  expect(outerTicks(0.93, 1.004, 4)).toMatchObject({ ticks: [0.92, 0.94, 0.96, 0.98, 1, 1.02], low: 0.92, high: 1.02, digits: 2 });
  expect(outerTicks(2, 2, 4).high).toBeGreaterThan(2);
  expect(outerTicks(0, 0, 4)).toMatchObject({ low: 0, high: 1 });
});

it('ticks whole steps', () => {
  expect(stepTicks(300, 7)).toEqual([0, 50, 100, 150, 200, 250, 300]);
  expect(stepTicks(3, 7)).toEqual([0, 1, 2, 3]);
  expect(stepTicks(1, 7)).toEqual([0, 1]);
});
