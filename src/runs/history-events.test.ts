import { describe, expect, it } from 'vitest';
import { recipeSchema } from '../core/recipe/schema';
import type { RunRecord } from '../core/run/types';
import { runHistory } from './history-events';

const recipe = recipeSchema.parse({
  version: 2,
  name: 'r',
  base: 'nano',
  sequenceLength: 128,
  channels: [
    { id: 'en', corpus: 'en', role: 'general', share: 0.8 },
    { id: 'domain', corpus: 'domain', role: 'domain', share: 0.2 },
  ],
  strategy: { kind: 'mixed' },
  schedule: { kind: 'cosine', peakLr: 1e-3, warmup: { unit: 'ratio', value: 0.03 } },
  batchSize: 8,
  optimizer: {},
  budget: { steps: 100 },
  evaluation: { everySteps: 50, rowsPerChannel: 4 },
  saving: { everySteps: 50 },
  logging: { everySteps: 5 },
  stopping: { early: null, forgetting: null },
  seed: 1,
});
const run: RunRecord = {
  id: 'x',
  name: 'r',
  createdAt: 10,
  updatedAt: 99,
  state: 'stopped',
  stopReason: 'person',
  error: null,
  recipe,
  changes: [
    { step: 20, at: 20, settings: { shares: { en: 0.7, domain: 0.3 } } },
    { step: 50, at: 30, settings: { schedule: { ...recipe.schedule, peakLr: 5e-4, warmup: { unit: 'steps', value: 10 } } } },
  ],
  step: 70,
  tokens: 1,
  trainTokens: {},
  device: 'cpu',
  base: null,
  latest: null,
};

describe('runHistory', () => {
  const events = runHistory(
    run,
    [
      { step: 0, channels: {}, retention: 1 },
      { step: 50, channels: {}, retention: 0.97 },
    ],
    [{ runId: 'x', step: 50, at: 31, bytes: 9, reason: 'periodic', evaluation: null }],
  );

  it('is sorted by step, changes before what they led to', () => {
    expect(events.map((event) => `${event.step} ${event.kind}`)).toEqual([
      '0 start',
      '0 evaluation',
      '20 shares',
      '50 schedule',
      '50 schedule',
      '50 evaluation',
      '50 checkpoint',
      '70 end',
    ]);
  });

  it('says from what to what', () => {
    expect(events[2]).toMatchObject({ from: { en: 0.8, domain: 0.2 }, to: { en: 0.7, domain: 0.3 } });
    expect(events[3]).toMatchObject({ field: 'peakLr', from: 1e-3, to: 5e-4 });
    expect(events[4]).toMatchObject({ field: 'warmup', from: '3 %', to: 10 });
  });

  it('reads a drag as one move', () => {
    const drag = [0.75, 0.72, 0.7].map((en, at) => ({ step: 20 + 2 * at, at, settings: { shares: { en, domain: 1 - en } } }));
    const moves = runHistory({ ...run, changes: drag }, [], []).filter((event) => event.kind === 'shares');
    expect(moves).toHaveLength(1);
    expect(moves[0]).toMatchObject({ step: 24, from: { en: 0.8 }, to: { en: 0.7 } });
  });

  it('has no end while the run goes on', () => {
    expect(runHistory({ ...run, state: 'running' }, [], []).some((event) => event.kind === 'end')).toBe(false);
  });
});
