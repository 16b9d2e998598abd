import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Measures } from './measures';

const cancels = vi.hoisted(() => ({ tokenizer: vi.fn(() => Promise.resolve()), trainer: vi.fn(() => Promise.resolve()) }));
vi.mock('../lab/lab', () => ({ lab: { tokenizer: { cancel: cancels.tokenizer }, trainer: { cancel: cancels.trainer } } }));
vi.mock('../lab/device-store', () => ({ openDevice: () => Promise.resolve() }));
// Test files share modules: here they are made anew with the mocks, and again without them afterwards.
vi.resetModules();
afterAll(() => void vi.resetModules());
const { StudioError } = await import('../core/errors');
const { useMeasures } = await import('./measures');
const { groupSources } = await import('./sources');
const { useCompare } = await import('./store');

const model = (id: string) => ({ id, name: id }) as Parameters<typeof groupSources>[0][number];
const curves = (bits: number): Measures['robustness'] => [{ kind: 'characters', levels: [0], bitsPerByte: [[bits]] }];
const measure = (work: () => Promise<Measures['robustness']>) => useMeasures.getState().measure('robustness', work);

beforeEach(() => {
  useCompare.setState({
    groups: groupSources([model('one'), model('two')], [], new Map()),
    address: { a: 'model:one', b: 'model:two', c: null },
    activity: null,
  });
  useMeasures.setState({ results: {}, errors: {}, running: null, progress: null });
});

describe('measure', () => {
  it('hands over the picked weights, A first, and names models by their letters while it works', async () => {
    const seen: unknown[] = [];
    await useMeasures.getState().measure('robustness', (weights, onProgress) => {
      seen.push(weights, useMeasures.getState().running, useCompare.getState().activity);
      onProgress({ phase: 'evaluate', item: '1', done: 1, total: 2 });
      seen.push(useMeasures.getState().progress?.item);
      return Promise.resolve(curves(2));
    });
    const models = ['one', 'two'].map((id) => ({ kind: 'model', model: id }));
    expect(seen).toEqual([models, 'robustness', 'measure', 'B']);
    expect(useMeasures.getState()).toMatchObject({ results: { robustness: curves(2) }, running: null, progress: null });
    expect(useCompare.getState().activity).toBeNull();
  });

  it('keeps the last good figures when it fails, and says why until it succeeds', async () => {
    await measure(() => Promise.resolve(curves(2)));
    await measure(() => Promise.reject(new StudioError('quota', 'full', {})));
    expect(useMeasures.getState()).toMatchObject({ results: { robustness: curves(2) }, errors: { robustness: { code: 'quota' } } });
    await measure(() => Promise.resolve(curves(3)));
    expect(useMeasures.getState()).toMatchObject({ results: { robustness: curves(3) }, errors: {} });
    expect(useMeasures.getState().errors).toEqual({});
  });

  it('is no fault when it is cancelled', async () => {
    await measure(() => Promise.resolve(curves(2)));
    await measure(() => Promise.reject(new StudioError('cancelled', 'cancelled', {})));
    expect(useMeasures.getState()).toMatchObject({ results: { robustness: curves(2) } });
    expect(useMeasures.getState().errors).toEqual({});
  });

  it('is cancelled also when the cancel falls between two workers', async () => {
    const measuring = measure(
      () =>
        new Promise((_, reject) => {
          // Nothing to cancel yet at the first word of it.
          let heard = 0;
          cancels.trainer.mockImplementation(() => {
            heard += 1;
            if (heard === 2) reject(new StudioError('cancelled', 'cancelled', {}));
            return Promise.resolve();
          });
        }),
    );
    await vi.waitFor(() => expect(useMeasures.getState().running).toBe('robustness'));
    await useCompare.getState().cancel();
    await measuring;
    expect(useCompare.getState().activity).toBeNull();
    expect([cancels.tokenizer, cancels.trainer].map((cancel) => cancel.mock.calls.length)).toEqual([2, 2]);
    expect(useMeasures.getState().errors).toEqual({});
  });

  it('takes its turn: a second one does nothing meanwhile', async () => {
    const second = vi.fn(() => Promise.resolve(curves(9)));
    await measure(async () => {
      await measure(second);
      return curves(2);
    });
    expect(second).not.toHaveBeenCalled();
    expect(useMeasures.getState().results.robustness).toEqual(curves(2));
  });

  it('drops what belongs to other weights', async () => {
    await measure(() => Promise.resolve(curves(2)));
    useCompare.setState({ address: { a: 'model:two', b: 'model:one', c: null } });
    expect(useMeasures.getState().results).toEqual({});
    await measure(() => {
      useCompare.setState({ address: { a: 'model:one', b: 'model:two', c: null } });
      return Promise.resolve(curves(2));
    });
    expect(useMeasures.getState().results).toEqual({});
  });
});
