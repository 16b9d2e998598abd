import { describe, expect, it } from 'vitest';
import { exampleRecipe } from './example-run';
import { checkChange, recordChange, settingsAt } from './live-changes';
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
