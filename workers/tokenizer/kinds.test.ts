/** Every part that a tokenizer.json may name, against Hugging Face's `tokenizers` (e2e/parity/make_tokenizer_kinds.py). */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { useCrateWasm } from './crate/module';
import { FastEncoder } from './fast-encoder';
import { TextTokenizer } from './text-tokenizer';
import { parseTokenizerJson, sequenceEnds } from './tokenizer-json';

interface Kind {
  name: string;
  first: { ids: number[]; text: string }[];
  /** Base64 of 32-bit hashes, one per text. */
  ids: string;
  plain?: string;
  decoded: string;
  around?: number[];
}
const root = new URL('../../', import.meta.url);
const fixture = JSON.parse(gunzipSync(readFileSync(new URL('e2e/parity/fixtures/tokenizer-kinds.json.gz', root))).toString()) as {
  texts: string[];
  files: string[];
  kinds: Kind[];
};
useCrateWasm(readFileSync(new URL('workers/tokenizer/crate/build/tokenizers.wasm', root)));

/** FNV-1a over 32-bit words. */
function hash(words: Iterable<number>): number {
  let value = 0x811c9dc5;
  for (const word of words) value = Math.imul(value ^ word, 0x01000193);
  return value >>> 0;
}
const hashes = (packed: string): Uint32Array => new Uint32Array(new Uint8Array(Buffer.from(packed, 'base64')).buffer);

/** Texts of which the tokenizer makes something else than `tokenizers` does. */
function differing(packed: string, made: (at: number) => Iterable<number>): string[] {
  const wanted = hashes(packed);
  expect(wanted.length).toBe(fixture.texts.length);
  return fixture.texts.filter((_, at) => hash(made(at)) !== wanted[at]);
}

describe.each(fixture.kinds.map((kind, at) => ({ ...kind, file: fixture.files[at]! })))(
  '$name',
  ({ file, ids, plain, decoded, first, around }) => {
    it('has the ids and the text of tokenizers', async () => {
      const tokenizer = await TextTokenizer.open({ tokenizer: file, config: null, model: '{"eos_token_id":0}' });
      // The first few in full, since they can be read.
      expect(first.map((_, at) => tokenizer.encode(fixture.texts[at]!))).toEqual(first.map((wanted) => wanted.ids));
      expect(first.map((wanted) => tokenizer.decode(wanted.ids))).toEqual(first.map(({ text }) => text));
      const rows = fixture.texts.map((text) => tokenizer.encode(text));
      expect(differing(ids, (at) => rows[at]!)).toEqual([]);
      expect(differing(decoded, (at) => Buffer.from(tokenizer.decode(rows[at]!), 'utf16le'))).toEqual([]);
      if (plain) expect(differing(plain, (at) => tokenizer.encode(fixture.texts[at]!, 'plain'))).toEqual([]);
      if (around) {
        const { before, after } = sequenceEnds(parseTokenizerJson(file));
        expect([...before, ...tokenizer.encode('a'), ...after]).toEqual(around);
      }
    });
  },
);

it('takes the usual kinds by the fast path', () => {
  const slow = fixture.kinds.filter((_, at) => FastEncoder.of(parseTokenizerJson(fixture.files[at]!)) === null);
  expect(slow.map(({ name }) => name)).toMatchInlineSnapshot(`
    [
      "normalizer Nmt",
      "normalizer Strip both",
      "normalizer Strip left",
      "normalizer Strip right",
      "normalizer Replace Regex",
      "normalizer Replace Regex of two blanks",
      "normalizer Replace Regex of marks",
      "normalizer Precompiled",
      "normalizer ByteLevel",
      "pre-tokenizer UnicodeScripts",
      "pre-tokenizer CharDelimiterSplit",
      "pre-tokenizer CharDelimiterSplit by a blank",
      "pre-tokenizer Digits",
      "pre-tokenizer Digits one by one",
      "pre-tokenizer FixedLength",
      "pre-tokenizer no steps",
      "pre-tokenizer Whitespace, Digits",
      "pre-tokenizer WhitespaceSplit, Punctuation",
      "pre-tokenizer Split, Split",
      "pre-tokenizer Punctuation Removed",
      "pre-tokenizer Punctuation Isolated",
      "pre-tokenizer Punctuation MergedWithPrevious",
      "pre-tokenizer Punctuation MergedWithNext",
      "pre-tokenizer Punctuation Contiguous",
      "pre-tokenizer Split String Removed",
      "pre-tokenizer Split Regex Removed",
      "pre-tokenizer Split String Removed inverted",
      "pre-tokenizer Split Regex Removed inverted",
      "pre-tokenizer Split String Isolated",
      "pre-tokenizer Split Regex Isolated",
      "pre-tokenizer Split String Isolated inverted",
      "pre-tokenizer Split Regex Isolated inverted",
      "pre-tokenizer Split String MergedWithPrevious",
      "pre-tokenizer Split Regex MergedWithPrevious",
      "pre-tokenizer Split String MergedWithPrevious inverted",
      "pre-tokenizer Split Regex MergedWithPrevious inverted",
      "pre-tokenizer Split String MergedWithNext",
      "pre-tokenizer Split Regex MergedWithNext",
      "pre-tokenizer Split String MergedWithNext inverted",
      "pre-tokenizer Split Regex MergedWithNext inverted",
      "pre-tokenizer Split String Contiguous",
      "pre-tokenizer Split Regex Contiguous",
      "pre-tokenizer Split String Contiguous inverted",
      "pre-tokenizer Split Regex Contiguous inverted",
      "pre-tokenizer Split String of a blank",
      "pre-tokenizer Split String of signs of expressions",
      "pre-tokenizer Split Regex with \\w",
      "pre-tokenizer Split Regex with \\d and \\b",
      "pre-tokenizer Split Regex with possessive and lookbehind",
      "pre-tokenizer Split Regex with Han",
      "pre-tokenizer Split Regex with intersection",
      "pre-tokenizer Split Regex with POSIX",
      "pre-tokenizer Split Regex with case",
      "pre-tokenizer Split Regex with empty",
      "pre-tokenizer Split Regex with dot",
      "pre-tokenizer Split Regex with anchors",
      "pre-tokenizer Split Regex with \\X \\h \\R",
      "pre-tokenizer Split Regex with numbers",
      "bytes Qwen 3.5's expression",
      "bytes o200k",
      "bytes cl100k",
      "bytes DeepSeek",
      "bytes DeepSeek V3",
      "bytes StarCoder",
      "bytes Falcon",
      "bytes BLOOM",
      "bytes inverted Removed",
      "bytes Whitespace, ByteLevel",
      "pre-tokenizer WhitespaceSplit, Metaspace",
      "model BPE bytes lacking some, with unknown",
      "model BPE bytes lacking some, unknowns fused",
      "model BPE with a suffix",
      "model BPE with a prefix",
      "model BPE with both",
      "model BPE CLIP",
      "model Unigram T5",
      "model Unigram XLNet",
      "model WordLevel",
      "model WordLevel, Whitespace",
      "model WordLevel whole",
      "added mixed after Strip",
      "added mixed after Precompiled",
      "added mixed before WordLevel",
    ]
  `);
});
