import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { parseTokenizerJson } from '../tokenizer-json';
import { crateEncoder } from './crate-encoder';
import { encodeLong } from './long-text';
import { useCrateWasm } from './module';

const root = new URL('../../../', import.meta.url);
useCrateWasm(readFileSync(new URL('workers/tokenizer/crate/build/tokenizers.wasm', root)));
const fixture = JSON.parse(gunzipSync(readFileSync(new URL('e2e/parity/fixtures/tokenizer-kinds.json.gz', root))).toString()) as {
  texts: string[];
  files: string[];
  kinds: { name: string }[];
};
const kinds = [
  'bytes DeepSeek',
  'bytes o200k',
  'bytes Falcon',
  'bytes StarCoder',
  'pre-tokenizer Metaspace first',
  'model Unigram T5',
  'model BPE with a suffix',
  'model WordLevel',
];

it.each(kinds)('cuts a long text without another id: %s', async (name) => {
  const file = fixture.files[fixture.kinds.findIndex((kind) => kind.name === name)]!;
  const { encode } = await crateEncoder(parseTokenizerJson(file), false);
  const text = fixture.texts.slice(100, 400).join(' \n');
  const whole = Array.from(encode([text], true)[0]![0]!);
  const parts = encodeLong((part, first) => encode([part], first)[0]![0]!, text, true, 2000);
  expect(parts.length).toBeGreaterThan(3);
  expect(parts.flatMap((ids) => Array.from(ids))).toEqual(whole);
});

it('refuses a text that can be cut nowhere', async () => {
  const file = fixture.files[fixture.kinds.findIndex((kind) => kind.name === 'model WordLevel whole')]!;
  const { encode } = await crateEncoder(parseTokenizerJson(file), false);
  expect(() => encodeLong((part, first) => encode([part], first)[0]![0]!, 'ab'.repeat(5000), true, 2000)).toThrow('too long');
});

it.each(['pre-tokenizer Metaspace first', 'bytes Falcon', 'model WordLevel', 'model BPE bytes lacking some, with unknown'])(
  'gives many parts by one call the ids that each has by itself, also with the separator in them: %s',
  async (name) => {
    const file = fixture.files[fixture.kinds.findIndex((kind) => kind.name === name)]!;
    const { encode } = await crateEncoder(parseTokenizerJson(file), false);
    const parts = [...fixture.texts.slice(0, 40), 'a\u{10ffff}', '\u{10fffe}b', '\u{10ffff}\u{10ffff}\u{10fffe}', 'c\u{10ffff}'].filter(
      (text) => text !== '',
    );
    for (const first of [true, false]) {
      const alone = parts.map((part, at) => Array.from(encode([part], first && at === 0)[0]![0]!));
      for (const some of [parts, parts.slice(0, -4)])
        expect(encode(some, first).map((rows) => rows.flatMap((ids) => Array.from(ids)))).toEqual(alone.slice(0, some.length));
    }
  },
);
