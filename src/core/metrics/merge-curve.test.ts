import { describe, expect, it } from 'vitest';
import { bestFactor, curveAt } from './merge-curve';

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
