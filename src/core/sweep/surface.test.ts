import { describe, expect, it } from 'vitest';
import fixture from '../../../e2e/parity/fixtures/surface.json';
import { fitSurface, hullOf, surfaceGrid, type SurfacePoint } from './surface';

const pointsOf = (runs: readonly number[][]): SurfacePoint[] => runs.map(([x, y, value]) => ({ x: x!, y: y!, value: value! }));

describe('response surface', () => {
  it.each(fixture.map((found) => [found.form, found] as const))('is the %s that numpy takes, leaving each setting out', (form, found) => {
    const fit = fitSurface(pointsOf(found.runs), { x: false, y: found.logY });
    if ('refused' in fit) throw new Error(fit.refused);
    expect([fit.form, fit.settings]).toEqual([form, found.settings]);
    expect(fit.error).toBeCloseTo(found.error, 6);
    expect(fit.errorOfMean).toBeCloseTo(found.errorOfMean, 9);
    expect(fit.foretold).toBeCloseTo(1 - (found.error / found.errorOfMean) ** 2, 6);
    found.queries.forEach(([x, y], at) => expect(fit.at(x!, y!)).toBeCloseTo(found.predicted[at]!, 5));
  });

  it('says when settings are too few, on a line, or foretell nothing', () => {
    const five = pointsOf([0, 1, 2, 3, 4].flatMap((x) => [0, 1].map(() => [x, x * x, x])));
    expect(fitSurface(five, { x: false, y: false })).toEqual({ refused: 'few', settings: 5 });
    const line = pointsOf([0, 1, 2, 3, 4, 5, 6].map((x) => [x, 2 * x + 1, x]));
    expect(fitSurface(line, { x: false, y: false })).toEqual({ refused: 'line', settings: 7 });
    // Corners of a checkerboard: neighbours always say the opposite.
    const board = pointsOf([0, 1, 2, 3].flatMap((x) => [0, 1, 2, 3].map((y) => [x, y, (x + y) % 2])));
    expect(fitSurface(board, { x: false, y: false })).toEqual({ refused: 'flat', settings: 16 });
    // What has no number, or no logarithm, is no point.
    expect(fitSurface([...five, { x: 9, y: -1, value: 1 }, { x: 8, y: 1, value: NaN }], { x: false, y: true })).toEqual({
      refused: 'few',
      settings: 4,
    });
  });

  it('takes 500 settings in time', () => {
    const many = Array.from({ length: 500 }, (_, at) => ({
      x: (at * 0.618) % 1,
      y: (at * 0.755) % 1,
      value: Math.sin(5 * ((at * 0.618) % 1)),
    }));
    const log = { x: false, y: false };
    const fit = fitSurface(many, log);
    if ('refused' in fit) throw new Error(fit.refused);
    expect(fit).toMatchObject({ form: 'spline', settings: 500 });
    const { at, ...about } = fit;
    expect(surfaceGrid({ points: many, log, x: [0.1, 0.2, 0.3], y: [0.5, 0.6] })).toEqual({
      ...about,
      grid: [at(0.1, 0.5), at(0.2, 0.5), at(0.3, 0.5), at(0.1, 0.6), at(0.2, 0.6), at(0.3, 0.6)],
    });
  });

  it('ends at the hull of its runs', () => {
    expect(
      hullOf([
        [0, 0],
        [1, 0],
        [0.5, 0.2],
        [1, 1],
        [0, 1],
      ]),
    ).toEqual([
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ]);
  });
});
