import { describe, expect, it } from 'vitest';
import type { TokenBatch } from './trainable-model';
import { buildHeldOutSet, evaluateHeldOut, heldOutStarts } from './held-out';

const tokens = (length: number, first = 0) => Uint16Array.from({ length }, (_, at) => first + at);
const plain = { exclusively: <T>(work: () => Promise<T>) => work(), between: async () => true };

/** Loss of a token is its id in hundredths: sums are known by hand. */
const model = {
  async evaluate(batch: TokenBatch) {
    const nll = [0, 0];
    const count = [0, 0];
    batch.targets.forEach((target, at) => {
      if (target < 0) return;
      const channel = batch.channels[Math.floor(at / batch.context)]!;
      nll[channel]! += target / 100;
      count[channel]! += 1;
    });
    return { nll, tokens: count };
  },
};

describe('held-out rows', () => {
  it('are spread evenly over the stream and are the same each time', () => {
    expect(heldOutStarts(81, 8, 5)).toEqual([0, 16, 32, 48, 64]);
    expect(heldOutStarts(81, 8, 100)).toHaveLength(10);
    expect(heldOutStarts(6, 8, 4)).toEqual([0]);
    expect(heldOutStarts(1, 8, 4)).toEqual([]);
  });

  it('pad a short text, predict nothing there, and count only the bytes of predicted tokens', () => {
    const set = buildHeldOutSet([{ id: 'a', tokens: tokens(6) }], [9, 1, 2, 3, 4, 5], {
      context: 8,
      rowsPerChannel: 2,
      rowsPerBatch: 4,
      startOfText: 0,
    });
    expect([...set.batches[0]!.targets]).toEqual([1, 2, 3, 4, 5, -1, -1, -1]);
    expect(set.bytes).toEqual([15]);
  });
});

describe('held-out documents', () => {
  // 1 2 3 0 | 4 0 | 5 6 7 8 9 0
  const ids = Uint16Array.of(1, 2, 3, 0, 4, 0, 5, 6, 7, 8, 9, 0);
  const documents = { starts: Uint32Array.of(0, 4, 6), bytes: Uint32Array.of(6, 1, 20) };
  const bytes = [0, 2, 2, 2, 1, 1, 1, 1, 1, 1];
  const rows = { context: 4, rowsPerBatch: 8, startOfText: 11 };

  it('start after the start of text, share rows whole, and predict their own text alone', () => {
    const set = buildHeldOutSet([{ id: 'a', tokens: ids, documents }], bytes, { ...rows, rowsPerChannel: 9 });
    const [batch] = set.batches;
    expect([...batch!.ids]).toEqual([11, 1, 2, 11, 11, 5, 6, 7, 8, 0, 0, 0]);
    expect([...batch!.targets]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, -1, -1, -1]);
    expect([...batch!.documents!]).toEqual([0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1]);
    expect(set.bytes).toEqual([27]);
  });

  it('are spread evenly where there are more than asked for; a part has its share of its document’s bytes', () => {
    const set = buildHeldOutSet([{ id: 'a', tokens: ids, documents }], bytes, { ...rows, rowsPerChannel: 1 });
    // Nine tokens in four pieces, four tokens wanted: two pieces.
    expect([...set.batches[0]!.targets]).toEqual([1, 2, 3, -1, 5, 6, 7, 8]);
    expect(set.bytes).toEqual([6 + (20 * 4) / 5]);
  });
});

describe('evaluateHeldOut', () => {
  const channels = [
    { id: 'a', tokens: tokens(17) },
    { id: 'b', tokens: tokens(9, 100) },
    { id: 'c', tokens: tokens(0) },
  ];
  const set = buildHeldOutSet(channels, new Array<number>(200).fill(3), { context: 8, rowsPerChannel: 2, rowsPerBatch: 2, startOfText: 0 });

  it('weighs by tokens and leaves out a channel without text', async () => {
    const result = await evaluateHeldOut(model, set, plain);
    expect(Object.keys(result!)).toEqual(['a', 'b']);
    // a: targets 1 … 16, b: targets 101 … 108.
    expect(result!['a']).toMatchObject({ tokens: 16, bytes: 48 });
    expect(result!['a']!.loss).toBeCloseTo(0.085, 12);
    expect(result!['b']!.loss).toBeCloseTo(1.045, 12);
  });

  it('tells finished channels as it goes, and ends when asked to', async () => {
    const seen: string[][] = [];
    const between = async (partial: object) => seen.push(Object.keys(partial)) < 2;
    expect(await evaluateHeldOut(model, set, { ...plain, between })).toBeNull();
    expect(seen).toEqual([[], ['a']]);
  });
});
