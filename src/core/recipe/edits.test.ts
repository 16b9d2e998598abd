import { describe, expect, it } from 'vitest';
import { exampleRecipe, recipeWith } from '../run/example-run';
import {
  addChannel,
  addEcho,
  memoryDemand,
  objectiveWeights,
  removeChannel,
  sharesOf,
  swapChannel,
  withBase,
  withDemand,
  withObjective,
  withStopping,
  withStrategy,
  warmupIn,
  withWeight,
} from './edits';
import { parseRecipe } from './parse';
import { echoCorpusId, type Recipe } from './schema';

const recipe: Recipe = recipeWith({
  channels: [
    { id: 'zh', corpus: 'zh', role: 'general', share: 0.4 },
    { id: 'en', corpus: 'en', role: 'general', share: 0.4 },
    { id: 'domain', corpus: 'domain', role: 'domain', share: 0.2 },
  ],
  schedule: { kind: 'cosine', peakLr: 3e-4, warmup: { unit: 'ratio', value: 0.03 } },
  evaluation: { everySteps: 10, rowsPerChannel: 8 },
  saving: { everySteps: 50 },
});

describe('channel edits', () => {
  it('a new channel enters at 10 % and the others make room in proportion', () => {
    const { zh, en, domain, legal } = sharesOf(addChannel(recipe, { id: 'legal', role: 'domain' }));
    expect(legal).toBeCloseTo(0.1, 12);
    expect(zh).toBeCloseTo(0.36, 12);
    expect(en).toBeCloseTo(0.36, 12);
    expect(domain).toBeCloseTo(0.18, 12);
  });

  it('weights of the objective begin as the shares and sum to 1 through every edit', () => {
    expect(objectiveWeights(recipe)).toBeNull();
    const weighed = withObjective(recipe, true);
    expect(objectiveWeights(weighed)).toEqual([0.4, 0.4, 0.2]);
    const heavy = withWeight(weighed, 'domain', 0.6);
    expect(objectiveWeights(heavy)).toEqual([expect.closeTo(0.2, 12), expect.closeTo(0.2, 12), 0.6]);
    expect(sharesOf(heavy)).toEqual(sharesOf(recipe));
    const more = addChannel(heavy, { id: 'legal', role: 'domain' });
    expect(objectiveWeights(more)).toEqual([0.18, 0.18, 0.54, 0.1].map((weight) => expect.closeTo(weight, 12) as number));
    expect(objectiveWeights(removeChannel(heavy, 'zh'))).toEqual([0.25, 0.75].map((weight) => expect.closeTo(weight, 12) as number));
    expect(objectiveWeights(swapChannel(heavy, 'zh', { id: 'code', role: 'general' }))).toEqual(objectiveWeights(heavy));
    expect(withObjective(heavy, false)).toEqual(recipe);
  });

  it('a channel that is there already is not added twice', () => {
    expect(addChannel(recipe, { id: 'zh', role: 'general' })).toBe(recipe);
  });

  it('an echo is a general channel that says how it is written, whose corpus follows its settings, the base among them', () => {
    const mixed = parseRecipe(addEcho(recipe));
    const echo = mixed.channels.at(-1)!;
    expect(echo).toMatchObject({ id: 'echo', role: 'general', share: 0.1, generated: { model: 'nano', temperature: 1, topP: 1 } });
    expect(echo.corpus).toBe(echoCorpusId(echo.generated!));
    expect(addEcho(mixed)).toBe(mixed);
    const settings = { ...echo.generated!, seed: 2 };
    const two = addChannel(mixed, { id: echoCorpusId(settings), role: 'general', generated: { settings } });
    expect(two.channels.at(-1)).toMatchObject({ id: 'echo-2', generated: { seed: 2 } });
    const moved = parseRecipe(withBase(two, 'm-1'));
    expect(moved.channels.map(({ generated }) => generated?.model)).toEqual([undefined, undefined, undefined, 'm-1', 'm-1']);
    expect(swapChannel(mixed, 'echo', { id: 'code', role: 'general' }).channels.at(-1)).toEqual({
      ...{ id: 'code', corpus: 'code', role: 'general', share: 0.1 },
    });
    // Settings of another text than the corpus it names.
    const torn = { ...mixed, channels: mixed.channels.map((channel) => (channel === echo ? { ...echo, generated: settings } : channel)) };
    expect(() => parseRecipe(torn)).toThrow(
      expect.objectContaining({ values: { field: 'channels.echo.corpus', value: echo.corpus, accepted: echoCorpusId(settings) } }) as Error,
    );
  });

  it('a removed channel leaves its share to the others in proportion', () => {
    const shares = sharesOf(removeChannel(recipe, 'domain'));
    expect(Object.keys(shares)).toEqual(['zh', 'en']);
    expect(shares['zh']).toBeCloseTo(0.5, 12);
  });

  it('the last channel stays', () => {
    const one = removeChannel(removeChannel(recipe, 'domain'), 'zh');
    expect(removeChannel(one, 'en')).toBe(one);
  });

  it('channels left at zero share evenly', () => {
    const zeros = { ...recipe, channels: recipe.channels.map((channel) => ({ ...channel, share: channel.id === 'domain' ? 1 : 0 })) };
    expect(sharesOf(removeChannel(zeros, 'domain'))).toEqual({ zh: 0.5, en: 0.5 });
  });

  it('swapping keeps the share and takes the role of the new text', () => {
    const swapped = swapChannel(recipe, 'domain', { id: 'domain-legal', role: 'domain' });
    expect(swapped.channels[2]).toEqual({ id: 'domain-legal', corpus: 'domain-legal', role: 'domain', share: 0.2 });
  });
});

describe('a recipe that asks for less memory', () => {
  const recipe = { ...exampleRecipe, batchSize: 24, gradientAccumulationSteps: 2 };

  it('keeps the batch by accumulating', () => {
    const changed = withDemand(recipe, { ...memoryDemand(recipe), rows: 6 });
    expect(changed).toEqual({ ...recipe, batchSize: 6, gradientAccumulationSteps: 8 });
  });

  it('sees rather more text a step than less', () => {
    const { batchSize, gradientAccumulationSteps } = withDemand(recipe, { ...memoryDemand(recipe), rows: 5 });
    expect({ batchSize, gradientAccumulationSteps }).toEqual({ batchSize: 5, gradientAccumulationSteps: 10 });
  });

  it('takes over checkpointing and context, and nothing else', () => {
    const changed = withDemand(recipe, { ...memoryDemand(recipe), context: 64, checkpointing: true });
    expect(changed).toEqual({ ...recipe, sequenceLength: 64, activationCheckpointing: true });
    expect(withDemand(recipe, memoryDemand(recipe))).toEqual(recipe);
  });
});

describe('fields that go together', () => {
  it('starts a strategy with its usual phases', () => {
    expect(withStrategy(exampleRecipe, 'general-then-domain').strategy).toEqual({ kind: 'general-then-domain', generalRatio: 0.5 });
    expect(withStrategy(exampleRecipe, 'curriculum').strategy).toEqual({ kind: 'curriculum', generalRatio: 0.2, riseRatio: 0.3 });
    expect(withStrategy(exampleRecipe, 'domain-only').strategy).toEqual({ kind: 'domain-only' });
  });

  it('counts warmup in the other unit from 3 % of all steps', () => {
    expect(warmupIn('steps', 500).warmup).toEqual({ unit: 'steps', value: 15 });
    expect(warmupIn('ratio', 500).warmup).toEqual({ unit: 'ratio', value: 0.03 });
  });

  it('switches one rule of stopping and leaves the other', () => {
    const off = { ...exampleRecipe, stopping: { early: null, forgetting: { retention: 0.9 } } };
    expect(withStopping(off, 'early', true).stopping).toEqual({ early: { patience: 3, threshold: 0.01 }, forgetting: { retention: 0.9 } });
    expect(withStopping(off, 'forgetting', false).stopping).toEqual({ early: null, forgetting: null });
  });
});
