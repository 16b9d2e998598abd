import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inSight, interpolated, smoothed, type Curve } from './smoothing';

const curve = (y: number[], x = y.map((_, at) => at)): Curve => ({ x, y });
const ema = (y: number[], weight: number) => [...smoothed(curve(y), { kind: 'ema', weight })];

describe('smoothing', () => {
  it('is TensorBoard’s debiased mean', () => {
    // scalarsLoader's resmoothing of 3 2 2.5 1 1.5 at 0.6.
    [3, 2.375, 2.438776, 1.777574, 1.657183].forEach((value, at) => expect(ema([3, 2, 2.5, 1, 1.5], 0.6)[at]).toBeCloseTo(value, 6));
  });

  it('leaves gaps, which do not act on what follows', () => {
    const [, gap, next, endless, last] = ema([3, NaN, 2, Infinity, 2.5], 0.6);
    expect([gap, endless]).toEqual([NaN, NaN]);
    expect(next).toBeCloseTo(2.375, 6);
    expect(last).toBeCloseTo(2.438776, 6);
  });

  it('leaves a constant curve exactly constant, at any weight and by either kind', () => {
    for (const weight of [0.1, 0.6, 0.99, 0.999])
      for (const kind of ['ema', 'time'] as const)
        expect(new Set(smoothed(curve(Array.from({ length: 1000 }, () => 0.1)), { kind, weight }))).toEqual(new Set([0.1]));
  });

  it('by time is W&B’s: of points evenly apart over the whole it is an exponential mean, and far ones act less', () => {
    const even = curve([1, 0, 0], [0, 500, 1000]);
    const kept = Math.sqrt(0.9) ** 500;
    const [, second] = smoothed(even, { kind: 'time', weight: 0.9 });
    expect(second).toBeCloseTo(kept / (kept + 1), 12);
    const near = smoothed(curve([1, 0, 0], [0, 1, 1000]), { kind: 'time', weight: 0.9 });
    expect(near[1]).toBeCloseTo(Math.sqrt(0.9) / (Math.sqrt(0.9) + 1), 12);
    expect(near[1]!).toBeGreaterThan(second!);
  });

  it('at 0 is the curve itself', () => expect(ema([3, 1, 2], 0)).toEqual([3, 1, 2]));
});

describe('a value between points', () => {
  it('is in proportion, from the start before the first and that of the last beyond it', () => {
    const points = curve([100, 300, 1100], [10, 30, 70]);
    const start = { x: 0, y: 0 };
    expect([0, 5, 10, 50, 70, 99].map((at) => interpolated(points, at, start))).toEqual([0, 50, 100, 700, 1100, 1100]);
    expect(interpolated(curve([]), 5, { x: 0, y: 7 })).toBe(7);
    // Two windows of one step: a run that was resumed at its end.
    expect(interpolated(curve([1, 2], [10, 10]), 10, start)).toBe(1);
  });
});

describe('what is in sight', () => {
  it('is every point of a short window, and one beyond either edge', () => {
    const points = inSight(curve([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), 3, 6, 100);
    expect(points.map(({ x }) => x)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(inSight(curve([]), 0, 10, 100)).toEqual([]);
    expect(inSight(curve([5, NaN]), 0, 10, 100)).toEqual([
      { x: 0, y: 5 },
      { x: 1, y: null },
    ]);
  });

  it('keeps the lowest and the highest of a window, its order and its number of points, at every zoom', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 3, maxLength: 3000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (y, one, other) => {
          const [from, to] = [Math.min(one, other) * y.length, Math.max(one, other) * y.length];
          const points = inSight(curve(y), from, to, 100);
          expect(points.length).toBeLessThanOrEqual(100);
          expect(points.every(({ x }, at) => at === 0 || x > points[at - 1]!.x)).toBe(true);
          const seen = y.filter((_, x) => x >= from && x <= to);
          if (seen.length === 0) return;
          expect(Math.max(...points.map((point) => point.y!))).toBeGreaterThanOrEqual(Math.max(...seen));
          expect(Math.min(...points.map((point) => point.y!))).toBeLessThanOrEqual(Math.min(...seen));
        },
      ),
      { numRuns: 60 },
    );
  });
});
