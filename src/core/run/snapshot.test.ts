import { describe, expect, it } from 'vitest';
import { parseRecipe } from '../recipe/parse';
import { buildSnapshot, settingsAt } from './snapshot';
import type { CheckpointRecord, EvaluationRow, LiveChange, MetricRow, RunRecord } from './types';

const recipe = parseRecipe({
  version: 2,
  name: 'test',
  base: 'nano',
  sequenceLength: 8,
  channels: [
    { id: 'en', corpus: 'en', role: 'general', share: 0.75 },
    { id: 'law', corpus: 'domain-legal', role: 'domain', share: 0.25 },
  ],
  strategy: { kind: 'mixed' },
  schedule: { kind: 'linear', peakLr: 0.01, minRatio: 0, warmup: { unit: 'steps', value: 2 } },
  batchSize: 4,
  optimizer: {},
  budget: { steps: 12 },
  evaluation: { everySteps: 5, rowsPerChannel: 1 },
  saving: { everySteps: 5 },
  logging: { everySteps: 2 },
  stopping: { early: null, forgetting: null },
  seed: 1,
});

const evaluation = (step: number, en: number, law: number): EvaluationRow => ({
  step,
  channels: { en: { loss: en, tokens: 30, bytes: 90 }, law: { loss: law, tokens: 10, bytes: 30 } },
  retention: null,
});
const row = (step: number, en: number | null, law: number, counts: [number, number]): MetricRow => ({
  step,
  lr: 0.01,
  gradNorm: 0.5,
  stepMs: 40,
  tokens: step * 32,
  loss: { en, law },
  count: { en: counts[0], law: counts[1] },
  total: ((en ?? 0) * counts[0] + law * counts[1]) / (counts[0] + counts[1]),
});
const changes: LiveChange[] = [
  { step: 2, at: 1, settings: { shares: { en: 0.5, law: 0.5 } } },
  { step: 4, at: 2, settings: { schedule: { ...recipe.schedule, peakLr: 0.02, warmup: { unit: 'ratio', value: 0.5 } } } },
];
const record: RunRecord = {
  id: 'r1',
  name: 'a run',
  createdAt: 0,
  updatedAt: 0,
  state: 'running',
  stopReason: null,
  error: null,
  recipe,
  changes,
  step: 4,
  tokens: 128,
  trainTokens: { en: 100, law: 20 },
  device: 'cpu',
  base: evaluation(0, 3, 4),
  latest: null,
};
const checkpoint: CheckpointRecord = { runId: 'r1', step: 4, at: 0, bytes: 1, reason: 'periodic', evaluation: null };

describe('the snapshot of a run', () => {
  const snapshot = buildSnapshot(
    record,
    {
      rows: [row(2, 2, 5, [48, 16]), row(4, null, 4, [0, 64])],
      evaluations: [evaluation(0, 3, 4), evaluation(4, 3 + Math.LN2, 3)],
      events: [{ event: 'pause', step: 3, at: 0 }],
    },
    [checkpoint],
  );

  it('shows meters: last loss seen, share now, tokens and epochs of the channel text', () => {
    expect(snapshot.channels).toEqual([
      { id: 'en', role: 'general', share: 0.5, trainLoss: 2, heldOutLoss: 3 + Math.LN2, baseLoss: 3, tokens: 48, epochs: 0.48 },
      { id: 'law', role: 'domain', share: 0.5, trainLoss: 4, heldOutLoss: 3, baseLoss: 4, tokens: 80, epochs: 4 },
    ]);
    expect(snapshot.retention).toBeCloseTo(0.5, 12);
  });

  it('shows speed and the time left', () => {
    expect(snapshot.tokensPerSecond).toBeCloseTo(64 / 0.08, 9);
    expect(snapshot.etaSeconds).toBeCloseTo(8 * 0.04, 9);
    expect(snapshot.steps).toBe(12);
  });

  it('draws series with gaps where a channel had no tokens', () => {
    expect(snapshot.train['en']).toEqual({ x: [2, 4], y: [2, Number.NaN] });
    expect(snapshot.train['total']?.y).toEqual([(2 * 48 + 5 * 16) / 64, 4]);
    expect(snapshot.heldOut['law']).toEqual({ x: [0, 4], y: [4, 3] });
    expect(snapshot.heldOut['total']?.y[0]).toBeCloseTo(3.25, 12);
    expect(snapshot.retentionSeries.y[0]).toBe(1);
    expect(snapshot.retentionSeries.y[1]).toBeCloseTo(0.5, 12);
  });

  it('marks what happened, in order', () => {
    expect(snapshot.markers).toEqual([
      { step: 0, kind: 'evaluation', detail: '' },
      { step: 2, kind: 'shares', detail: 'en 75 → 50 %, law 25 → 50 %' },
      { step: 3, kind: 'pause', detail: '' },
      { step: 4, kind: 'lr', detail: '0.01 → 0.02' },
      { step: 4, kind: 'warmup', detail: '2 → 6' },
      { step: 4, kind: 'evaluation', detail: '' },
      { step: 4, kind: 'checkpoint', detail: '' },
    ]);
  });

  it('has the learning rate of the step about to be computed, changes included', () => {
    expect(snapshot.lr).toBeCloseTo((0.02 * 4) / 6, 12); // in warmup: step 4 of 6
    expect(settingsAt(recipe, changes, 3).schedule.peakLr).toBe(0.01);
    expect(settingsAt(recipe, changes, 1).shares).toEqual({ en: 0.75, law: 0.25 });
  });
});
