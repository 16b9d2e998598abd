/**
 * Splits a text at added tokens before the model encodes the rest, as in Hugging Face's `tokenizers`. Tokens with `normalized: false` are
 * searched in the original text, the others in the normalized text. Of two that begin at the same position the longer one wins.
 */
import type { AddedToken } from './tokenizer-json';

export type Normalize = (text: string) => string;

export class AddedTokens {
  private readonly raw: Finder | null;
  private readonly normalized: Finder | null;

  constructor(
    tokens: readonly AddedToken[],
    readonly normalize: Normalize,
  ) {
    const usable = tokens.filter(({ content }) => content !== '');
    this.raw = finderOf(usable.filter((token) => !isNormalized(token)).map((token) => [token.content, token]));
    this.normalized = finderOf(usable.filter(isNormalized).map((token) => [normalize(token.content), token]));
  }

  /**
   * @param onText normalized text between tokens, never empty; `first` at the start of the text
   * @param onToken id of an added token
   */
  split(text: string, onText: (text: string, first: boolean) => void, onToken: (id: number) => void): void {
    cut(this.raw, text, onToken, (part, start) => {
      const normal = this.normalize(part);
      cut(this.normalized, normal, onToken, (piece, from) => onText(piece, start === 0 && from === 0));
    });
  }
}

interface Finder {
  pattern: RegExp;
  tokens: ReadonlyMap<string, AddedToken>;
}

/** Old versions of tokenizer.json have no `normalized`: it is then false for special tokens and true for others. */
function isNormalized({ normalized, special }: AddedToken): boolean {
  return normalized ?? !special;
}

function finderOf(entries: [string, AddedToken][]): Finder | null {
  if (entries.length === 0) return null;
  const longestFirst = entries.map(([content]) => content).sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map((content) => content.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'gu');
  return { pattern, tokens: new Map(entries) };
}

function cut(finder: Finder | null, text: string, onToken: (id: number) => void, onText: (text: string, start: number) => void): void {
  let from = 0;
  if (finder) {
    for (const match of text.matchAll(finder.pattern)) {
      const { id, single_word: single, lstrip, rstrip } = finder.tokens.get(match[0])!;
      let start = match.index;
      let end = start + match[0].length;
      if (single && (WORD_BEFORE.test(text.slice(Math.max(0, start - 2), start)) || WORD_AFTER.test(text.slice(end, end + 2)))) continue;
      if (lstrip) while (start > from && SPACE.test(text[start - 1]!)) start--;
      if (rstrip) while (end < text.length && SPACE.test(text[end]!)) end++;
      if (start > from) onText(text.slice(from, start), from);
      onToken(id);
      from = end;
    }
  }
  if (from < text.length) onText(from === 0 ? text : text.slice(from), from);
}

const SPACE = /\p{White_Space}/u;
/** Unicode's definition of \w. */
const WORD_BEFORE = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d]$/u;
const WORD_AFTER = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d]/u;
