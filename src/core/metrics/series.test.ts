import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rng } from '../rng/rng';
import { GrowingSeries, MAX_POINTS, type Series } from './series';

function grown(x: readonly number[], y: readonly (number | null)[]): GrowingSeries {
  const series = new GrowingSeries();
  x.forEach((step, at) => series.push(step, y[at]!));
  return series;
}

describe('a growing series', () => {
  it('leaves short series as they are', () => {
    expect(new GrowingSeries().series()).toEqual({ x: [], y: [] });
    expect(grown([1, 2], [3, 4]).series()).toEqual({ x: [1, 2], y: [3, 4] });
    const x = Array.from({ length: MAX_POINTS }, (_, at) => at);
    expect(grown(x, x).series()).toEqual({ x, y: x });
  });

  it('keeps a spike in every picture, and moves no point that was drawn', () => {
    const random = new Rng(5);
    const series = new GrowingSeries();
    let before: Series | null = null;
    for (let step = 1; step <= 20_000; step++) {
      series.push(step, step === 7777 ? 9 : 2.5 + (random.uniform() - 0.5) / 5);
      if (step % 100 !== 0) continue;
      const now = series.series();
      if (step > 7777) expect(now.y).toContain(9);
      // What stands below step 7,000 stood there before: points go when a picture gets too full, and none comes or changes.
      const drawn = new Map(before?.x.map((x, at) => [x, before!.y[at]]) ?? []);
      if (before) for (const [at, x] of now.x.entries()) if (x < Math.min(7000, step - 100)) expect(drawn.get(x)).toBe(now.y[at]);
      before = now;
    }
  });

  it('remembers where a value was no finite number, and shows a gap there', () => {
    const series = grown([1, 2, 3, 4], [3, Number.NaN, null, Infinity]);
    expect(series.series()).toEqual({ x: [1, 2, 3, 4], y: [3, Number.NaN, Number.NaN, Number.NaN], broken: [2, 4] });
  });

  it('never gives more than 400 points and keeps order, ends, lowest and highest', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 401, maxLength: 3000 }), (y) => {
        const x = y.map((_, at) => at);
        const out = grown(x, y).series();
        expect(out.x.length).toBeLessThanOrEqual(MAX_POINTS);
        expect(out.x[0]).toBe(0);
        expect(out.x.at(-1)).toBe(y.length - 1);
        expect(out.x.every((value, at) => at === 0 || value > out.x[at - 1]!)).toBe(true);
        expect(Math.max(...out.y)).toBe(Math.max(...y));
        expect(Math.min(...out.y)).toBe(Math.min(...y));
      }),
      { numRuns: 50 },
    );
  });

  it('has at least 200 points of a longer one, each a point that was added, with every spike', () => {
    const spikes = new Map([
      [17, 9],
      [5000, -3],
      [64_321, 12],
      [99_998, 4],
    ]);
    const series = new GrowingSeries();
    for (let step = 0; step < 100_000; step++) series.push(step, spikes.get(step) ?? 1 + (step % 7) / 100);
    const { x, y } = series.series();
    expect(x.length).toBeGreaterThanOrEqual(200);
    for (const [step, value] of spikes) expect(y[x.indexOf(step)]).toBe(value);
    expect(x.every((step, at) => y[at] === (spikes.get(step) ?? 1 + (step % 7) / 100))).toBe(true);
  });

  it('keeps gaps', () => {
    const series = new GrowingSeries();
    for (let step = 0; step < 1000; step++) series.push(step, step > 300 && step < 700 ? null : 1);
    const { x, y } = series.series();
    expect(y.some((value, at) => Number.isNaN(value) && x[at]! > 400 && x[at]! < 600)).toBe(true);
  });

  it('gives the same object until a point is added', () => {
    const series = grown([1, 2], [3, 4]);
    const before = series.series();
    expect(series.series()).toBe(before);
    series.push(3, 5);
    expect(series.series()).not.toBe(before);
  });
});
