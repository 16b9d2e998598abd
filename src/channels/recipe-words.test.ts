import { describe, expect, it } from 'vitest';
import { diffRecipes } from '../core/recipe/diff';
import { usualEcho } from '../core/recipe/edits';
import { echoCorpusId, recipeSchema } from '../core/recipe/schema';
import { exampleRecipe } from '../core/run/example-run';
import { recipeField, recipeValue } from './recipe-words';

describe('the difference of two recipes', () => {
  it('has a name for every field that can differ', () => {
    // Not of one recipe: terms of the base's weights and an adapter beside them exclude each other.
    const { method } = recipeSchema.parse({ ...exampleRecipe, method: { kind: 'lora' } });
    const generated = { ...usualEcho('nano'), prompts: { kind: 'own' as const, lines: ['a'] } };
    const echo = { id: 'echo', corpus: echoCorpusId(generated), role: 'general' as const, generated };
    const anchored = recipeSchema.parse({
      ...exampleRecipe,
      name: 'other',
      base: 'c-1',
      sequenceLength: 64,
      channels: [
        { id: 'zh', corpus: 'c-2', role: 'domain', share: 0.4, weight: 0.1 },
        { ...echo, share: 0.6, weight: 0.9 },
      ],
      strategy: { kind: 'curriculum' },
      schedule: { kind: 'wsd', peakLr: 1, minRatio: 0, warmup: { unit: 'steps', value: 3 }, decayRatio: 0.2, decayShape: 'sqrt' },
      batchSize: 1,
      gradientAccumulationSteps: 2,
      optimizer: { beta1: 0, beta2: 0, epsilon: 1, weightDecay: 0, maxGradNorm: 0 },
      dropout: 0.5,
      regularisation: { l2sp: { lambda: 0.1 }, ewc: { lambda: 2 }, decayTowards: 'base', distillation: { teacher: 'c-2', states: {} } },
      budget: { steps: 1 },
      evaluation: { everySteps: 1, rowsPerChannel: 1, probesPerGroup: 1 },
      saving: { everySteps: 1, keep: 1 },
      logging: { everySteps: 1 },
      stopping: { early: {}, forgetting: {} },
      activationCheckpointing: true,
      precision: 'bf16',
      packing: 'separate',
      seed: 2,
      runnable: false,
    });
    const phases = [
      { steps: 1, name: 'decay', order: 'difficulty', shares: { zh: 1 }, schedule: { ...anchored.schedule, decayShape: 'linear' } },
    ] as const;
    const online = { ...anchored.regularisation!.ewc!, online: { gamma: 0.9 } };
    const other = {
      ...anchored,
      method,
      phases: structuredClone(phases) as never,
      regularisation: { ...anchored.regularisation, ewc: online },
    };
    const fields = diffRecipes(exampleRecipe, other).map(({ field }) => field);
    expect(fields.length).toBeGreaterThan(59);
    expect(fields.filter((field) => field !== 'version' && recipeField(field) === null)).toEqual([]);
    const stages = [{ step: 7, modules: ['*norm', 'embed_tokens'] }];
    for (const unfreezing of [
      { order: 'named', stages },
      { order: 'downwards', every: { unit: 'ratio', value: 0.1 } },
    ]) {
      const part = recipeSchema.parse({
        ...exampleRecipe,
        method: { kind: 'partial', modules: ['*norm'], unfreezing, isolation: { unit: 'rows', share: 0.5 } },
        optimizer: { ...exampleRecipe.optimizer, layerDecay: 0.9 },
        evaluation: {
          ...exampleRecipe.evaluation,
          attentionRows: 2,
          adversarialDocuments: 2,
          prompts: { texts: ['a', 'b'], tokens: 8, temperature: 0.5 },
        },
      });
      const differences = diffRecipes(exampleRecipe, part);
      expect(differences.map(({ field }) => field).filter((field) => recipeField(field) === null)).toEqual([]);
      if (unfreezing.stages) expect(differences).toContainEqual({ field: 'method.unfreezing.stages', a: '—', b: '7 *norm embed_tokens' });
    }
  });

  it('names the channel of a channel’s field', () =>
    expect(['share', 'generated.topP', 'generated.prompts.kind'].map((field) => recipeField(`channels.domain.legal.${field}`))).toEqual(
      ['share', 'topP', 'kind'].map((field) => ({ channel: 'domain.legal', key: `recipeChannel.${field}` })),
    ));

  it('names the phase of a phase’s field, and its channel', () => {
    expect(recipeField('phases.2.shares.zh')).toEqual({ phase: '2', channel: 'zh', key: 'recipeChannel.share' });
    expect(recipeField('phases.1.schedule.warmup.value')).toEqual({ phase: '1', channel: null, key: 'recipeField.warmup' });
    expect(recipeValue('phases.1.schedule.kind', 'linear')).toBe('recipeValue.linear');
    expect(recipeValue('phases.1.name', 'linear')).toBeNull();
  });

  it('has words for the values of a closed list, and leaves names alone', () => {
    expect(recipeValue('stopping.early', 'null')).toBe('recipeValue.null');
    expect(recipeValue('channels.domain.role', 'domain')).toBe('role.domain');
    expect(recipeValue('channels.domain.corpus', 'domain')).toBeNull();
    expect(recipeValue('base', 'linear')).toBeNull();
  });
});
