import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { replacedRows } from './extend-vocabulary';
import { aloneTokenizer, type OpenTokenizer } from './open';
import { channelFertility, countTokens, curveSizes, fertilityCurve, spreadSample, termTokens } from './statistics';
import { Turns } from './turns';
import { Vocabulary } from './vocabulary';
import { parseTokenizerJson } from './tokenizer-json';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
async function open(path: string): Promise<OpenTokenizer & { source: string }> {
  const source = read(path);
  const vocabulary = new Vocabulary(parseTokenizerJson(source));
  return { tokenizer: await aloneTokenizer({ tokenizer: source, config: null }), vocabulary, hash: '', source };
}
const nano = await open('public/models/nano/tokenizer.json');
const bert = await open('e2e/parity/fixtures/tokenizers/bert.json');
const llama = await open('e2e/parity/fixtures/tokenizers/llama2.json');
const turns = new Turns(undefined);
const count = (tokenizer: OpenTokenizer, text: string) => countTokens(tokenizer, text, tokenizer.tokenizer.encode(text));

describe('counts', () => {
  it('are of characters, words and bytes of the text, whatever the tokenizer', () => {
    for (const tokenizer of [nano, bert, llama])
      expect(count(tokenizer, 'Two words, 👍 患者。')).toMatchObject({ characters: 16, bytes: 11 + 4 + 1 + 9, words: 3 });
  });
  it('tell unknown tokens and those that are a part of a character', () => {
    // U+9F98 is in none of these vocabularies: three bytes in the fallback, one unknown token in BERT's.
    expect(count(llama, '龘')).toMatchObject({ unknown: 0, byteFallback: 3 });
    expect(count(bert, '龘')).toMatchObject({ tokens: 1, unknown: 1, byteFallback: 0 });
    const own = count(nano, '龘');
    expect(own.byteFallback).toBe(own.tokens);
    expect(count(nano, 'plain words')).toMatchObject({ unknown: 0, byteFallback: 0 });
  });
  it('are sums over a channel’s documents', async () => {
    const documents = ['one two', '患者', 'three'];
    const { counts } = await channelFertility(nano, { corpus: 'x', documents }, turns);
    expect(counts.characters).toBe(14);
    expect(counts.tokens).toBe(documents.reduce((sum, text) => sum + nano.tokenizer.encode(text).length, 0));
  });
});

describe('samples', () => {
  it('are spread over the whole split, and all of it where it is short', () => {
    const documents = Array.from({ length: 100 }, (_, at) => String(at).padStart(10, '0'));
    expect(spreadSample(documents, 50).map(Number)).toEqual([0, 20, 40, 60, 80]);
    expect(spreadSample(documents.slice(0, 3), 50)).toHaveLength(3);
    expect(spreadSample(['long '.repeat(100)], 10)).toHaveLength(1);
  });
});

describe('the curve', () => {
  it('halves the vocabulary down to the alphabet', () => {
    expect(curveSizes(4096, 3839)).toEqual([512, 1024, 2048, 4096]);
    expect(curveSizes(1400, 0)).toEqual([1400]);
    expect(curveSizes(300, 40)).toEqual([300]);
  });
  it('falls with every merge, and ends with the tokenizer itself', async () => {
    const documents = ['The patient was treated with aspirin for an acute infection.'];
    const samples = [{ corpus: 'x', documents }];
    const curve = await fertilityCurve({ tokenizer: nano.source, config: null }, nano.tokenizer, samples, turns);
    expect(curve.map(({ vocabulary }) => vocabulary)).toEqual([512, 1024, 2048, 4096]);
    const values = curve.map(({ tokensPerCharacter }) => tokensPerCharacter['x']!);
    expect([...values].sort((a, b) => b - a)).toEqual(values);
    expect(values.at(-1)).toBe(nano.tokenizer.encode(documents[0]!).length / documents[0]!.length);
    expect(values[0]).toBeGreaterThan(values.at(-1)!);
  });
});

it('a term counts by itself or after a space, whichever is fewer', () => {
  expect(termTokens(nano.tokenizer, 'the')).toBe(1);
  expect(termTokens(nano.tokenizer, 'pericarditis')).toBe(nano.tokenizer.encode(' pericarditis').length);
});

describe('rows of a replaced tokenizer', () => {
  const rows = replacedRows(nano, bert);
  const idOf = (piece: string) => (JSON.parse(bert.source) as { model: { vocab: Record<string, number> } }).model.vocab[piece]!;
  it('are the old tokens of each new token’s text', () => {
    expect(rows).toHaveLength(bert.tokenizer.size);
    expect(rows[idOf('patient')]).toEqual(nano.tokenizer.encode('patient'));
    // What ends a text goes on ending it; a special token without a likeness starts from the mean of all rows.
    expect(rows[bert.tokenizer.endOfText]).toEqual([nano.tokenizer.endOfText]);
    expect(rows[idOf('[UNK]')]).toEqual([]);
  });
  it('are the tokens of its bytes where a token is a part of a character', () => {
    const back = replacedRows(llama, nano);
    const byte = nano.tokenizer.encode('龘').find((id) => nano.vocabulary.piece(id).bytes.length === 1)!;
    const [value] = nano.vocabulary.piece(byte).bytes;
    const [source] = back[byte]!;
    expect(llama.vocabulary.piece(source!)).toMatchObject({ kind: 'byte', bytes: [value] });
  });
});
