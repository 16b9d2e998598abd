import { describe, expect, it } from 'vitest';
import { documentLosses } from './channels';
import { spreadDocuments } from './each-model';
import type { SequenceModel } from '../runtime/sequences';

const options = { exclusively: <T>(work: () => Promise<T>) => work(), between: async () => undefined };
/** Loss of a token is its id. */
const model: SequenceModel = {
  context: 4,
  tokenLosses: async ({ targets }) => Float32Array.from(targets, (target) => Math.max(0, target)),
};

it('spreads documents over the whole split', () => {
  expect(spreadDocuments(10, 4)).toEqual([0, 2, 5, 7]);
  expect(spreadDocuments(3, 10)).toEqual([0, 1, 2]);
  expect(spreadDocuments(0, 10)).toEqual([]);
});

describe('documentLosses', () => {
  // Documents 1 2 0 | 3 4 5 0 | 6 0 | 7 8 9 10 0
  const tokens = { ids: Uint16Array.of(1, 2, 0, 3, 4, 5, 0, 6, 0, 7, 8, 9, 10, 0), offsets: Uint32Array.of(0, 3, 7, 9) };
  const bytes = [0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4];

  it('gives each document its own tokens; the very first is predicted by nothing', async () => {
    const sums = await documentLosses(model, tokens, [0, 1, 2, 3], bytes, options);
    expect(sums).toEqual({ nll: [2, 12, 6, 34], tokens: [2, 4, 2, 5], bytes: [1, 6, 3, 13] });
  });

  it('measures only what was chosen, the same whatever the batch', async () => {
    for (const tokensPerBatch of [1, 8, 64]) {
      const sums = await documentLosses(model, tokens, [1, 3], bytes, { ...options, tokensPerBatch });
      expect(sums).toEqual({ nll: [9, 34], tokens: [3, 5], bytes: [4, 13] });
    }
  });
});
