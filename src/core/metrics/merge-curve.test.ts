import { describe, expect, it } from 'vitest';
import { betterMerge, bestFactor, curveAt } from './merge-curve';

// Retention 1, 0.98, 0.94, 0.9; the gain flattens and turns.
const points = [
  { factor: 0, gain: 0, retention: 1 },
  { factor: 0.5, gain: 0.2, retention: 0.98 },
  { factor: 1, gain: 0.3, retention: 0.94 },
  { factor: 1.2, gain: 0.28, retention: 0.9 },
];

describe('a curve of merges', () => {
  it('lies on straight lines between what was measured', () => {
    expect(curveAt(points, 0.5)).toBe(points[1]);
    const found = curveAt(points, 0.75)!;
    expect([found.factor, found.gain, found.retention]).toEqual([0.75, 0.25, 0.96].map((value) => expect.closeTo(value, 12)));
    expect(curveAt(points, -0.1)).toBeNull();
    expect(curveAt(points, 1.3)).toBeNull();
    expect(curveAt([], 0)).toBeNull();
  });

  it('gains most where the wanted retention is just kept', () => {
    const best = bestFactor(points, 0.95)!;
    expect([best.factor, best.gain, best.retention]).toEqual([0.875, 0.275, 0.95].map((value) => expect.closeTo(value, 12)));
  });

  it('is best at its top where that keeps enough, and nowhere where nothing does', () => {
    expect(bestFactor(points, 0.5)).toEqual(points[2]);
    expect(bestFactor(points, 1)).toEqual(points[0]);
    expect(bestFactor(points, 1.01)).toBeNull();
    expect(bestFactor([], 0.9)).toBeNull();
  });

  it('takes the smaller move where two gain alike', () => {
    expect(bestFactor([points[0]!, { ...points[1]!, gain: 0 }], 0.9)).toEqual(points[0]);
  });
});

describe('a merge instead of the tuned weights', () => {
  const curve = [
    { factor: -0.2, gain: -0.1, retention: 0.97 },
    { factor: 0, gain: 0, retention: 1 },
    { factor: 0.5, gain: 0.2, retention: 0.98 },
    { factor: 1, gain: 0.3, retention: 0.88 },
    { factor: 1.2, gain: 0.31, retention: 0.84 },
  ];

  it('keeps what was asked for with a share of the gain, on the straight lines between what was measured', () => {
    // 0.98 − 0.2 (λ − 0.5) = 0.95 at λ = 0.65, where 0.2 + 0.2 · 0.15 = 0.23 of 0.3 is gained.
    const found = betterMerge(curve, 0.95)!;
    expect(found.best).toEqual({ factor: expect.closeTo(0.65, 12), gain: expect.closeTo(0.23, 12), retention: 0.95 });
    expect(found.gainShare).toBeCloseTo(0.23 / 0.3, 12);
    expect(found.tuned.retention).toBe(0.88);
  });

  it('is none where λ = 1 was not measured, keeps enough, or nothing between gains', () => {
    expect(betterMerge(curve.slice(0, 3), 0.95)).toBeNull();
    expect(betterMerge(curve, 0.85)).toBeNull();
    expect(betterMerge([curve[1]!, { factor: 0.5, gain: -0.01, retention: 0.96 }, curve[3]!], 0.97)).toBeNull();
    expect(betterMerge([], 0.95)).toBeNull();
  });
});
