/** Rows of masked language modelling and of contrastive learning under the tokenizer of nano. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { objectiveSchema } from '../../src/core/recipe/objective-schema';
import type { Objective, Recipe } from '../../src/core/recipe/schema';
import { TextTokenizer } from '../tokenizer/text-tokenizer';
import { withPrefix, type ChannelTokens } from './channel-tokens';
import { exampleBatches, examplesOf, heldOutDraws } from './examples';

const text = (path: string) => readFileSync(new URL(`../../public/${path}`, import.meta.url), 'utf8');
const tokenizer = await TextTokenizer.open({
  tokenizer: text('models/nano/tokenizer.json'),
  config: text('models/nano/tokenizer_config.json'),
  model: text('models/nano/config.json'),
});
const PADDING = 2 ** 30;

/** Documents with the end of text behind each. */
function split(documents: readonly string[]) {
  const starts: number[] = [];
  const ids: number[] = [];
  for (const document of documents) {
    starts.push(ids.length);
    ids.push(...tokenizer.encode(document), tokenizer.endOfText);
  }
  return {
    ids: Uint16Array.from(ids),
    starts: Uint32Array.from(starts),
    bytes: Uint32Array.from(documents, (document) => document.length),
  };
}

const train = split([
  'The treatment of pericarditis is often rest.',
  '',
  'Many people use a drug near the end of the illness.',
  'A big part.',
]);
const channel: ChannelTokens = { id: 'a', train: train.ids, trainDocuments: train.starts, heldOut: train };

async function examples(objective: object, more: object = {}) {
  const channels = [{ id: 'a', objective: objectiveSchema.parse(objective) }];
  const recipe = { packing: 'joined', sequenceLength: 16, channels, ...more } as unknown as Recipe;
  return (await examplesOf({ recipe, channel: 0, text: channel, tokenizer }))!.train;
}
const of = { rows: 8, context: 16, channel: 0 };

describe('rows with hidden tokens', () => {
  it('have the true token at each hidden place, and all others as they are', async () => {
    const rows = await examples({ kind: 'mlm' });
    const draws = Array.from({ length: rows.count }, (_, index) => ({ index, seed: 5 + index }));
    const [batch] = exampleBatches(rows, draws, of);
    const { ids, targets } = batch!;
    const whole = ids.map((id, at) => (targets[at]! >= 0 ? targets[at]! : id));
    draws.forEach(({ index }) => {
      const start = Math.min(index * 16, train.ids.length - 16);
      expect([...whole.subarray(index * 16, index * 16 + 16)]).toEqual([...train.ids.subarray(start, start + 16)]);
      const hidden = targets.subarray(index * 16, index * 16 + 16);
      // The end of a text is never hidden.
      expect(hidden).not.toContain(tokenizer.endOfText);
      expect(hidden.filter((token) => token >= 0).length).toBe(2);
    });
    expect(exampleBatches(rows, draws, of)[0]!.targets).toEqual(targets);
    expect(ids.filter((id, at) => targets[at]! >= 0 && id === tokenizer.marks.mask).length).toBeGreaterThan(draws.length);
    expect(batch!.objective).toMatchObject({ bidirectional: true, taught: true });
    expect(batch!.documents).toBeUndefined();
  });

  it('keep documents apart where the recipe does, and padding from all', async () => {
    const apart = await examples({ kind: 'plm', predict: 0.5 }, { packing: 'separate', sequenceLength: 64 });
    const [batch] = exampleBatches(apart, [{ index: 0, seed: 1 }], { ...of, context: 64 });
    const { documents, targets } = batch!;
    expect([...new Set(documents)].filter((id) => id !== PADDING)).toHaveLength(4);
    expect([...documents!].indexOf(PADDING)).toBe(train.ids.length);
    expect(targets.subarray(train.ids.length).every((token) => token < 0)).toBe(true);
  });

  it('are those of any text where the next token has all of the weight', async () => {
    const objective: Objective = { kind: 'mlm', rate: 0.15, replace: 0.8, random: 0.1, unit: 'token', clmWeight: 1 };
    await expect(examples(objective)).rejects.toThrow();
  });

  it('are measured on the same held-out places each time, whose bytes are counted', async () => {
    const rows = await examples({ kind: 'mlm', unit: 'word' });
    const [one, other] = [0, 1].map(() => exampleBatches(rows, heldOutDraws(rows, 2), of)[0]!);
    expect(one!.targets).toEqual(other!.targets);
    const bytes = [...one!.targets.subarray(0, 16)].filter((token) => token >= 0).map((token) => tokenizer.bytesOf(token)!.length);
    expect(rows.bytes(0)).toBe(bytes.reduce((sum, count) => sum + count, 0));
  });
});

describe("a task's prefix", () => {
  it('stands before each document of both splits, and counts in bytes', () => {
    const prefix = tokenizer.encode('task: ', 'plain');
    const { train: joined, trainDocuments, heldOut } = withPrefix(channel, { ids: prefix, bytes: 6 });
    const documents = [...trainDocuments].map((start, at) =>
      tokenizer.decode([...joined.subarray(start, (trainDocuments[at + 1] ?? joined.length) - 1)]),
    );
    expect(documents).toEqual(
      ['The treatment of pericarditis is often rest.', '', 'Many people use a drug near the end of the illness.', 'A big part.'].map(
        (text) => `task: ${text}`,
      ),
    );
    expect([...heldOut.ids]).toEqual([...joined]);
    expect([...heldOut.bytes]).toEqual([...train.bytes].map((bytes) => bytes + 6));
  });
});

describe('rows of contrastive learning', () => {
  it('are each text twice, and a changed copy of it by the seed', async () => {
    const rows = await examples({ kind: 'contrastive', negatives: 'synonyms' }, { sequenceLength: 24 });
    // The empty document is none.
    expect([rows.count, rows.rowsEach]).toEqual([3, 3]);
    const [batch] = exampleBatches(rows, [{ index: 1, seed: 4 }], { ...of, context: 24 });
    const row = (at: number) => {
      const part = batch!.ids.subarray(at * 24, at * 24 + 24);
      return tokenizer.decode([...part.filter((_, place) => batch!.documents?.[at * 24 + place] !== PADDING)]);
    };
    expect(row(0)).toBe('Many people use a drug near the end of the illness.');
    expect(row(1)).toBe(row(0));
    expect(row(2)).not.toBe(row(0));
    expect([...batch!.targets].flatMap((target, at) => (target >= 0 ? [at] : []))).toEqual([0]);
    expect(rows.bytes(1)).toBe(0);
  });
});
