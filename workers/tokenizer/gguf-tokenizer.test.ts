/** Tokenizers out of GGUF metadata and back, against Hugging Face's `tokenizers` (e2e/parity/make_gguf_fixtures.py). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openGguf } from '../engine/checkpoint/gguf';
import { ggufStream, type GgufEntry } from '../engine/checkpoint/gguf-write';
import { useCrateWasm } from './crate/module';
import { tokenizerEntries, tokenizerOfGguf } from './gguf-tokenizer';
import { TextTokenizer } from './text-tokenizer';

const root = new URL('../../', import.meta.url);
const fixtures = new URL('e2e/parity/fixtures/gguf/', root);
const { texts, ids } = JSON.parse(readFileSync(new URL('tokenizers.json', fixtures), 'utf8')) as {
  texts: string[];
  ids: Record<string, number[][]>;
};
useCrateWasm(readFileSync(new URL('workers/tokenizer/crate/build/tokenizers.wasm', root)));

const stored = async (kind: string) =>
  (await openGguf(`${kind}.gguf`, new Uint8Array(readFileSync(new URL(`tokenizers/${kind}.gguf`, fixtures))))).metadata;

async function reread(entries: readonly GgufEntry[]) {
  const chunks: Uint8Array[] = [];
  for await (const chunk of ggufStream(entries, [], 'F16').chunks()) chunks.push(chunk);
  return (await openGguf('w.gguf', new Uint8Array(Buffer.concat(chunks)))).metadata;
}

describe.each(Object.keys(ids))('%s', (kind) => {
  it('has the ids of tokenizers, also when it is written and read again', async () => {
    const meta = await stored(kind);
    const made = tokenizerOfGguf(meta);
    const open = ({ tokenizer, config }: typeof made) => TextTokenizer.open({ tokenizer, config, model: null });
    const tokenizer = await open(made);
    const idsOf = (one: TextTokenizer) => Object.fromEntries(texts.map((text) => [text, one.encode(text)]));
    const expected = Object.fromEntries(texts.map((text, at) => [text, ids[kind]![at]]));
    expect(idsOf(tokenizer)).toEqual(expected);
    expect(texts.map((text) => tokenizer.decode(tokenizer.encode(text)))).toEqual(
      // SentencePiece has one mark for blanks, which cannot be told from itself.
      kind === 'llama' ? texts.map((text) => text.replaceAll('▁', ' ')) : texts,
    );

    const rows = meta.texts('tokenizer.ggml.tokens').length;
    const again = await reread(tokenizerEntries({ ...made, model: '{}' }, rows));
    for (const key of ['model', 'pre']) expect(again.text(`tokenizer.ggml.${key}`)).toBe(meta.text(`tokenizer.ggml.${key}`));
    for (const key of ['tokens', 'merges']) expect(again.texts(`tokenizer.ggml.${key}`)).toEqual(meta.texts(`tokenizer.ggml.${key}`));
    for (const key of ['token_type', 'scores'])
      expect(again.numbers(`tokenizer.ggml.${key}`)).toEqual(meta.numbers(`tokenizer.ggml.${key}`));
    for (const key of ['bos', 'eos'])
      expect(again.count(`tokenizer.ggml.${key}_token_id`)).toBe(meta.count(`tokenizer.ggml.${key}_token_id`));
    expect(idsOf(await open(tokenizerOfGguf(again)))).toEqual(expected);
  });
});

it('keeps the chat template, and begins texts with BOS where llama.cpp does', async () => {
  const smollm = tokenizerOfGguf(await stored('smollm'));
  expect(JSON.parse(smollm.config)).toMatchObject({
    ...{ bos_token: '<|im_start|>', eos_token: '<|im_end|>', add_bos_token: false },
    chat_template: '{% for message in messages %}{{ message.content }}{% endfor %}',
  });
  expect(JSON.parse(tokenizerOfGguf(await stored('llama-bpe')).tokenizer)).toMatchObject({
    post_processor: { single: [{ SpecialToken: { id: '<|im_start|>' } }, {}] },
  });
  expect(JSON.parse(tokenizerOfGguf(await stored('llama')).config)).toMatchObject({
    bos_token: '<s>',
    add_bos_token: true,
    unk_token: '<unk>',
  });
});

describe('metadata that is refused', () => {
  const base: GgufEntry[] = [
    ['tokenizer.ggml.model', 'text', 'gpt2'],
    ['tokenizer.ggml.pre', 'text', 'gpt-2'],
    ['tokenizer.ggml.tokens', 'texts', ['a', 'b', 'ab']],
    ['tokenizer.ggml.merges', 'texts', ['a b']],
  ];
  const withEntry = (entry: GgufEntry) => [...base.filter(([key]) => key !== entry[0]), entry];
  it.each<[string, GgufEntry[], object]>([
    [
      'another model',
      withEntry(['tokenizer.ggml.model', 'text', 'rwkv']),
      { code: 'config-unsupported', values: { value: '"rwkv"', accepted: 'gpt2, llama' } },
    ],
    [
      'another way to split',
      withEntry(['tokenizer.ggml.pre', 'text', 'tekken']),
      { code: 'config-unsupported', values: { field: 'tokenizer.ggml.pre' } },
    ],
    [
      'a token twice',
      withEntry(['tokenizer.ggml.tokens', 'texts', ['a', 'b', 'a']]),
      { code: 'gguf-invalid', values: { reason: 'gguf-token-twice', found: 0, other: 2 } },
    ],
    [
      'a merge of one',
      withEntry(['tokenizer.ggml.merges', 'texts', ['a b', 'ab']]),
      { code: 'gguf-invalid', values: { reason: 'gguf-merge', found: 2 } },
    ],
    [
      'a merge that makes no token',
      withEntry(['tokenizer.ggml.merges', 'texts', ['b a']]),
      { code: 'gguf-invalid', values: { reason: 'gguf-merge', found: 1 } },
    ],
    [
      'too few kinds of tokens',
      withEntry(['tokenizer.ggml.token_type', 'i32s', [1]]),
      { code: 'gguf-invalid', values: { reason: 'gguf-list', found: 1, expected: 3 } },
    ],
    [
      'a token that is none',
      withEntry(['tokenizer.ggml.eos_token_id', 'u32', 3]),
      { code: 'gguf-invalid', values: { reason: 'gguf-token-id', found: 3, most: 3 } },
    ],
    ['no tokens', base.slice(0, 2), { code: 'config-unsupported', values: { field: 'tokenizer.ggml.tokens', value: '—' } }],
    [
      'SentencePiece without scores',
      withEntry(['tokenizer.ggml.model', 'text', 'llama']).filter(([key]) => !key.endsWith('merges')),
      { values: { reason: 'gguf-list', found: 0 } },
    ],
  ])('%s', async (_, entries, error) => {
    const meta = await reread(entries);
    expect(() => tokenizerOfGguf(meta)).toThrow(
      expect.objectContaining({
        ...error,
        ...('values' in error ? { values: expect.objectContaining(error.values as object) as object } : {}),
      }),
    );
  });

  it.each([
    ['Unigram', { model: { type: 'Unigram', vocab: [['a', -1]] } }, 'tokenizer.json: model'],
    ['lower case', { normalizer: { type: 'Lowercase' } }, 'tokenizer.json: normalizer'],
    ['white space', { pre_tokenizer: { type: 'Whitespace' } }, 'tokenizer.json: pre_tokenizer'],
  ])('a tokenizer of another kind is not written: %s', (_, change, field) => {
    const json = {
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: null,
      model: { type: 'BPE', vocab: { a: 0 }, merges: [] },
      ...change,
    };
    expect(() => tokenizerEntries({ tokenizer: JSON.stringify(json), config: null, model: '{"eos_token_id":0}' }, 1)).toThrow(
      expect.objectContaining({ code: 'gguf-unwritable', values: expect.objectContaining({ field }) as object }),
    );
  });
});
