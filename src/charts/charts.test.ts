import { describe, expect, it } from 'vitest';
import type { RunEvent, SettingEvent } from '../core/run/events';
import { curveEvents, laneEvents, largestMove } from './chart-events';
import { exampleRecipe } from '../core/run/example-run';
import { lineEnd, lossDomain, lossLines, valueAt, type LossLine } from './loss-lines';

const line = (train: [number, number | null][], heldOut: [number, number | null][], base: number | null): LossLine => ({
  id: 'zh',
  colour: '',
  train: train.map(([x, y]) => ({ x, y })),
  heldOut: heldOut.map(([x, y]) => ({ x, y })),
  base,
  broken: [],
});

describe('loss lines', () => {
  it('bounds all values and the base by round ticks', () => {
    const { min, max, ticks } = lossDomain([
      line(
        [
          [0, 3.31],
          [5, null],
        ],
        [[0, 4.6]],
        4.7,
      ),
    ]);
    expect([min, max]).toEqual([3, 5]);
    expect(ticks).toEqual([3, 3.5, 4, 4.5, 5]);
  });

  it('marks a loss that is no number at the height of the last one that was', () => {
    const train = { en: { x: [1, 2, 3, 4], y: [3, 2.5, NaN, NaN], broken: [3, 4] }, law: { x: [1], y: [NaN], broken: [1] } };
    const lines = lossLines({ recipe: exampleRecipe, base: { law: 4 }, train, heldOut: {} });
    const marks = Object.fromEntries(lines.map(({ id, broken }) => [id, broken]));
    expect(marks['en']).toEqual([
      { x: 3, y: 2.5 },
      { x: 4, y: 2.5 },
    ]);
    expect(marks['total']).toEqual([]);
  });

  it('has bounds without data', () => {
    expect(lossDomain([]).ticks).toEqual([2, 3, 4, 5]);
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
