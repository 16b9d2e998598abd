import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { GenerateOptions, WeightsRef } from '../../contract/evaluation';

const generate = vi.hoisted(() =>
  vi.fn<(weights: WeightsRef, options: GenerateOptions, onPiece: (piece: string) => void) => Promise<string>>(),
);
vi.mock('../../lab/lab', () => ({ lab: { trainer: { generate } } }));
vi.mock('../../lab/device-store', () => ({ openDevice: () => Promise.resolve() }));
// Test files share modules: here they are made anew with the mocks, and again without them afterwards.
vi.resetModules();
afterAll(() => void vi.resetModules());
const { StudioError } = await import('../../core/errors');
const { groupSources } = await import('../sources');
const { useCompare } = await import('../store');
const { MOST_PROMPTS, useGeneration } = await import('./generation-store');

const model = (id: string) => ({ id, name: id }) as Parameters<typeof groupSources>[0][number];
const name = (weights: WeightsRef) => (weights.kind === 'model' ? weights.model : weights.run);

beforeEach(() => {
  generate.mockReset().mockImplementation((weights, { prompt }) => Promise.resolve(`${name(weights)} after ${prompt}`));
  useCompare.setState({
    groups: groupSources([model('one'), model('two'), model('three')], [], new Map()),
    address: { a: 'model:one', b: 'model:two', c: 'model:three' },
    activity: null,
  });
  for (const { id } of useGeneration.getState().prompts) useGeneration.getState().removePrompt(id);
});

const store = () => useGeneration.getState();
const texts = () => store().prompts.map(({ continuations }) => [continuations.a?.text, continuations.b?.text, continuations.c?.text]);
const states = () => store().prompts.map(({ continuations }) => [continuations.a?.state, continuations.b?.state, continuations.c?.state]);

describe('several prompts', () => {
  it('fill the first empty one, never fewer than one nor more than are allowed', () => {
    expect(store().prompts.map(({ text }) => text)).toEqual(['']);
    store().addPrompt('first');
    store().addPrompt('second');
    store().addPrompt('');
    store().addPrompt('third');
    expect(store().prompts.map(({ text }) => text)).toEqual(['first', 'second', 'third']);
    for (let at = 0; at < 2 * MOST_PROMPTS; at++) store().addPrompt(`more ${at}`);
    expect(store().prompts).toHaveLength(MOST_PROMPTS);
  });

  it('are written on by all with the same sampling, to and fro so that models stay loaded', async () => {
    store().addPrompt('p');
    store().addPrompt('q');
    store().setSampling({ seed: 9 });
    await store().generate();
    expect(texts()).toEqual([
      ['one after p', 'two after p', 'three after p'],
      ['one after q', 'two after q', 'three after q'],
    ]);
    expect(generate.mock.calls.map(([weights, { prompt, seed }]) => `${name(weights)} ${prompt} ${seed}`)).toEqual([
      'one p 9',
      'two p 9',
      'three p 9',
      'three q 9',
      'two q 9',
      'one q 9',
    ]);
  });

  it('keep what was written when one fails, and name it', async () => {
    store().addPrompt('good');
    store().addPrompt('bad');
    generate.mockImplementation((weights, { prompt }) =>
      prompt === 'bad' ? Promise.reject(new StudioError('quota', 'full', {})) : Promise.resolve(name(weights)),
    );
    await store().generate();
    expect(store().failure).toMatchObject({ prompt: store().prompts[1]!.id, error: { code: 'quota' } });
    expect(states()).toEqual([
      ['done', 'done', 'done'],
      ['stopped', 'stopped', 'stopped'],
    ]);
  });

  it('are no failure when the person stops them', async () => {
    store().addPrompt('long');
    generate.mockImplementation((weights) =>
      name(weights) === 'two' ? Promise.reject(new StudioError('cancelled', 'stopped', {})) : Promise.resolve('text'),
    );
    await store().generate();
    expect(store().failure).toBeNull();
    expect(states()).toEqual([['done', 'stopped', 'stopped']]);
  });

  it('lose what other weights wrote', async () => {
    store().addPrompt('p');
    await store().generate();
    useCompare.setState({ address: { a: 'model:one', b: 'model:three', c: null } });
    expect(store().prompts).toMatchObject([{ text: 'p', continuations: {} }]);
    expect(texts()).toEqual([[undefined, undefined, undefined]]);
  });
});
