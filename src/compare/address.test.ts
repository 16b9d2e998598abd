import { describe, expect, it } from 'vitest';
import { compareHash, parseWeightsKey, readCompareAddress, weightsKey } from './address';

describe('compare address', () => {
  it('names a model and a checkpoint', () => {
    expect(weightsKey({ kind: 'model', model: 'nano' })).toBe('model:nano');
    expect(weightsKey({ kind: 'checkpoint', run: '3f2a', step: 1200 })).toBe('run:3f2a@1200');
  });

  it('reads back what it wrote', () => {
    for (const key of ['model:nano', 'run:3f2a@1200', 'run:a b&c=d@0']) {
      const address = readCompareAddress(compareHash({ a: key, b: 'model:other' }));
      expect(address).toEqual({ a: key, b: 'model:other' });
      expect(weightsKey(parseWeightsKey(key)!)).toBe(key);
    }
  });

  it('keeps the hash readable', () => {
    expect(compareHash({ a: 'model:nano', b: 'run:3f2a@1200' })).toBe('#/compare?a=model:nano&b=run:3f2a@1200');
    expect(compareHash({ a: null, b: null })).toBe('#/compare');
  });

  it('drops keys that name no weights', () => {
    expect(readCompareAddress('#/compare?a=nano&b=run:x@y')).toEqual({ a: null, b: null });
    expect(readCompareAddress('#/compare')).toEqual({ a: null, b: null });
    expect(parseWeightsKey('run:x@-1')).toBeNull();
  });
});
