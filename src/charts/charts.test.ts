import { describe, expect, it } from 'vitest';
import type { RunEvent, SettingEvent } from '../core/run/events';
import { overlayAxis, overlayChannels, overlayLines, meanOf, type OverlayLook, type OverlayRun } from './overlay-lines';
import { loggedKinds, meanShares } from './SmallCharts';
import { curveEvents, laneEvents, largestMove } from './chart-events';
import { exampleRecipe, exampleRun, exampleWindows } from '../core/run/example-run';
import {
  domainEpoch,
  lineEnd,
  lossBounds,
  lossLines,
  placeOnAxis,
  retentionLevel,
  stepAt,
  valueAt,
  wholeAxis,
  type ChartLook,
  type LossLine,
} from './loss-lines';

const line = (train: [number, number | null][], heldOut: [number, number | null][], base: number | null): LossLine => ({
  id: 'zh',
  colour: '',
  train: train.map(([x, y]) => ({ x, y })),
  raw: [],
  heldOut: heldOut.map(([x, y]) => ({ x, y })),
  base,
  broken: [],
});

const look = (change: Partial<ChartLook> = {}): ChartLook => ({
  ...{ figure: 'loss', axis: 'step', smoothing: { kind: 'ema', weight: 0 }, log: false, inliers: false },
  ...change,
});
const all = { from: 0, to: 100 };
const numbers = (...values: number[]) => Float64Array.from(values);
/** Three windows of 10, 20 and 40 steps, the last ones slower. */
const run = {
  recipe: exampleRecipe,
  steps: 100,
  base: { zh: 3, en: 2.5, domain: 4 },
  bytesPerToken: { zh: 3 },
  train: { zh: { x: [10, 30, 70], y: [3.1, 3.2, 3.3] } },
  heldOut: { zh: { x: [0, 70], y: [3, 3.1] }, domain: { x: [0, 70], y: [4, 3.5] }, total: { x: [0], y: [3.2] } },
  windows: exampleWindows({
    step: [10, 30, 70],
    tokens: [1000, 3000, 7000],
    seconds: [1, 3, 11],
    domainTokens: [100, 500, 900],
    loss: { zh: numbers(3.1, 3.2, 3.3), en: numbers(2.5, NaN, 2.6), domain: numbers(4, 3.8, 3.4), total: numbers(3.2, 3.2, 3.1) },
  }),
};
const shown = (change: Partial<ChartLook>, sight = all) => lossLines(run, look(change), sight);

describe('loss lines', () => {
  it('bounds all values and the base by round ticks', () => {
    const { min, max, ticks } = lossBounds(
      [
        line(
          [
            [0, 3.31],
            [5, null],
          ],
          [[0, 4.6]],
          4.7,
        ),
      ],
      look(),
      all,
    );
    expect([min, max]).toEqual([3, 5]);
    expect(ticks).toEqual([3, 3.5, 4, 4.5, 5]);
  });

  it('bounds what is in sight, and a logarithmic axis by 1, 2 and 5', () => {
    const spike = [
      line(
        [
          [10, 3],
          [50, 900],
          [90, 3.2],
        ],
        [],
        null,
      ),
    ];
    expect(lossBounds(spike, look(), { from: 0, to: 20 }).max).toBeLessThan(5);
    const { ticks, min, max } = lossBounds(spike, look({ figure: 'perplexity', log: true }), all);
    expect(ticks).toEqual([5, 10, 20, 50, 100, 200, 500]);
    expect([min < 3, max > 900]).toEqual([true, true]);
  });

  it('marks a loss that is no number at the height of the last one that was', () => {
    const train = { en: { x: [1, 2, 3, 4], y: [3, 2.5, NaN, NaN], broken: [3, 4] }, law: { x: [1], y: [NaN], broken: [1] } };
    const lines = lossLines({ ...run, base: { law: 4 }, train }, look(), all);
    const marks = Object.fromEntries(lines.map(({ id, broken }) => [id, broken]));
    expect(marks['en']).toEqual([
      { x: 3, y: 2.5 },
      { x: 4, y: 2.5 },
    ]);
    expect(marks['total']).toEqual([]);
  });

  it('shows losses against the base, per byte, as perplexity and as retention of general channels', () => {
    const [zh, , domain] = shown({ figure: 'delta' });
    expect(zh!.heldOut.map(({ y }) => y)).toEqual([0, expect.closeTo(0.1, 12)]);
    expect(domain!.heldOut.at(-1)!.y).toBeCloseTo(-0.5, 12);
    expect([zh!.base, domain!.base]).toEqual([0, 0]);
    // nats / (bytes · ln 2); channels whose bytes are not known are left out.
    const bits = shown({ figure: 'bits' });
    expect(bits.map(({ id }) => id)).toEqual(['zh']);
    expect(bits[0]!.heldOut[0]!.y).toBeCloseTo(3 / (3 * Math.LN2), 12);
    expect(shown({ figure: 'perplexity' })[0]!.train[0]!.y).toBeCloseTo(Math.exp(3.1), 10);
    const retention = shown({ figure: 'retention' });
    expect(retention.map(({ id }) => id)).toEqual(['zh', 'en']);
    expect(retention[0]!.heldOut.at(-1)!.y).toBeCloseTo(Math.exp(-0.1), 12);
    expect(Math.exp(-retentionLevel('delta')!)).toBeCloseTo(retentionLevel('retention')!, 12);
  });

  it('smooths train losses, the plain line behind them, gaps kept', () => {
    const [zh, en] = shown({ smoothing: { kind: 'ema', weight: 0.6 } });
    expect(zh!.raw.map(({ y }) => y)).toEqual([3.1, 3.2, 3.3]);
    expect(zh!.train[1]!.y).toBeCloseTo((3.1 * 0.6 * 0.4 + 3.2 * 0.4) / (1 - 0.36), 12);
    expect(en!.train[1]!.y).toBeNull();
    expect(shown({})[0]!.raw).toEqual([]);
  });

  it('goes by tokens and by time, and has a neighbour beyond either edge of what is in sight', () => {
    expect(shown({ axis: 'tokens' }, { from: 0, to: 7000 })[0]!.train.map(({ x }) => x)).toEqual([1000, 3000, 7000]);
    const place = placeOnAxis('time', run.windows);
    expect([0, 5, 10, 50, 70, 99].map(place)).toEqual([0, 0.5, 1, 7, 11, 11]);
    expect(shown({ axis: 'time' }, { from: 0, to: 11 })[0]!.heldOut.at(-1)!.x).toBe(11);
    expect(wholeAxis(run, 'time')).toEqual({ from: 0, to: 11 });
    expect(wholeAxis(run, 'step')).toEqual({ from: 0, to: 100 });
    expect(shown({}, { from: 20, to: 40 })[0]!.train.map(({ x }) => x)).toEqual([10, 30, 70]);
  });

  it('goes by epochs of the domain: its tokens over those of its text', () => {
    const domain = { id: 'domain', role: 'domain', tokens: 900, epochs: 1.5 } as const;
    const epoch = domainEpoch([{ ...exampleRun({}).channels[2]!, ...domain }, exampleRun({}).channels[0]!]);
    expect(epoch).toBe(600);
    expect(wholeAxis(run, 'epochs', epoch)).toEqual({ from: 0, to: 1.5 });
    expect([10, 30, 50, 70].map(placeOnAxis('epochs', run.windows, epoch))).toEqual([1 / 6, 5 / 6, 7 / 6, 1.5]);
    expect([1 / 6, 5 / 6, 1.5].map(stepAt('epochs', run.windows, epoch))).toEqual([10, 30, 70]);
    expect(domainEpoch(exampleRun({}, { epochs: 0 }).channels)).toBeNull();
  });

  it('fits the axis without outliers to what is within three interquartile ranges of the middle half', () => {
    // numpy.percentile([3, 3.1, 3.2, 3.3, 900], [25, 75]) is [3.1, 3.3]: from 2.5 to 3.9.
    const values = [3, 3.1, 3.2, 3.3, 900].map((y, x): [number, number] => [x, y]);
    const bounds = (inliers: boolean) => lossBounds([line(values, [], null)], look({ figure: 'perplexity', inliers }), all);
    expect(bounds(false).max).toBeGreaterThan(900);
    expect(bounds(true).max).toBeLessThan(4);
  });

  it('has bounds without data', () => {
    expect(lossBounds([], look(), all).ticks).toEqual([2, 3, 4, 5]);
  });

  it('ends a line at its held-out loss once there is more than the base, else at its last train loss', () => {
    expect(
      lineEnd(
        line(
          [
            [5, 4],
            [10, null],
          ],
          [[0, 4.2]],
          4.2,
        ),
      ),
    ).toEqual({ x: 5, y: 4, split: 'train' });
    expect(
      lineEnd(
        line(
          [[55, 4]],
          [
            [0, 4.2],
            [50, 4.1],
          ],
          4.2,
        ),
      ),
    ).toEqual({ x: 55, y: 4.1, split: 'heldOut' });
    expect(lineEnd(line([], [], null))).toBeNull();
  });

  it('finds the nearest point', () => {
    const points = [0, 10, 20].map((x) => ({ x, y: x }));
    expect(valueAt(points, 14)?.x).toBe(10);
    expect(valueAt(points, 16)?.x).toBe(20);
    expect(valueAt([], 1)).toBeNull();
  });
});

describe('several runs', () => {
  const overlayLook = (change: Partial<OverlayLook> = {}): OverlayLook => ({
    ...{ figure: 'loss', axis: 'step', smoothing: { kind: 'ema', weight: 0 }, curves: 'both' },
    ...{ colour: 'run', band: 'deviation', baseline: null },
    ...change,
  });
  const runOf = (id: string, zh: number[], seed = 1, group: string | null = null): OverlayRun => ({
    id,
    group,
    view: {
      ...exampleRun({ zh }),
      recipe: { ...exampleRecipe, channels: exampleRecipe.channels.slice(0, 1), seed },
      windows: exampleWindows({ step: zh.map((_, at) => at * 10), loss: { zh: Float64Array.from(zh) } }),
    },
  });
  const drawn = (runs: OverlayRun[], change: Partial<OverlayLook> = {}) =>
    overlayLines(runs, overlayChannels(runs), overlayLook(change), { from: 0, to: 100 });

  it('have a line a run and channel: colour and shape of the run, dash of the channel, or the other way', () => {
    const runs = [runOf('a', [3, 2]), runOf('b', [3, 1])];
    const [a, b] = drawn(runs);
    expect([a!.run, a!.channel, b!.run]).toEqual(['a', 'zh', 'b']);
    expect(a!.colour).not.toBe(b!.colour);
    expect(a!.shape).not.toBe(b!.shape);
    expect(a!.dash).toBe(b!.dash);
    const [c, d] = drawn(runs, { colour: 'channel' });
    expect([c!.colour === d!.colour, c!.dash === d!.dash]).toEqual([true, false]);
    expect(overlayAxis(runs, 'step')).toEqual({ from: 0, to: 100 });
    expect(drawn(runs, { curves: 'train' })[0]!.heldOut).toEqual([]);
    // Logs that do not say how long their texts are have no epochs.
    expect(drawn(runs, { axis: 'epochs' })).toEqual([]);
  });

  it('against a run are differences at the same place, and end where it ends', () => {
    const [b, none] = drawn([runOf('a', [3, 2]), runOf('b', [3, 1.5, 1])], { baseline: 'a' });
    expect([b!.run, none]).toEqual(['b', undefined]);
    expect(b!.heldOut.map(({ y }) => y)).toEqual([0, -0.5, null]);
    expect(b!.train.map(({ y }) => y)).toEqual([0, -0.5, null]);
    expect(b!.base).toBe(0);
  });

  it('of a group are their mean with a band, as far as all of them go', () => {
    const runs = [
      runOf('a', [3, 2, 1], 1, 'g'),
      runOf('b', [3.4, 2.6, 2], 2, 'g'),
      runOf('c', [2.9, 2.3], 3, 'g'),
      runOf('d', [4], 1, 'h'),
    ];
    const [mean, other] = drawn(runs);
    expect([mean!.run, other!.run]).toEqual(['g', 'h']);
    expect(mean!.heldOut.map(({ x }) => x)).toEqual([0, 10]);
    // numpy: mean([2, 2.6, 2.3]) and std([2, 2.6, 2.3], ddof=1); mean([3, 3.4, 2.9]) and std(…).
    expect(mean!.heldOut[1]!.y).toBeCloseTo(2.3, 12);
    expect(mean!.band![1]!.high - 2.3).toBeCloseTo(0.3, 12);
    expect(mean!.band![0]!.high - mean!.heldOut[0]!.y!).toBeCloseTo(0.26457513110645903, 12);
    expect(drawn(runs, { band: 'range' })[0]!.band![0]).toEqual({ x: 0, low: 2.9, high: 3.4 });
    expect(other!.band).toBeUndefined();
    expect(meanOf([0], [() => 1], 'range')).toEqual({ mean: [{ x: 0, y: 1 }], band: [] });
  });
});

describe('small charts', () => {
  it('are of what was logged, and of a mixture only', () => {
    const logged = {
      ...run.windows.logged,
      lr: numbers(1e-4, 2e-4, 0),
      gradNorm: numbers(NaN, NaN, NaN),
      lossScale: numbers(NaN, 1024, 1024),
    };
    const shares = { zh: numbers(0.5, 0.6, 0.7), domain: numbers(0.5, 0.4, 0.3) };
    expect(loggedKinds({ windows: { ...run.windows, logged, shares } })).toEqual(['lr', 'mixture', 'lossScale']);
    expect(loggedKinds(run)).toEqual([]);
  });

  it('average shares over stretches, one window beyond what is in sight', () => {
    const x = numbers(10, 20, 30, 40, 50, 60);
    const shares = [numbers(0.1, 0.2, 0.3, NaN, 0.5, 0.6), numbers(0.9, 0.8, 0.7, NaN, 0.5, 0.4)];
    expect(meanShares(x, shares, 0, 100, 3)).toEqual([
      { x: 10, shares: [expect.closeTo(0.15, 12), expect.closeTo(0.85, 12)] },
      { x: 30, shares: [0.3, 0.7] },
      { x: 50, shares: [expect.closeTo(0.55, 12), expect.closeTo(0.45, 12)] },
    ]);
    expect(meanShares(x, shares, 20, 30, 9).map((point) => point.x)).toEqual([10, 20, 30]);
  });
});

describe('events', () => {
  const mixture = (step: number, before: Record<string, number>, after: Record<string, number>) =>
    ({ type: 'mixture', step, at: 0, before, after }) satisfies SettingEvent;

  it('join the moves of one drag', () => {
    const events: RunEvent[] = [
      mixture(100, { zh: 0.35, domain: 0.167 }, { zh: 0.34, domain: 0.18 }),
      mixture(101, { zh: 0.34, domain: 0.18 }, { zh: 0.32, domain: 0.22 }),
      { type: 'evaluation', step: 150, at: null, retention: null },
      mixture(200, { domain: 0.22 }, { domain: 0.1 }),
    ];
    expect(curveEvents(events, 250)).toEqual([
      { type: 'mixture', step: 101, since: 100, at: 0, before: { zh: 0.35, domain: 0.167 }, after: { zh: 0.32, domain: 0.22 } },
      events[3],
    ]);
    expect(laneEvents(events)).toHaveLength(1);
  });

  it('join single values and drop what came back', () => {
    const rate = (step: number, before: number, after: number): RunEvent => ({ type: 'learning-rate', step, at: 0, before, after });
    expect(curveEvents([rate(3, 0.0003, 0.001), rate(4, 0.001, 0.002)], 100)).toMatchObject([{ before: 0.0003, after: 0.002 }]);
    expect(curveEvents([mixture(3, { zh: 0.35 }, { zh: 0.3 }), mixture(4, { zh: 0.3 }, { zh: 0.35 })], 100)).toEqual([]);
    expect(curveEvents([rate(3, 0.001, 0.002), rate(4, 0.002, 0.001)], 100)).toEqual([]);
  });

  it('name the largest move', () => {
    const { channel, by } = largestMove(mixture(1, { zh: 0.35, domain: 0.167 }, { zh: 0.33, domain: 0.22 }));
    expect([channel, by]).toEqual(['domain', expect.closeTo(0.053, 12)]);
  });

  it('leave out the end by the budget, and a schedule that bends nothing', () => {
    const shape = { kind: 'constant', minRatio: 0.1, decayRatio: 0.1, decayShape: 'linear' } as const;
    const events: RunEvent[] = [
      { type: 'started', step: 0, at: 1 },
      { type: 'schedule', step: 2, at: 1, before: shape, after: { ...shape, minRatio: 0.5 } },
      { type: 'paused', step: 4, at: 1 },
      { type: 'stopped', step: 9, at: 1, reason: 'budget' },
    ];
    expect(curveEvents(events, 100).map(({ type }) => type)).toEqual(['paused']);
    expect(curveEvents([{ type: 'stopped', step: 9, at: 1, reason: 'person' }], 100)).toHaveLength(1);
  });
});
