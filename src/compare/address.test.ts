import { describe, expect, it } from 'vitest';
import { compareHash, parseWeightsKey, readCompareAddress, readView, VIEWS, weightsKey } from './address';

describe('compare address', () => {
  it('names a model and a checkpoint', () => {
    expect(weightsKey({ kind: 'model', model: 'nano' })).toBe('model:nano');
    expect(weightsKey({ kind: 'checkpoint', run: '3f2a', step: 1200 })).toBe('run:3f2a@1200');
    expect(weightsKey({ kind: 'checkpoint', run: '3f2a', step: 1200, average: true })).toBe('run:3f2a@1200.average');
  });

  it('reads back what it wrote', () => {
    for (const key of ['model:nano', 'run:3f2a@1200', 'run:a b&c=d@0']) {
      const address = readCompareAddress(compareHash({ a: key, b: 'model:other' }));
      expect(address).toEqual({ a: key, b: 'model:other', c: null });
      expect(weightsKey(parseWeightsKey(key)!)).toBe(key);
    }
  });

  it('keeps the hash readable', () => {
    expect(compareHash({ a: 'model:nano', b: 'run:3f2a@1200' })).toBe('#/compare?a=model:nano&b=run:3f2a@1200');
    expect(compareHash({ a: null, b: null })).toBe('#/compare');
  });

  it('drops keys that name no weights', () => {
    expect(readCompareAddress('#/compare?a=nano&b=run:x@y')).toEqual({ a: null, b: null, c: null });
    expect(readCompareAddress('#/compare')).toEqual({ a: null, b: null, c: null });
    expect(parseWeightsKey('run:x@-1')).toBeNull();
  });

  it('holds a third set of weights', () => {
    const address = { a: 'model:nano', b: 'run:3f2a@1200', c: 'run:3f2a@600' };
    expect(compareHash(address)).toBe('#/compare?a=model:nano&b=run:3f2a@1200&c=run:3f2a@600');
    expect(readCompareAddress(compareHash(address))).toEqual(address);
    expect(readCompareAddress('#/compare?a=model:nano&c=600')).toEqual({ a: 'model:nano', b: null, c: null });
  });

  it('names every view but the first, and takes an unknown one for the first', () => {
    for (const view of VIEWS) expect(readView(compareHash({ a: 'model:nano' }, view))).toBe(view);
    expect(compareHash({ a: 'model:nano' }, 'channels')).toBe('#/compare?a=model:nano');
    expect(compareHash({ a: 'model:nano' }, 'probes')).toBe('#/compare?a=model:nano&view=probes');
    expect(readView('#/compare?view=elsewhere')).toBe('channels');
    expect(readView('#/compare')).toBe('channels');
  });

  it('opens links that name a view by its former name', () => {
    expect(readView('#/compare?view=inside')).toBe('internals');
    expect(readView('#/compare?a=model:nano&view=trade')).toBe('pareto');
  });
});
