import { describe, expect, it } from 'vitest';
import type { StudioError } from '../errors';
import type { RecipeInput } from '../recipe/schema';
import { recipeWith } from './example-run';
import { chainsOf, firstBase, lifelongMatrix, stageChanges, stageRecipe } from './lifelong';
import { parsePipeline, pipelineFile } from './pipeline';
import type { PipelinePlan, RunRecord } from './types';

const channel = (id: string, share: number, more: object = {}) => ({ id, corpus: id, role: 'general', share, ...more }) as const;
const staged = (...recipes: (RecipeInput['channels'] | RecipeInput)[]) => ({
  version: 1,
  name: 'assistant',
  stages: recipes.map((given, at) => ({ name: `s${at}`, recipe: Array.isArray(given) ? recipeWith({ channels: given }) : given })),
});
const domain = channel('domain', 0.5, { role: 'domain' });

describe('a pipeline', () => {
  it('gives every stage the channels of all, those of other stages with no share, and each the weights of the one before', () => {
    const { plan } = parsePipeline(
      staged([channel('zh', 0.5), domain], [channel('talk', 0.8), channel('zh', 0.2)], [channel('talk', 1, { weight: 1 })]),
    );
    expect(firstBase(plan)).toBe('nano');
    const channels = (stage: number) => stageRecipe(plan, stage, `kept-${stage}`).channels.map(({ id, share }) => [id, share]);
    expect(channels(0)).toEqual([
      ['zh', 0.5],
      ['domain', 0.5],
      ['talk', 0],
    ]);
    expect(channels(1)).toEqual([
      ['zh', 0.2],
      ['domain', 0],
      ['talk', 0.8],
    ]);
    const last = stageRecipe(plan, 2, 'kept-1');
    expect(last.base).toBe('kept-1');
    expect(last.channels.map(({ weight }) => weight)).toEqual([0, 0, 1]);
  });

  it('comes back from its file as it was', () => {
    const pipeline = parsePipeline(staged([channel('zh', 0.5), domain], [channel('zh', 1)]));
    expect(parsePipeline(JSON.parse(pipelineFile(pipeline)))).toEqual(pipeline);
  });

  it.each([
    ['version', { version: 2 }],
    ['stages', { stages: [] }],
    ['colour', { colour: 'red' }],
  ])('names a wrong %s', (field, change) => {
    expect(() => parsePipeline({ ...staged([channel('zh', 1)]), ...change })).toThrow(
      expect.objectContaining({ code: 'recipe-invalid' }) as StudioError,
    );
    expect(() => parsePipeline({ ...staged([channel('zh', 1)]), ...change })).toThrow(field);
  });

  it('refuses stages whose measures would not compare, and a channel that means two texts', () => {
    const field = (given: unknown) => {
      try {
        parsePipeline(given);
        return null;
      } catch (error) {
        return (error as StudioError).values['field'];
      }
    };
    const zh = [channel('zh', 1)];
    expect(field(staged(zh, recipeWith({ channels: zh, sequenceLength: 64 })))).toBe('stages.2.recipe.sequenceLength');
    const { evaluation } = recipeWith({});
    expect(field(staged(zh, recipeWith({ channels: zh, evaluation: { ...evaluation, rowsPerChannel: 3 } })))).toBe(
      'stages.2.recipe.evaluation.rowsPerChannel',
    );
    expect(field(staged(zh, recipeWith({ channels: zh, seed: 1 })))).toBe(null);
    expect(field({ ...staged(zh), stages: [{ name: 'x', recipe: { ...recipeWith({ channels: zh }), seed: -1 } }] })).toBe(
      'stages.1.recipe.seed',
    );
    expect(field(staged(zh, [channel('zh', 1, { corpus: 'other' })]))).toBe('stages.2.recipe.channels');
    expect(field(staged(zh, zh))).toBe(null);
  });

  it('says what every stage gained and lost against the one before', () => {
    const { plan } = parsePipeline(staged([channel('zh', 0.5), domain], [channel('zh', 1)]));
    const losses = (zh: number, own: number) => ({
      step: 1,
      retention: null,
      channels: { zh: { loss: zh, tokens: 9, bytes: 9 }, domain: { loss: own, tokens: 9, bytes: 9 } },
    });
    const run = (stage: number, zh: number, own: number) =>
      ({
        id: `r${stage}`,
        name: 'x',
        state: 'finished',
        createdAt: stage,
        recipe: stageRecipe(plan, stage, 'nano'),
        chain: { id: 'c', name: 'c', stage, plan: plan satisfies PipelinePlan },
        base: losses(3, 4),
        latest: losses(zh, own),
      }) as unknown as RunRecord;
    const matrix = lifelongMatrix(chainsOf([run(0, 3.1, 3.5), run(1, 2.9, 3.502)])[0]!)!;
    expect(matrix.stages.map(({ name, domains }) => [name, domains])).toEqual([
      ['s0', ['zh', 'domain']],
      ['s1', ['zh']],
    ]);
    expect([matrix.backward, matrix.forward]).toEqual([null, null]);
    const changes = stageChanges(matrix);
    expect(changes[0]!.gains.map(({ channel: id, change }) => [id, Number(change.toFixed(3))])).toEqual([['domain', -0.5]]);
    expect(changes[0]!.losses.map(({ channel: id, change }) => [id, Number(change.toFixed(3))])).toEqual([['zh', 0.1]]);
    const preferences = { id: 'pairs', corpus: 'pairs', role: 'domain', objective: { kind: 'dpo', beta: 0.1, labelSmoothing: 0 } } as const;
    const tuned = parsePipeline(staged([channel('zh', 1)], [{ ...preferences, share: 0.5 }, channel('zh', 0.5)])).plan;
    const dpo = (stage: number, loss: number) =>
      ({
        ...run(stage, 3, 4),
        recipe: stageRecipe(tuned, stage, 'nano'),
        chain: { id: 'd', name: 'd', stage, plan: tuned },
        base: { step: 0, retention: null, channels: { pairs: { loss: Math.LN2, tokens: 9, bytes: 0 } } },
        latest: { step: 1, retention: null, channels: { pairs: { loss, tokens: 9, bytes: 0 } } },
      }) as unknown as RunRecord;
    // What stage 1 says of pairs is against other weights than what stage 2 says.
    const pairs = lifelongMatrix(chainsOf([dpo(0, 0.5), dpo(1, 0.6)])[0]!)!;
    expect(pairs.stages.map(({ loss }) => loss[1])).toEqual([null, 0.6]);
    expect(stageChanges(pairs)[1]!.gains.map(({ change }) => Number(change.toFixed(3)))).toEqual([-0.093]);
    // 0.002 is no change worth a word.
    expect(changes[1]!.losses).toEqual([]);
    expect(changes[1]!.gains.map(({ channel: id }) => id)).toEqual(['zh']);
  });
});
