/** Spans against offsets by Hugging Face's `tokenizers` (e2e/parity/make_tokenizer_span_fixtures.py). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { TokenPiece } from '../../src/contract/tokenizer';
import { spansOf } from './spans';
import { Vocabulary } from './vocabulary';
import { parseTokenizerJson } from './tokenizer-json';

const fixtures = new URL('../../e2e/parity/fixtures/', import.meta.url);
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, fixtures), 'utf8'));
const fixture = read('tokenizer-spans.json') as {
  texts: string[];
  kinds: { name: string; strings: { ids: number[]; offsets: [number, number][] }[] }[];
};

describe.each(fixture.kinds)('$name', ({ name, strings }) => {
  const vocabulary = new Vocabulary(parseTokenizerJson(JSON.stringify(read(`tokenizers/${name}.json`))));

  it.each(fixture.texts.map((text, index) => [text, strings[index]!] as const))(
    'finds the tokens of %j in it',
    (text, { ids, offsets }) => {
      const spans = spansOf(
        text,
        ids.map((id) => vocabulary.piece(id)),
        vocabulary.byteLevel,
        true,
      );
      expect(spans.flatMap(({ pieces }) => pieces.map(({ id }) => id))).toEqual(ids);
      expect(spans.map((span) => span.text).join('')).toBe(text);
      const points = [...text];
      let at = 0;
      for (const { text: found, pieces } of spans) {
        const own = offsets.slice(at, (at += pieces.length));
        if (own.length === 0) continue;
        const wanted = points.slice(Math.min(...own.map(([start]) => start)), Math.max(...own.map(([, end]) => end))).join('');
        // A blank that was put before the text has no place in it.
        if (found === '' && pieces[0]!.token === '▁') continue;
        // Offsets of byte-level tokenizers leave blanks out, and those of others marks that were stripped; a span holds them.
        const core = (part: string) => part.trim().replace(/\p{M}+$/u, '');
        expect(core(found)).toBe(core(wanted));
      }
    },
  );
});

describe('spansOf', () => {
  const piece = (text: string, kind: TokenPiece['kind'] = 'text'): TokenPiece => ({
    id: 1,
    token: text,
    bytes: kind === 'text' ? [...new TextEncoder().encode(text)] : [],
    kind,
  });
  const texts = (source: string, ...pieces: TokenPiece[]) => spansOf(source, pieces, false, true).map((span) => span.text);

  it('gives an unknown token the word it stands in, up to the next one that is found', () => {
    expect(texts('a 𠀀𠀁 b', piece('a'), piece('[UNK]', 'unknown'), piece('b'))).toEqual(['a', ' ', '𠀀𠀁', ' ', 'b']);
    expect(texts('x龘y', piece('x'), piece('[UNK]', 'unknown'), piece('y'))).toEqual(['x', '龘', 'y']);
  });

  it('shows a token that is not in the text as itself, and goes on where it was', () => {
    expect(texts('abc', piece('zzz'), piece('abc'))).toEqual(['zzz', 'abc']);
  });

  it('leaves the rest alone when not all tokens are given', () => {
    expect(spansOf('one two', [piece('one')], false, false).map((span) => span.text)).toEqual(['one']);
  });
});
