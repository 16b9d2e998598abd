import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { expectedSeconds, beforeRun } from './before-run';
import { parseRecipe } from './parse';
import type { Recipe, RecipeInput } from './schema';

const golden = (
  JSON.parse(readFileSync(new URL('../../../public/recipes/golden-ratio.json', import.meta.url), 'utf8')) as { recipe: RecipeInput }
).recipe;

/** A domain of `share` beside a large general channel. */
function recipe(share: number, change: Partial<RecipeInput> = {}): Recipe {
  const channels = [
    { id: 'en', corpus: 'en', role: 'general' as const, share: 1 - share },
    { id: 'mine', corpus: 'notes', role: 'domain' as const, share },
  ];
  return parseRecipe({ ...golden, channels, sequenceLength: 128, batchSize: 8, budget: { steps: 100 }, ...change });
}
const plenty = 10_000_000;

describe('before a run', () => {
  it('names a channel shorter than one row, with the longest sequence that it has room for', () => {
    expect(beforeRun(recipe(0.2), { en: plenty, notes: 100 })).toEqual([
      { kind: 'channel-short', channel: 'mine', tokens: 100, needed: 129, longest: 99 },
    ]);
    expect(beforeRun(recipe(0.2, { sequenceLength: 99, batchSize: 1, budget: { steps: 4 } }), { en: plenty, notes: 100 })).toEqual([]);
    expect(beforeRun(recipe(0.2), { en: plenty, notes: 8 })[0]).toMatchObject({ longest: null });
    // Nothing is drawn from it, and nothing is known of the other.
    expect(beforeRun(recipe(0), { notes: 100 })).toEqual([]);
  });

  it('counts the records that a row cuts, and those that the chat template refuses', () => {
    const { channels, ...rest } = recipe(0.2);
    const tuned = (objective: Recipe['channels'][number]['objective']) => ({
      ...rest,
      channels: channels.map((channel, at) => (at === 1 ? { ...channel, objective } : channel)),
    });
    const records = { notes: { lengths: Uint32Array.of(0, 128, 129, 130, 400), refused: 1 } };
    const known = { en: plenty, notes: plenty };
    expect(beforeRun(tuned({ kind: 'sft', loss: 'answers' }), known, records)).toEqual([
      { kind: 'records-cut', channel: 'mine', cut: 2, refused: 1, of: 5 },
    ]);
    expect(beforeRun(tuned({ kind: 'classification', labels: ['a', 'b'], pooling: 'last' }), known, records)).toMatchObject([{ cut: 3 }]);
    expect(beforeRun(recipe(0.2), known, records)).toEqual([]);
  });

  it('names a weight without rows, and rows without a weight', () => {
    const weighed = (share: number, weight: number) => {
      const { channels, ...rest } = recipe(share);
      return { ...rest, channels: channels.map((channel, at) => ({ ...channel, weight: at === 1 ? weight : 1 - weight })) };
    };
    expect(beforeRun(weighed(0, 0.3), { en: plenty })).toEqual([{ kind: 'weight-idle', channel: 'mine', weight: 0.3 }]);
    expect(beforeRun(weighed(0.2, 0), { en: plenty })).toEqual([{ kind: 'weight-none', channel: 'mine', share: 0.2 }]);
    expect(beforeRun(weighed(0.2, 0.7), { en: plenty })).toEqual([]);
  });

  it('names a decay towards the base of 0', () => {
    const { optimizer, ...rest } = recipe(0.2, { regularisation: { decayTowards: 'base' } });
    expect(beforeRun({ ...rest, optimizer }, { en: plenty })).toEqual([]);
    expect(beforeRun({ ...rest, optimizer: { ...optimizer, weightDecay: 0 } }, { en: plenty })).toEqual([{ kind: 'decay-none' }]);
  });

  it('counts the epochs of a small channel: three rows at half of 8 rows in 100 steps are 133', () => {
    const [found] = beforeRun(recipe(0.5, { sequenceLength: 8 }), { en: plenty, notes: 25 });
    expect(found).toEqual({ kind: 'epochs', channel: 'mine', epochs: expect.closeTo(400 / 3, 9) as number });
    const later = { strategy: { kind: 'general-then-domain' as const, generalRatio: 0.75 }, sequenceLength: 8 };
    // The domain alone in a quarter of the steps: 200 rows of three.
    expect(beforeRun(recipe(0.5, later), { en: plenty, notes: 25 })).toEqual([
      { kind: 'epochs', channel: 'mine', epochs: expect.closeTo(200 / 3, 9) as number },
    ]);
  });

  it('says where a warmup ends that is longer than the run', () => {
    const warmup = (value: number) => ({
      schedule: { ...golden.schedule, warmup: { unit: 'steps' as const, value } },
      budget: { steps: 10 },
    });
    expect(beforeRun(recipe(0.2, warmup(500)), {})).toEqual([{ kind: 'warmup-long', warmup: 500, steps: 10, reached: 9 / 500 }]);
    expect(beforeRun(recipe(0.2, warmup(10)), {})).toEqual([]);
  });
});

describe('time of a run', () => {
  it('is its steps, and a third of it a token for its evaluations', () => {
    const evaluation = { everySteps: 10, rowsPerChannel: 6 };
    const own = (more = {}) =>
      recipe(0.2, {
        sequenceLength: 100,
        batchSize: 4,
        gradientAccumulationSteps: 2,
        budget: { steps: 25 },
        evaluation: { ...evaluation, ...more },
      });
    // 25 · 8 · 100 tokens; evaluations at 0, 10, 20 and 25 of 2 channels · 6 rows · 100 tokens.
    expect(expectedSeconds(own(), 1000)).toBeCloseTo((20_000 + (4 * 1200) / 3) / 1000, 12);
    const prompts = { texts: ['a', 'b'], tokens: 30, temperature: 0 };
    expect(expectedSeconds(own({ prompts }), 1000)).toBeCloseTo((20_000 + (4 * 1260) / 3) / 1000, 12);
  });
});
