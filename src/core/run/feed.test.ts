import { recipeWith } from './example-run';
import { serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import type { Recipe } from '../recipe/schema';
import { RunFeed, storedRun, type RunMessage } from './feed';
import { settingsAt } from './live-changes';
import type { CheckpointRecord, EvaluationRow, LiveChange, MetricRow, RunRecord } from './types';
import { rowWidth } from './metric-table';
import { FollowedRun, openView, viewOf } from './view';

const recipe = recipeWith({
  sequenceLength: 8,
  channels: [
    { id: 'en', corpus: 'en', role: 'general', share: 0.75 },
    { id: 'law', corpus: 'domain-legal', role: 'domain', share: 0.25 },
  ],
  schedule: { kind: 'linear', peakLr: 0.01, minRatio: 0, warmup: { unit: 'steps', value: 2 } },
  batchSize: 4,
  budget: { steps: 12 },
  evaluation: { everySteps: 5, rowsPerChannel: 1 },
  saving: { everySteps: 5 },
  logging: { everySteps: 2 },
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
  createdAt: 7,
  updatedAt: 8,
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
const checkpoint: CheckpointRecord = { runId: 'r1', step: 4, at: 5, bytes: 1, reason: 'periodic', evaluation: null };
const rows = [row(2, 2, 5, [48, 16]), row(4, null, 4, [0, 64])];
const evaluations = [evaluation(0, 3, 4), evaluation(4, 3 + Math.LN2, 3)];

describe('a stored run', () => {
  const view = viewOf(storedRun(record, { rows, evaluations, events: [{ type: 'paused', step: 3, at: 0 }] }, [checkpoint]));

  it('shows meters: last loss seen, share now, tokens and epochs of the channel text', () => {
    expect(view.channels).toEqual([
      { id: 'en', role: 'general', share: 0.5, trainLoss: 2, heldOutLoss: 3 + Math.LN2, baseLoss: 3, tokens: 48, epochs: 0.48 },
      { id: 'law', role: 'domain', share: 0.5, trainLoss: 4, heldOutLoss: 3, baseLoss: 4, tokens: 80, epochs: 4 },
    ]);
    expect(view.retention).toBeCloseTo(0.5, 12);
  });

  it('keeps what was logged beside the losses, and how much of the domain was read', () => {
    const { logged, shares, domainTokens } = view.windows;
    expect([...logged.lr, ...logged.gradNorm]).toEqual([0.01, 0.01, 0.5, 0.5]);
    expect([...logged.tokensPerSecond]).toEqual([expect.closeTo(64 / 0.08, 9), expect.closeTo(64 / 0.08, 9)]);
    expect([...logged.lossScale]).toEqual([NaN, NaN]);
    expect([[...shares['en']!], [...shares['law']!]]).toEqual([
      [0.75, 0],
      [0.25, 1],
    ]);
    expect([...domainTokens]).toEqual([16, 80]);
  });

  it('shows speed and the time left', () => {
    expect(view.tokensPerSecond).toBeCloseTo(64 / 0.08, 9);
    expect(view.etaSeconds).toBeCloseTo(8 * 0.04, 9);
    expect(view.steps).toBe(12);
  });

  it('draws series with gaps where a channel had no tokens', () => {
    expect(view.train['en']).toEqual({ x: [2, 4], y: [2, Number.NaN] });
    expect(view.train['total']?.y).toEqual([(2 * 48 + 5 * 16) / 64, 4]);
    expect(view.heldOut['law']).toEqual({ x: [0, 4], y: [4, 3] });
    expect(view.heldOut['total']?.y[0]).toBeCloseTo(3.25, 12);
    expect(view.retentionSeries.y[0]).toBe(1);
    expect(view.retentionSeries.y[1]).toBeCloseTo(0.5, 12);
  });

  it('tells what happened, in order', () => {
    expect(view.events).toEqual([
      { step: 0, at: 7, type: 'started' },
      { step: 0, at: null, type: 'evaluation', retention: 1 },
      { step: 2, at: 1, type: 'mixture', before: { en: 0.75, law: 0.25 }, after: { en: 0.5, law: 0.5 } },
      { step: 3, at: 0, type: 'paused' },
      { step: 4, at: 2, type: 'learning-rate', before: 0.01, after: 0.02 },
      {
        step: 4,
        at: 2,
        type: 'warmup',
        before: { unit: 'steps', value: 2, steps: 2 },
        after: { unit: 'ratio', value: 0.5, steps: 6 },
      },
      { step: 4, at: null, type: 'evaluation', retention: expect.closeTo(0.5, 12) as number },
      { step: 4, at: 5, type: 'checkpoint', reason: 'periodic', bytes: 1 },
    ]);
  });

  it('has the learning rate of the step about to be computed, changes included', () => {
    expect(view.lr).toBeCloseTo((0.02 * 4) / 6, 12); // in warmup: step 4 of 6
    expect(settingsAt(recipe, changes, 3).schedule.peakLr).toBe(0.01);
    expect(settingsAt(recipe, changes, 1).shares).toEqual({ en: 0.75, law: 0.25 });
  });
});

describe('increments', () => {
  /** As a trainer does, with a message after each thing that happens. */
  function trained(send: (message: RunMessage, feed: RunFeed) => void): RunRecord {
    const live: RunRecord = { ...record, step: 0, tokens: 0, changes: [], base: null };
    const feed = new RunFeed(live);
    const tell = () => send(feed.increment(), feed);
    send(feed.whole(), feed);
    feed.addEvaluation(evaluations[0]!);
    live.base = evaluations[0]!;
    tell();
    [live.step, live.tokens, live.changes] = [2, 64, changes.slice(0, 1)];
    feed.addRow(rows[0]!);
    tell();
    live.step = 3;
    feed.addEvent({ type: 'paused', step: 3, at: 0 });
    tell();
    [live.step, live.tokens, live.changes] = [4, 128, changes];
    feed.addRow(rows[1]!);
    feed.setCheckpoints([{ ...checkpoint, step: 3 }]);
    tell();
    feed.addEvaluation(evaluations[1]!);
    feed.setCheckpoints([checkpoint]);
    tell();
    return live;
  }

  it('lead to what a late listener and the stored run show', async () => {
    let followed: FollowedRun | null = null;
    let late: RunMessage | null = null;
    const live = trained((message, feed) => {
      if (!followed) followed = new FollowedRun(structuredClone(message));
      else expect(followed.apply(structuredClone(message))).toBe(true);
      if (message.checkpoints.some(({ step }) => step === 4)) late = feed.whole();
    });
    const stored = storedRun(live, { rows, evaluations, events: [{ type: 'paused', step: 3, at: 0 }] }, [checkpoint]);
    expect(followed!.view).toEqual(viewOf(stored));
    expect(viewOf(late!)).toEqual(viewOf(stored));
    // Read a stretch of rows at a time, a long run is the same.
    const width = rowWidth(stored.header!.recipe.channels.length);
    const many = Float64Array.from({ length: 5000 * width }, (_, at) => (at % width === 0 ? at / width + 1 : stored.rows[at % width]!));
    let rests = 0;
    const long = { ...stored, rows: many };
    expect(await openView(long, async () => void (rests += 1))).toEqual(viewOf(long));
    expect(rests).toBe(2);
  });

  it('leave the objects of what they do not change', () => {
    const views: FollowedRun['view'][] = [];
    let followed: FollowedRun | null = null;
    trained((message) => {
      if (followed) followed.apply(message);
      else followed = new FollowedRun(message);
      views.push(followed.view);
    });
    const [, based, , paused, resumed] = views;
    for (const key of ['train', 'heldOut', 'base', 'settings', 'recipe', 'checkpoints', 'riskSeries', 'retentionSeries'] as const)
      expect(paused![key]).toBe(views[2]![key]);
    expect(resumed!.heldOut).toBe(based!.heldOut);
    expect(resumed!.train).not.toBe(paused!.train);
    expect(resumed!.events).not.toBe(paused!.events);
  });

  it('are refused when one is missing', () => {
    const messages: RunMessage[] = [];
    trained((message) => messages.push(message));
    const followed = new FollowedRun(messages[0]!);
    expect(followed.apply(messages[2]!)).toBe(false);
    expect(followed.apply(messages[1]!)).toBe(true);
    expect(() => new FollowedRun(messages[1]!)).toThrow(/no header/);
  });

  it('tell of a setting changed twice at one step, and not of a change that is still to come', () => {
    const live: RunRecord = { ...record, step: 3, changes: [{ step: 9, at: 0, settings: changes[0]!.settings }] };
    const feed = new RunFeed(live);
    const followed = new FollowedRun(feed.whole());
    expect(followed.view.events.map(({ type }) => type)).toEqual(['started']);
    for (const en of [0.6, 0.5]) {
      live.changes = [{ step: 3, at: 1, settings: { shares: { en, law: 1 - en } } }];
      followed.apply(feed.increment());
    }
    expect(followed.view.events.slice(1)).toMatchObject([
      { type: 'mixture', step: 3, before: { en: 0.75 }, after: { en: 0.6 } },
      { type: 'mixture', step: 3, before: { en: 0.6 }, after: { en: 0.5 } },
    ]);
    expect(followed.view.settings.shares).toEqual({ en: 0.5, law: 0.5 });
  });

  it('tell of steps that loss scaling skipped', () => {
    const feed = new RunFeed({ ...record, changes: [] });
    feed.addRow({ ...rows[0]!, lossScale: 1024, skippedSteps: 0 });
    feed.addRow({ ...rows[1]!, lossScale: 512, skippedSteps: 2 });
    const { events, lossScaling } = viewOf(feed.whole());
    expect(events.slice(1)).toEqual([{ type: 'skipped-steps', step: 4, at: null, before: 0, after: 2, lossScale: 512 }]);
    expect(lossScaling).toEqual({ scale: 512, skipped: 2 });
  });

  it('show an evaluation in progress at the curves’ ends, and drop it when it is over', () => {
    const live: RunRecord = { ...record, step: 0, changes: [], base: null };
    const feed = new RunFeed(live);
    const followed = new FollowedRun(feed.whole());
    followed.apply(feed.increment(feed.logged(), { step: 0, loss: { en: 3.5 } }));
    expect(followed.view.channels.map(({ baseLoss, heldOutLoss }) => [baseLoss, heldOutLoss])).toEqual([
      [3.5, 3.5],
      [null, null],
    ]);
    expect(followed.view.heldOut['en']).toEqual({ x: [0], y: [3.5] });
    followed.apply(feed.increment());
    expect(followed.view.heldOut['en']).toEqual({ x: [], y: [] });
    expect(followed.view.base).toEqual({});
  });
});

describe('bytes of an increment', () => {
  const channels = ['zh', 'en', 'code', 'domain', 'domain-legal', 'w-notes'];
  const sixChannels: Recipe = {
    ...recipe,
    channels: channels.map((id, at) => ({ id, corpus: id, role: at < 3 ? 'general' : 'domain', share: 1 / 6 })),
    budget: { steps: 200_000 },
  };
  const perChannel = <Value>(value: Value) => Object.fromEntries(channels.map((id) => [id, value]));

  /** Bytes of the increments that a run with a window every 10 steps sends at these steps, as the structured clone writes them. */
  function bytesAt(steps: readonly number[]): number[] {
    const live: RunRecord = { ...record, recipe: sixChannels, changes: [], step: 0, tokens: 0 };
    const feed = new RunFeed(live);
    feed.whole();
    const bytes: number[] = [];
    for (let step = 10; step <= steps.at(-1)!; step += 10) {
      [live.step, live.tokens] = [step, step * 1024];
      feed.addRow({ ...rows[0]!, step, tokens: step * 1024, loss: perChannel(3 + Math.sin(step)), count: perChannel(170) });
      const { revision, ...message } = feed.increment();
      // V8 writes small whole numbers in fewer bytes: the counter of messages is given five, all that it can take.
      if (steps.includes(step)) bytes.push(serialize(message).length + serialize({ revision: revision + 2 ** 30 }).length);
    }
    return bytes;
  }

  it('are the same at step 100 and at step 100,000', () => {
    const [early, late] = bytesAt([100, 100_000]);
    expect(late).toBe(early);
    expect(early).toBeLessThan(1000);
  });
});
