/**
 * Byte-level BPE (GPT-2's kind), several times faster than the general library: merges run over integers, and a short
 * pre-token seen before is looked up. For tokenizers of that one kind only; `fitsByteLevelBpe` tells.
 */
import { BYTE_CHARACTERS } from './byte-alphabet';
import { MergeTable } from './merge-table';
import { preTokenEnd } from './pre-tokens';
import type { TokenBuffer } from './token-buffer';
import type { AddedToken, TokenizerJson } from './tokenizer-json';

const CACHED_TOKENS = 200_000;
/** V8 copies slices this short; a longer one would keep the whole text alive. */
const CACHED_LENGTH = 12;

export function fitsByteLevelBpe({ model, normalizer, pre_tokenizer: pre, added_tokens: added }: TokenizerJson): boolean {
  return (
    model.type === 'BPE' &&
    !model.dropout &&
    !model.continuing_subword_prefix &&
    !model.end_of_word_suffix &&
    !model.byte_fallback &&
    normalizer == null &&
    pre?.type === 'ByteLevel' &&
    !pre.add_prefix_space &&
    pre.use_regex !== false &&
    added.every((token) => !token.lstrip && !token.rstrip && !token.single_word && token.content !== '') &&
    BYTE_CHARACTERS.every((character) => character in model.vocab)
  );
}

export class ByteLevelBpe {
  private readonly byteIds: Int32Array;
  private readonly merges: MergeTable;
  private readonly whole: ReadonlyMap<string, number> | null;
  private readonly added: ReadonlyMap<string, number>;
  private readonly addedPattern: RegExp | null;
  private readonly cache = new Map<string, number[]>();
  /** Symbols of the pre-token being merged. */
  private symbols = new Int32Array(1024);

  constructor({ model, added_tokens: added }: TokenizerJson) {
    this.byteIds = Int32Array.from(BYTE_CHARACTERS, (character) => model.vocab[character]!);
    this.merges = MergeTable.of(model.vocab, model.merges);
    this.whole = model.ignore_merges ? new Map(Object.entries(model.vocab)) : null;
    this.added = new Map(added.map(({ content, id }) => [content, id]));
    this.addedPattern = addedPattern(added);
  }

  /** Adds the ids of `text`; nothing is put before or after. */
  encode(text: string, into: TokenBuffer): void {
    if (!this.addedPattern) return this.encodePlain(text, into);
    let from = 0;
    for (const match of text.matchAll(this.addedPattern)) {
      this.encodePlain(text.slice(from, match.index), into);
      into.push(this.added.get(match[0])!);
      from = match.index + match[0].length;
    }
    this.encodePlain(from === 0 ? text : text.slice(from), into);
  }

  private encodePlain(text: string, into: TokenBuffer): void {
    let end: number;
    for (let start = 0; start < text.length; start = end) {
      end = preTokenEnd(text, start);
      const preToken = end - start <= CACHED_LENGTH ? text.slice(start, end) : null;
      const known = preToken === null ? undefined : this.cache.get(preToken);
      if (known) {
        into.append(known);
        continue;
      }
      const length = this.merge(text, start, end);
      const ids = this.symbols.subarray(0, length);
      into.append(ids);
      if (preToken === null) continue;
      if (this.cache.size >= CACHED_TOKENS) this.cache.clear();
      this.cache.set(preToken, Array.from(ids));
    }
  }

  /** Leaves the ids of one pre-token in `symbols` and returns their number. */
  private merge(text: string, start: number, end: number): number {
    if (this.symbols.length < (end - start) * 3) this.symbols = new Int32Array((end - start) * 3);
    if (this.whole) {
      const bytes = new TextEncoder().encode(text.slice(start, end));
      const id = this.whole.get(Array.from(bytes, (byte) => BYTE_CHARACTERS[byte]).join(''));
      if (id !== undefined) {
        this.symbols[0] = id;
        return 1;
      }
    }
    return this.merges.apply(this.symbols, this.spell(text, start, end));
  }

  /** UTF-8 of the text, each byte as the id of its character; a lone surrogate is U+FFFD. */
  private spell(text: string, start: number, end: number): number {
    const { symbols, byteIds } = this;
    let length = 0;
    for (let at = start; at < end; at++) {
      let point = text.charCodeAt(at);
      if (point < 0x80) {
        symbols[length++] = byteIds[point]!;
        continue;
      }
      if (point < 0x800) {
        symbols[length++] = byteIds[0xc0 | (point >> 6)]!;
      } else {
        if (point >= 0xd800 && point < 0xe000) {
          point = text.codePointAt(at)!;
          if (point > 0xffff) at++;
          else point = 0xfffd;
        }
        if (point > 0xffff) {
          symbols[length++] = byteIds[0xf0 | (point >> 18)]!;
          symbols[length++] = byteIds[0x80 | ((point >> 12) & 0x3f)]!;
        } else {
          symbols[length++] = byteIds[0xe0 | (point >> 12)]!;
        }
        symbols[length++] = byteIds[0x80 | ((point >> 6) & 0x3f)]!;
      }
      symbols[length++] = byteIds[0x80 | (point & 0x3f)]!;
    }
    return length;
  }
}

/** The longest added token wins where two begin at the same place. */
function addedPattern(added: readonly AddedToken[]): RegExp | null {
  if (added.length === 0) return null;
  const longestFirst = added.map(({ content }) => content).sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map((content) => content.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'gu');
}
