import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { extendByMerges, extendByPieces, type ExtendedTokenizer } from './extended-tokenizer';
import { splitDocuments } from '../../src/core/text/documents';
import { TextTokenizer } from './text-tokenizer';
import { modelPieces, parseTokenizerJson } from './tokenizer-json';

const root = new URL('../../', import.meta.url);
const text = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const open = (source: string): Promise<TextTokenizer> =>
  TextTokenizer.open({ tokenizer: source, config: null, model: '{"eos_token_id":0}' });
const documents = ['zh', 'en', 'code', 'domain'].flatMap((id) =>
  splitDocuments(text(`public/corpora/${id}.eval.txt`), '\n\n').slice(0, 60),
);

const kinds = ['gpt2', 'llama3', 'qwen2', 'llama2', 'llama2-across-words', 'mistral', 'bert', 't5'];
const sources = new Map([
  ['nano', text('public/models/nano/tokenizer.json')],
  ...kinds.map((name): [string, string] => [name, text(`e2e/parity/fixtures/tokenizers/${name}.json`)]),
]);
const TERMS = ['angiocardiography', '糖尿病', '鑫', 'type 2 diabetes', '龘龖', 'naïve', 'loss'];

/** Texts that the new ids stand for, as they stand in a text. */
async function newTexts(source: string, { tokenizer, before }: ExtendedTokenizer): Promise<string[]> {
  const old = new Set(modelPieces(parseTokenizerJson(source)).map(([piece]) => piece));
  const byteLevel = tokenizer.includes('"decoder":{"type":"ByteLevel"');
  const extended = await open(tokenizer);
  return modelPieces(parseTokenizerJson(tokenizer))
    .filter(([piece, id]) => id >= before && !old.has(piece))
    .map(([piece, id]) =>
      (byteLevel ? new TextDecoder().decode(extended.bytesOf(id)!) : piece.replaceAll('▁', ' ')).replaceAll('\ufffd', ''),
    );
}

/** Every text without a new piece keeps its ids. */
async function expectOldTextsKept(source: string, extended: ExtendedTokenizer): Promise<void> {
  const [before, after] = [await open(source), await open(extended.tokenizer)];
  const fresh = (await newTexts(source, extended)).map((piece) => piece.trim());
  const slices = fc.record({ document: fc.constantFrom(...documents), from: fc.nat(2000), length: fc.integer({ min: 1, max: 400 }) });
  let compared = 0;
  const check = (sample: string): void => {
    const folded = sample.toLowerCase();
    if (fresh.some((piece) => piece === '' || sample.includes(piece) || folded.includes(piece))) return;
    expect(after.encode(sample)).toEqual(before.encode(sample));
    compared++;
  };
  fc.assert(
    fc.property(slices, ({ document, from, length }) => check(document.slice(from, from + length))),
    { numRuns: 150 },
  );
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 40 }), check), { numRuns: 50 });
  expect(compared).toBeGreaterThan(fresh.includes('') ? -1 : 20);
}

describe.each([...sources])('%s', async (name, source) => {
  const extended = extendByPieces(source, TERMS);
  const after = await open(extended.tokenizer);

  it('writes each new text as one token', () => {
    expect([...extended.known, ...extended.added.map(({ text: added }) => added)].sort()).toEqual([...TERMS].sort());
    for (const { text: added } of extended.added) {
      const ids = after.encode(added);
      // A word may carry a mark of its own for where it begins.
      expect(ids.filter((id) => id >= extended.before).length, added).toBe(1);
      expect(after.decode(ids).trim()).toBe(name === 'bert' ? added.toLowerCase() : added);
    }
    expect(after.size).toBe(extended.after);
    expect(extended.rows.map(({ id }) => id)).toEqual(
      Array.from({ length: extended.after - extended.before }, (_, at) => extended.before + at),
    );
    for (const { from } of extended.rows) for (const id of from) expect(id).toBeLessThan(extended.before);
  });

  it('leaves other texts as they were', () => expectOldTextsKept(source, extended));
});

describe('rows', () => {
  it('come from the old pieces of the text', async () => {
    const source = sources.get('nano')!;
    const before = await open(source);
    const { rows, tokenizer } = extendByPieces(source, ['angiocardiography']);
    const id = (await open(tokenizer)).encode(' angiocardiography')[0]!;
    expect(rows.find((row) => row.id === id)?.from).toEqual(before.encode(' angiocardiography'));
  });
});

describe('extending a second time', () => {
  it('builds on the first', async () => {
    const source = sources.get('gpt2')!;
    const first = extendByPieces(source, ['angiocardiography']);
    const second = extendByPieces(first.tokenizer, ['angiocardiographyical', 'angiocardiography']);
    expect(second.known).toEqual(['angiocardiography']);
    const after = await open(second.tokenizer);
    for (const word of ['angiocardiography', ' angiocardiography', 'angiocardiographyical']) expect(after.encode(word).length).toBe(1);
  });
});

describe('more merges', () => {
  it.each(['nano', 'llama2', 'qwen2'])('make text shorter and keep what they do not touch: %s', async (name) => {
    const source = sources.get(name)!;
    const training = splitDocuments(text('public/corpora/domain.eval.txt'), '\n\n').slice(0, 150);
    const extended = await extendByMerges(source, [{ texts: training, weight: 1 }], 60);
    expect(extended.after - extended.before).toBeLessThanOrEqual(60);
    expect(extended.after - extended.before).toBeGreaterThan(40);
    const [before, after] = [await open(source), await open(extended.tokenizer)];
    const length = (tokenizer: TextTokenizer): number => training.reduce((sum, document) => sum + tokenizer.encode(document).length, 0);
    expect(length(after)).toBeLessThan(length(before));
    for (const document of training.slice(0, 20)) expect(after.decode(after.encode(document))).toBe(before.decode(before.encode(document)));
    await expectOldTextsKept(source, extended);
  });

  it('are refused where there are none to go on from', async () => {
    await expect(extendByMerges(sources.get('t5')!, [], 5)).rejects.toMatchObject({ code: 'tokenizer-options' });
  });
});
