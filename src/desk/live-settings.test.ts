import { describe, expect, it } from 'vitest';
import { lrAt, lrPosition, steppedLr } from './live-settings';

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

describe('keys of the learning rate', () => {
  it('move it by 5 %, by a factor of 2 and of 10', () => {
    expect(steppedLr(3e-4, 1, 'fine')).toBe(3.15e-4);
    expect(steppedLr(3.15e-4, -1, 'fine')).toBe(3e-4);
    expect(steppedLr(3e-4, 1, 'coarse')).toBe(6e-4);
    expect(steppedLr(3e-4, -1, 'page')).toBe(3e-5);
    // Five presses of an arrow are 1.05⁵ = 1.276.
    expect([1, 2, 3, 4, 5].reduce((lr) => steppedLr(lr, 1, 'fine'), 3e-4)).toBeCloseTo(3e-4 * 1.05 ** 5, 5);
  });

  it('end at 0 and at the top of the scale', () => {
    expect(steppedLr(1e-6, -1, 'fine')).toBe(0);
    expect(steppedLr(0, 1, 'fine')).toBe(1e-6);
    expect(steppedLr(0, -1, 'coarse')).toBe(0);
    expect(steppedLr(0.08, 1, 'coarse')).toBe(0.1);
  });
});
