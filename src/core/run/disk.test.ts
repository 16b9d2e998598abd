import { describe, expect, it } from 'vitest';
import { checkpointDemand, keepThatFits } from './disk';

const recipe = (steps: number, everySteps: number, keep: number) => ({ budget: { steps }, saving: { everySteps, keep } });

describe('space of checkpoints', () => {
  // SmolLM2-135M: 134,515,008 parameters · 4 bytes · (weights + first and second moments)
  it.each([
    [recipe(100, 10, 3), 4],
    [recipe(100, 40, 3), 3],
    [recipe(100, 100, 3), 1],
    [recipe(101, 100, 3), 2],
    [recipe(1, 1, 3), 1],
  ])('%j: %i at once', (one, count) => {
    expect(checkpointDemand(134_515_008, one)).toEqual({ each: 1_614_180_096, count, total: count * 1_614_180_096 });
  });

  it('keeps as many as fit', () => {
    const demand = checkpointDemand(1_000_000, recipe(100, 10, 5));
    expect(demand).toEqual({ each: 12e6, count: 6, total: 72e6 });
    expect([100e6, 71e6, 36e6, 24e6, 23e6].map((free) => keepThatFits(demand, free))).toEqual([5, 4, 2, 1, null]);
    const held = { ...recipe(100, 10, 5), regularisation: { ewc: { lambda: 1, sequences: 8, labels: 'model' as const } } };
    const elastic = checkpointDemand(1_000_000, held);
    expect(elastic).toEqual({ each: 12e6, count: 6, total: 76e6 });
    // An adapter's Fisher information is that of the maps it changes.
    expect(checkpointDemand(1_000_000, held, 9_000_000).total).toBe(72e6 + 36e6);
    expect([76e6, 75e6, 27e6].map((free) => keepThatFits(elastic, free))).toEqual([5, 4, null]);
  });
});
