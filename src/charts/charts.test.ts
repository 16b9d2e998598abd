import { describe, expect, it } from 'vitest';
import { eventGroups, joinDetails, laneMarkers, mainMove } from './event-groups';
import { lineEnd, lossDomain, spreadLabels, stepTicks, valueAt, type LossLine } from './loss-lines';

const line = (train: [number, number | null][], heldOut: [number, number | null][], base: number | null): LossLine => ({
  id: 'zh',
  colour: '',
  train: train.map(([x, y]) => ({ x, y })),
  heldOut: heldOut.map(([x, y]) => ({ x, y })),
  base,
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

  it('has bounds without data', () => {
    expect(lossDomain([]).ticks).toEqual([2, 3, 4, 5]);
  });

  it('ticks whole steps', () => {
    expect(stepTicks(300)).toEqual([0, 50, 100, 150, 200, 250, 300]);
    expect(stepTicks(3)).toEqual([0, 1, 2, 3]);
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

  it('spreads labels without changing their order', () => {
    expect(spreadLabels([50, 52, 10], 14, 0, 100)).toEqual([50, 64, 10]);
    expect(spreadLabels([98, 99], 14, 0, 100)).toEqual([86, 100]);
  });

  it('finds the nearest point', () => {
    const points = [0, 10, 20].map((x) => ({ x, y: x }));
    expect(valueAt(points, 14)?.x).toBe(10);
    expect(valueAt(points, 16)?.x).toBe(20);
    expect(valueAt([], 1)).toBeNull();
  });
});

describe('events', () => {
  it('joins the moves of one drag', () => {
    const markers = [
      { step: 100, kind: 'shares', detail: 'zh 35 → 34 %, domain 16.7 → 18 %' },
      { step: 101, kind: 'shares', detail: 'zh 34 → 32 %, domain 18 → 22 %' },
      { step: 200, kind: 'shares', detail: 'domain 22 → 10 %' },
      { step: 150, kind: 'evaluation', detail: '' },
    ] as const;
    expect(eventGroups(markers, 5)).toEqual([
      { step: 101, kind: 'shares', detail: 'zh 35 → 32 %, domain 16.7 → 22 %' },
      { step: 200, kind: 'shares', detail: 'domain 22 → 10 %' },
    ]);
    expect(laneMarkers(markers)).toHaveLength(1);
  });

  it('joins unnamed values and drops what came back', () => {
    expect(joinDetails('0.0003 → 0.001', '0.001 → 0.002')).toBe('0.0003 → 0.002');
    expect(joinDetails('zh 35 → 30 %', 'zh 30 → 35 %')).toBe('');
  });

  it('names the largest move', () => {
    expect(mainMove('zh 35 → 33 %, domain 16.7 → 22 %')).toBe('domain 16.7 → 22 %');
    expect(mainMove('cosine → wsd')).toBe('cosine → wsd');
  });
});
