import { describe, expect, it } from 'vitest';
import { exampleRecipe } from './example-run';
import { bendsSchedule, endEvent, joinDrags, liftEvent, settingEvents, withSetting, type RunEvent, type SettingEvent } from './events';
import { settingsAt } from './live-changes';
import type { RunRecord } from './types';

const now = settingsAt(exampleRecipe, [], 0);
const when = { step: 20, at: 5 };

describe('settingEvents', () => {
  it('tells each setting that moved with its values before and after', () => {
    const schedule = { ...now.schedule, kind: 'wsd' as const, peakLr: 1e-3, warmup: { unit: 'steps' as const, value: 10 } };
    expect(settingEvents(when, now, { shares: { ...now.shares, en: 0.2, domain: 0.3 }, schedule }, 100)).toEqual([
      { ...when, type: 'mixture', before: { en: 0.3, domain: 0.2 }, after: { en: 0.2, domain: 0.3 } },
      { ...when, type: 'learning-rate', before: 3e-4, after: 1e-3 },
      {
        ...when,
        type: 'warmup',
        before: { unit: 'ratio', value: 0.03, steps: 3 },
        after: { unit: 'steps', value: 10, steps: 10 },
      },
      {
        ...when,
        type: 'schedule',
        before: { kind: 'cosine', minRatio: 0.1, decayRatio: 0.1, decayShape: 'linear' },
        after: { kind: 'wsd', minRatio: 0.1, decayRatio: 0.1, decayShape: 'linear' },
      },
    ]);
    expect(settingEvents(when, now, now, 100)).toEqual([]);
  });

  it('knows whether another shape bends the curve', () => {
    const [decay] = settingEvents(when, now, { ...now, schedule: { ...now.schedule, decayRatio: 0.5 } }, 100);
    const [floor] = settingEvents(when, now, { ...now, schedule: { ...now.schedule, minRatio: 0.5 } }, 100);
    expect([decay, floor].map((event) => event?.type === 'schedule' && bendsSchedule(event))).toEqual([false, true]);
  });

  it('gives a recipe either side of an event', () => {
    const schedule = { ...now.schedule, peakLr: 1e-3, minRatio: 0.5, warmup: { unit: 'steps' as const, value: 10 } };
    const after = { shares: { zh: 0.2, en: 0.3, domain: 0.5 }, schedule };
    const there = (side: 'before' | 'after') =>
      settingEvents(when, now, after, 100).reduce((recipe, event) => withSetting(recipe, event, side), exampleRecipe);
    expect(there('before')).toEqual(exampleRecipe);
    const weighed = {
      ...exampleRecipe,
      channels: exampleRecipe.channels.map((channel, at) => ({ ...channel, weight: [0.5, 0.3, 0.2][at]! })),
    };
    const start = settingsAt(weighed, [], 0);
    const [weight] = settingEvents(when, start, { ...start, weights: { zh: 0.5, en: 0.1, domain: 0.4 } }, 100);
    expect(weight).toEqual({ ...when, type: 'objective', before: { en: 0.3, domain: 0.2 }, after: { en: 0.1, domain: 0.4 } });
    expect(withSetting(weighed, weight!, 'after').channels.map((channel) => channel.weight)).toEqual([0.5, 0.1, 0.4]);
    expect(withSetting(weighed, weight!, 'before')).toEqual(weighed);
    expect(there('after')).toEqual({
      ...exampleRecipe,
      schedule,
      channels: exampleRecipe.channels.map((channel) => ({ ...channel, share: after.shares[channel.id as 'zh'] })),
    });
  });
});

describe('joinDrags', () => {
  const shares = (step: number, before: Record<string, number>, after: Record<string, number>): SettingEvent => ({
    step,
    at: step,
    type: 'mixture',
    before,
    after,
  });

  it('reads a drag as one move, and a later one as another', () => {
    const events: RunEvent[] = [
      shares(100, { zh: 0.35, domain: 0.167 }, { zh: 0.34, domain: 0.18 }),
      { step: 101, at: null, type: 'evaluation', retention: 1 },
      shares(101, { zh: 0.34, domain: 0.18, en: 0.3 }, { zh: 0.32, domain: 0.22, en: 0.28 }),
      { step: 101, at: 1, type: 'learning-rate', before: 1e-3, after: 2e-3 },
      shares(200, { domain: 0.22 }, { domain: 0.1 }),
    ];
    expect(joinDrags(events, 5)).toEqual([
      events[1],
      { ...shares(101, { zh: 0.35, domain: 0.167, en: 0.3 }, { zh: 0.32, domain: 0.22, en: 0.28 }), since: 100 },
      events[3],
      events[4],
    ]);
  });

  it('joins the moves of one slider', () => {
    const drag = [3e-4, 5e-4, 1e-3].map((after, at): SettingEvent => ({
      step: at,
      at: 0,
      type: 'learning-rate',
      before: after / 2,
      after,
    }));
    expect(joinDrags(drag, 5)).toEqual([{ step: 2, since: 0, at: 0, type: 'learning-rate', before: 1.5e-4, after: 1e-3 }]);
  });
});

describe('lines of metrics.jsonl', () => {
  it('as an older version wrote them are lifted', () => {
    expect(liftEvent({ event: 'pause', step: 3, at: 1 })).toEqual({ type: 'paused', step: 3, at: 1 });
    expect(liftEvent({ event: 'resume', step: 3, at: 2 })).toEqual({ type: 'resumed', step: 3, at: 2 });
    expect(liftEvent({ event: 'stop', step: 9, at: 3 })).toEqual({ type: 'stopped', reason: 'person', step: 9, at: 3 });
  });

  it('of today are taken, and unknown ones are not', () => {
    const stopped = { type: 'stopped', reason: 'early-stop', step: 9, at: 3 };
    expect(liftEvent(stopped)).toEqual(stopped);
    expect(liftEvent({ event: 'exploded', step: 1, at: 1 })).toBeNull();
    expect(liftEvent({ step: 1 })).toBeNull();
  });
});

describe('endEvent', () => {
  const run = { step: 70, updatedAt: 99, stopReason: 'person', error: null } as RunRecord;
  const stopped: RunEvent = { type: 'stopped', step: 40, at: 1, reason: 'person' };

  it('is told by the record where the log does not have it', () => {
    expect(endEvent({ ...run, state: 'stopped' }, [])).toEqual({ type: 'stopped', step: 70, at: 99, reason: 'person' });
    expect(endEvent({ ...run, state: 'finished', stopReason: 'budget' }, [])).toMatchObject({ type: 'stopped', reason: 'budget' });
    expect(endEvent({ ...run, state: 'interrupted' }, [])).toEqual({ type: 'interrupted', step: 70, at: 99 });
    const error = { code: 'internal', message: 'm', values: {} } as const;
    expect(endEvent({ ...run, state: 'failed', error }, [])).toEqual({ type: 'failed', step: 70, at: 99, error });
    expect(endEvent({ ...run, state: 'running' }, [])).toBeNull();
  });

  it('is not told twice; an earlier end that the run was resumed from does not count', () => {
    expect(endEvent({ ...run, state: 'stopped' }, [stopped])).toBeNull();
    expect(endEvent({ ...run, state: 'stopped' }, [stopped, { type: 'resumed', step: 40, at: 2 }])).toMatchObject({ step: 70 });
  });
});
