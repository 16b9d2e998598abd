import { describe, expect, it } from 'vitest';
import { exampleRecipe } from './example-run';
import { checkChange, checkFork, recordChange, settingsAt } from './live-changes';
import type { LiveChange } from './types';

const { schedule } = exampleRecipe;
const shares = (general: number) => ({ general, domain: 1 - general });
const change = (step: number, settings: LiveChange['settings']): LiveChange => ({ step, at: 0, settings });

describe('recordChange', () => {
  it('makes one of several changes at one step', () => {
    const once = recordChange([], 4, 1, { shares: shares(0.5) });
    expect(recordChange(recordChange(once, 4, 2, { schedule }), 4, 3, { shares: shares(0.2) })).toEqual([
      { step: 4, at: 3, settings: { shares: shares(0.2), schedule } },
    ]);
  });

  it('keeps the order of steps, and takes from later changes only what is set anew', () => {
    const history = [change(2, { shares: shares(0.5) }), change(8, { shares: shares(0.1), schedule }), change(9, { shares: shares(0.3) })];
    expect(recordChange(history, 5, 1, { shares: shares(0.9) })).toEqual([
      history[0],
      { step: 5, at: 1, settings: { shares: shares(0.9) } },
      change(8, { schedule }),
    ]);
  });
});

describe('checkChange', () => {
  it('completes the shares to 1 and names a channel that the run does not have', () => {
    const now = settingsAt(exampleRecipe, [], 0);
    const checked = checkChange(exampleRecipe, now, { shares: { domain: 1.2 } }).shares!;
    expect(checked).toEqual({ zh: 0.25, en: 0.15, domain: 0.6 });
    expect(() => checkChange(exampleRecipe, now, { shares: { nobody: 1 } })).toThrow(
      expect.objectContaining({ code: 'recipe-invalid', values: expect.objectContaining({ field: 'channels.nobody' }) as object }),
    );
  });
});

describe('checkFork', () => {
  const fork = (changes: object) => {
    try {
      return checkFork(exampleRecipe, { ...exampleRecipe, ...changes }, 40);
    } catch (error) {
      return (error as { values: unknown }).values;
    }
  };
  const [zh, en, domain] = exampleRecipe.channels;

  it('lets a fork have other shares, schedule, phases, steps, anchors and rhythm, and channels behind the present ones', () => {
    const added = { id: 'code', corpus: 'code', role: 'general', share: 0 };
    const free = {
      channels: [{ ...zh!, share: 0.1 }, { ...en!, share: 0.7 }, domain!, added],
      schedule: { ...schedule, peakLr: 1e-3 },
      phases: [{ steps: 40 }, { steps: 20 }],
      budget: { steps: 60 },
      regularisation: { l2sp: { lambda: 1 } },
      evaluation: { ...exampleRecipe.evaluation, everySteps: 3 },
    };
    expect(fork(free)).toMatchObject({ budget: { steps: 60 }, phases: free.phases });
  });

  it.each([
    ['base', { base: 'other' }, 'other', 'nano'],
    ['sequenceLength', { sequenceLength: 64 }, '64', '128'],
    ['seed', { seed: 2 }, '2', '1'],
    ['precision', { precision: 'f16' }, 'f16', 'f32'],
    ['channels.3.id', { channels: [zh, { ...en!, share: 0.5 }] }, '—', 'domain'],
    ['channels.1.id', { channels: [en, zh, domain] }, 'en', 'zh'],
    ['channels.en.corpus', { channels: [zh, { ...en!, corpus: 'code' }, domain] }, 'code', 'en'],
    ['channels.en.role', { channels: [zh, { ...en!, role: 'domain' }, domain] }, 'domain', 'general'],
    ['strategy.kind', { strategy: { kind: 'curriculum', generalRatio: 0.2, riseRatio: 0.3 } }, 'curriculum', 'mixed'],
    ['evaluation.rowsPerChannel', { evaluation: { ...exampleRecipe.evaluation, rowsPerChannel: 9 } }, '9', '8'],
    ['budget.steps', { budget: { steps: 40 } }, '40', '> 40'],
  ])('refuses another %s', (field, changes, value, accepted) => {
    expect(fork(changes)).toEqual({ field, value, accepted });
  });
});
