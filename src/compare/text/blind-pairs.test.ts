import { afterAll, beforeEach, expect, it, vi } from 'vitest';
import type { GenerateOptions, WeightsRef } from '../../contract/evaluation';
import { preferenceScores } from '../../core/metrics/preference';

const generate = vi.hoisted(() => vi.fn<(weights: WeightsRef, options: GenerateOptions) => Promise<string>>());
vi.mock('../../lab/lab', () => ({ lab: { trainer: { generate } } }));
vi.mock('../../lab/device-store', () => ({ openDevice: () => Promise.resolve() }));
// Test files share modules: here they are made anew with the mocks, and again without them afterwards.
vi.resetModules();
afterAll(() => void vi.resetModules());
const { useMeasures } = await import('../measures');
const { groupSources } = await import('../sources');
const { useCompare } = await import('../store');
const { judge, nextPair, reveal, takeBack, useBlind, useGeneration, writePairs } = await import('./generation-store');

const names = ['one', 'two'];
const human = () => useMeasures.getState().results.human!;

beforeEach(() => {
  useMeasures.setState({ results: {} });
  useBlind.setState({ count: 20 });
  useGeneration.setState({ sampling: { seed: 3, temperature: 0.8, topP: 1, topK: 0, maxTokens: 8 }, prompts: [] });
  generate.mockImplementation((ref, { prompt, seed }) => Promise.resolve(`${(ref as { model: string }).model} ${prompt} ${seed}`));
  useCompare.setState({
    groups: groupSources(
      names.map((id) => ({ id, name: id }) as Parameters<typeof groupSources>[0][number]),
      [],
      new Map(),
    ),
    address: { a: 'model:one', b: 'model:two', c: null },
    activity: null,
  });
});

it('writes twenty pairs by the same numbers for both, in a hidden order that the seed draws', async () => {
  await writePairs(['p', 'q']);
  const { pairs, revealed } = human();
  expect([pairs.length, revealed]).toEqual([20, false]);
  for (const { models, texts, prompt } of pairs) {
    const [first, second] = texts.map((text) => text.split(' '));
    expect([first![0], second![0]]).toEqual(models.map((model) => names[model]));
    expect(first!.slice(1)).toEqual(second!.slice(1));
    expect(first![1]).toBe(prompt);
  }
  expect(new Set(pairs.map(({ texts }) => texts[0].split(' ').slice(1).join(' '))).size).toBe(20);
  expect(pairs.filter(({ models: [first] }) => first === 0)).toHaveLength(10);
});

it('asks for no pair twice where nothing is drawn', async () => {
  useGeneration.setState({ sampling: { ...useGeneration.getState().sampling, temperature: 0 } });
  await writePairs(['p', 'q', 'r']);
  expect(human().pairs).toHaveLength(3);
});

it('keeps verdicts, takes one back, and reveals after the last', async () => {
  useBlind.setState({ count: 4 });
  await writePairs(['p']);
  judge('first');
  judge('same');
  expect(nextPair(human())).toBe(2);
  takeBack();
  expect(human().pairs.map(({ verdict }) => verdict)).toEqual(['first', null, null, null]);
  judge('second');
  judge('same');
  expect(human().revealed).toBe(false);
  judge('first');
  expect(human().revealed).toBe(true);
  // Nothing changes behind the curtain once it is up.
  const told = human();
  judge('same');
  takeBack();
  expect(human().pairs).toEqual(told.pairs);
  expect(preferenceScores(told.pairs, 2)).toMatchObject({ pairs: 4, same: 1 });
  await writePairs(['p']);
  judge('first');
  reveal();
  expect(preferenceScores(human().pairs, 2)).toMatchObject({ pairs: 1 });
});
