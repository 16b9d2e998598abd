import { describe, expect, it } from 'vitest';
import { lrAt, lrPosition } from './live-settings';

describe('learning-rate scale', () => {
  it('is exactly 0 at the left end and 0.1 at the right end', () => {
    expect(lrAt(0)).toBe(0);
    expect(lrAt(1)).toBe(0.1);
    expect(lrPosition(0)).toBe(0);
    expect(lrPosition(0.1)).toBe(1);
  });

  it.each([1e-6, 1e-5, 3e-4, 1e-3, 3e-3])('meets %d again', (lr) => {
    expect(lrAt(lrPosition(lr))).toBe(lr);
  });

  it('a decade is a fifth of the logarithmic part', () => {
    expect(lrPosition(1e-3) - lrPosition(1e-4)).toBeCloseTo(0.96 / 5, 10);
  });
});
