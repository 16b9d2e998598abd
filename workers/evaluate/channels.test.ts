import { describe, expect, it } from 'vitest';
import { documentLosses } from './channels';
import { spreadDocuments } from '../runtime/channel-tokens';
import type { DocumentTokens } from '../runtime/document-rows';
import type { SequenceModel } from '../runtime/sequences';

const options = { exclusively: <T>(work: () => Promise<T>) => work(), between: async () => undefined };
/** Loss of a token is its id, and 100 more for each token that it sees: those before it in its document and its row. */
const model: SequenceModel = {
  context: 4,
  tokenLosses: async ({ context, targets, documents }) =>
    Float32Array.from(targets, (target, at) => {
      if (target < 0) return 0;
      let seen = 1;
      for (let before = at - 1; before >= at - (at % context) && documents![before] === documents![at]; before--) seen += 1;
      return target + 100 * seen;
    }),
};

it('spreads documents over the whole split', () => {
  expect(spreadDocuments(10, 4)).toEqual([0, 2, 5, 7]);
  expect(spreadDocuments(3, 10)).toEqual([0, 1, 2]);
  expect(spreadDocuments(0, 10)).toEqual([]);
});

describe('documentLosses', () => {
  // Documents 1 2 0 | 3 4 5 0 | 6 0 | 7 8 9 10 11 0; the first and last have more bytes than their tokens, as of a tokenizer that normalises.
  const tokens: DocumentTokens = {
    ids: Uint16Array.of(1, 2, 0, 3, 4, 5, 0, 6, 0, 7, 8, 9, 10, 11, 0),
    starts: Uint32Array.of(0, 3, 7, 9),
    bytes: Uint32Array.of(4, 6, 3, 20),
  };
  it('measures each document by itself, in pieces of the context, with the bytes of its own text', async () => {
    const [sums] = await documentLosses(model, [{ tokens, chosen: [0, 1, 2, 3] }], 0, options);
    // The last is read in a piece of four tokens and one of one.
    expect(sums).toEqual({ nll: [303, 612, 106, 7 + 8 + 9 + 10 + 11 + 1000 + 100], tokens: [2, 3, 1, 5], bytes: [4, 6, 3, 20] });
  });

  it('depends neither on the neighbours, nor on how many are drawn, nor on the batch', async () => {
    const [all] = await documentLosses(model, [{ tokens, chosen: [0, 1, 2, 3] }], 0, options);
    for (const tokensPerBatch of [1, 8, 64]) {
      const [sums] = await documentLosses(model, [{ tokens, chosen: [1, 3] }], 0, { ...options, tokensPerBatch });
      expect(sums).toEqual({ nll: [all!.nll[1], all!.nll[3]], tokens: [3, 5], bytes: [6, 20] });
    }
  });

  it('measures several channels in the same batches, and of each document its beginning where that is asked for', async () => {
    const [all, others] = await documentLosses(
      model,
      [
        { tokens, chosen: [0, 3] },
        { tokens, chosen: [1, 2, 3], beginning: { tokens: 2, tokenBytes: new Uint8Array(12).fill(2) } },
      ],
      0,
      { ...options, tokensPerBatch: 8 },
    );
    expect(all).toEqual({ nll: [303, 7 + 8 + 9 + 10 + 11 + 1000 + 100], tokens: [2, 5], bytes: [4, 20] });
    // Two tokens of three have two thirds of 6 bytes, two of five 8 of 20.
    expect(others).toEqual({ nll: [307, 106, 315], tokens: [2, 1, 2], bytes: [4, 3, 8] });
  });
});
