import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paretoFront, type GainRetention } from './pareto';

const point = (gain: number, retention: number): GainRetention => ({ gain, retention });
/** The definition, word for word. */
const dominates = (one: GainRetention, other: GainRetention) =>
  one.gain >= other.gain && one.retention >= other.retention && (one.gain > other.gain || one.retention > other.retention);

describe('paretoFront', () => {
  it('keeps what nothing beats in both', () => {
    const points = [point(0.8, 0.93), point(0.5, 0.97), point(0.4, 0.95), point(0.9, 0.7), point(0.8, 0.9), point(0, 1)];
    expect(paretoFront(points)).toEqual([point(0, 1), point(0.5, 0.97), point(0.8, 0.93), point(0.9, 0.7)]);
  });

  it('keeps equal points together and leaves out what has no figures', () => {
    expect(paretoFront([point(1, 0.9), point(1, 0.9), point(NaN, 2), point(3, -Infinity)])).toEqual([point(1, 0.9), point(1, 0.9)]);
    expect(paretoFront([])).toEqual([]);
  });

  it('is the set of points that none dominates, in order, whatever the order they came in', () => {
    // Few values, so that equals and ties are met.
    const few = fc.integer({ min: -3, max: 3 });
    fc.assert(
      fc.property(fc.array(fc.record({ gain: few, retention: few }), { maxLength: 30 }), (points) => {
        const front = new Set(paretoFront(points));
        for (const one of points) expect(front.has(one)).toBe(!points.some((other) => dominates(other, one)));
        const ordered = [...front];
        for (let at = 1; at < ordered.length; at += 1) {
          expect(ordered[at]!.gain).toBeGreaterThanOrEqual(ordered[at - 1]!.gain);
          expect(ordered[at]!.retention).toBeLessThanOrEqual(ordered[at - 1]!.retention);
        }
      }),
    );
  });
});
