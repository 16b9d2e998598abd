/**
 * Byte-level BPE (GPT-2's kind), several times faster than the general library: merges run over integers, and a pre-token
 * seen before is looked up. For tokenizers of that one kind only; `fitsByteLevelBpe` tells. Ids equal Hugging Face's, white
 * space included: their `\s` is Unicode's White_Space, JavaScript's is not (U+0085, U+FEFF).
 */
import { BYTE_CHARACTERS } from './byte-alphabet';
import { MergeTable } from './merge-table';
import type { TokenBuffer } from './token-buffer';
import type { AddedToken, TokenizerJson } from './tokenizer-json';

const SPACE = '\\p{White_Space}';
const PRE_TOKEN = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${SPACE}\\p{L}\\p{N}]+|${SPACE}+(?!\\P{White_Space})|${SPACE}+`,
  'gu',
);
const CACHED_TOKENS = 200_000;
const CACHED_LENGTH = 64;
/** Characters matched at once: the pre-tokens of a whole book would be a list of millions. */
const PIECE = 1 << 18;

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
  private readonly utf8 = new TextEncoder();

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
    let from = 0;
    for (let end = pieceEnd(text, from); end < text.length; end = pieceEnd(text, from)) {
      this.encodePiece(text.slice(from, end), into);
      from = end;
    }
    this.encodePiece(from === 0 ? text : text.slice(from), into);
  }

  private encodePiece(text: string, into: TokenBuffer): void {
    const preTokens = text.match(PRE_TOKEN);
    if (!preTokens) return;
    for (const preToken of preTokens) {
      let ids = this.cache.get(preToken);
      if (!ids) {
        ids = this.merge(preToken);
        if (preToken.length <= CACHED_LENGTH) {
          if (this.cache.size >= CACHED_TOKENS) this.cache.clear();
          this.cache.set(preToken, ids);
        }
      }
      into.append(ids);
    }
  }

  private merge(preToken: string): number[] {
    const bytes = this.utf8.encode(preToken);
    if (this.whole) {
      const id = this.whole.get(Array.from(bytes, (byte) => BYTE_CHARACTERS[byte]).join(''));
      if (id !== undefined) return [id];
    }
    return this.merges.apply(Array.from(bytes, (byte) => this.byteIds[byte]!));
  }
}

/** A place to cut that no pre-token spans: before a line end that follows something visible. */
function pieceEnd(text: string, from: number): number {
  for (let at = text.indexOf('\n', from + PIECE); at !== -1; at = text.indexOf('\n', at + 1)) if (/\S/.test(text[at - 1]!)) return at;
  return text.length;
}

/** The longest added token wins where two begin at the same place. */
function addedPattern(added: readonly AddedToken[]): RegExp | null {
  if (added.length === 0) return null;
  const longestFirst = added.map(({ content }) => content).sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map((content) => content.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'gu');
}
