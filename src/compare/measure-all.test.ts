import { beforeEach, expect, it, vi } from 'vitest';
import type { MeasureKind } from './measures';

const { asked, act, measured } = vi.hoisted(() => {
  const asked: MeasureKind[] = [];
  const act = { current: (_: MeasureKind): void => undefined };
  const measured = (kind: MeasureKind) => async () => {
    asked.push(kind);
    act.current(kind);
    await Promise.resolve();
  };
  return { asked, act, measured };
});
vi.mock('./terms/store', () => ({ measureTerms: measured('terms') }));
vi.mock('./probes/store', () => ({ measureProbeSets: measured('probes') }));
vi.mock('./stability/store', () => ({
  measureMemorisation: measured('memorisation'),
  measureRobustness: measured('robustness'),
  useStability: { getState: () => ({ read: null }), setState: () => undefined },
}));
vi.mock('./internals/store', () => ({
  useInternals: {
    getState: () => ({ text: null, measureWeights: measured('weights'), measureAttention: measured('attention') }),
    setState: () => undefined,
  },
}));
vi.mock('./measures', async (original) => ({
  ...(await original<object>()),
  measureChannels: measured('channels'),
  chosenChannels: () => [{ id: 'en', corpus: 'en', role: 'general' }],
  pickedWeights: () => [{ step: null }, { step: 4 }],
}));

// Another file of the same worker may have read the real ones.
vi.resetModules();
const { useCompare } = await import('./store');
const { cancelEverything, measureEverything, packed, QUEUE, unpacked, useQueue } = await import('./measure-all');
const { useMeasures } = await import('./measures');

const give = (kind: MeasureKind) => useMeasures.setState(({ results }) => ({ results: { ...results, [kind]: {} as never } }));

beforeEach(() => {
  asked.length = 0;
  act.current = give;
  useMeasures.setState({ results: {}, errors: {} });
});

it('makes every measure in its order, and goes on after one that fails', async () => {
  act.current = (kind) =>
    kind === 'probes' ? useMeasures.setState({ errors: { probes: { code: 'fetch-failed', message: '', values: {} } } }) : give(kind);
  await measureEverything('a text');
  expect(asked).toEqual([...QUEUE]);
  expect(useQueue.getState()).toMatchObject({ waiting: null, done: [...QUEUE] });
});

it('ends at a cancel, its own or that of the measure under way', async () => {
  vi.spyOn(useCompare.getState(), 'cancel').mockResolvedValue();
  act.current = (kind) => (kind === 'weights' ? cancelEverything() : give(kind));
  await measureEverything('a text');
  expect(asked).toEqual(['channels', 'weights']);
  asked.length = 0;
  // The measure's own button leaves its result as it was.
  act.current = (kind) => (kind === 'probes' ? undefined : give(kind));
  useMeasures.setState({ results: {} });
  await measureEverything('a text');
  expect(asked).toEqual(['channels', 'weights', 'terms', 'probes']);
});

it('ends when other weights are picked', async () => {
  act.current = (kind) => {
    give(kind);
    if (kind === 'terms') useCompare.setState({ address: { a: 'model:x', b: 'model:y', c: null } });
  };
  await measureEverything('a text');
  expect(asked).toEqual(['channels', 'weights', 'terms']);
});

it('keeps typed arrays and numbers that are not finite', () => {
  const value = { a: Float32Array.of(1.5, -0, 3e-8), b: [Number.NaN, Infinity, null], c: { d: 'x' } };
  expect(unpacked(packed(value))).toEqual(value);
});
