/**
 * Splits a text at added tokens before the model encodes the rest, as in Hugging Face's `tokenizers`. Tokens with `normalized: false` are
 * searched in the original text, the others in the normalized text. Of two that begin at the same position the longer one wins.
 */
import type { SpecialTokens } from '../../src/core/recipe/schema';
import { TokenFinder } from './token-finder';
import { invalid, type AddedToken } from './tokenizer-json';
import { CharacterSet, isSpace } from './unicode/characters';
import { WORD } from './unicode/tables';

export type Normalize = (text: string) => string;

export class AddedTokens {
  private readonly raw: Group | null;
  private readonly normalized: Group | null;
  /** Content that differs from what is written, after normalization; by id. */
  private readonly contents = new Map<number, string>();
  private readonly special: ReadonlySet<number>;

  /** @throws StudioError `tokenizer-invalid` */
  constructor(
    tokens: readonly AddedToken[],
    readonly normalize: Normalize,
  ) {
    const entries = tokens.map((token) => ({ token, content: isNormalized(token) ? normalize(token.content) : token.content }));
    for (const { token, content } of entries) {
      if (content === '') throw invalid('tokenizer.json', `the added token "${token.content}" is empty after normalization`);
      this.contents.set(token.id, content);
    }
    this.special = new Set(tokens.filter((token) => token.special).map(({ id }) => id));
    this.raw = groupOf(entries.filter(({ token }) => !isNormalized(token)));
    this.normalized = groupOf(entries.filter(({ token }) => isNormalized(token)));
  }

  /**
   * @param onText normalized text between tokens, never empty; `first` at the start of the text
   * @param onToken id of an added token
   */
  split(text: string, special: SpecialTokens, onText: (text: string, first: boolean) => void, onToken: (id: number) => void): void {
    cut(this.raw, text, special, onToken, (part, start) => {
      const normal = this.normalize(part);
      cut(this.normalized, normal, special, onToken, (piece, from) => onText(piece, start === 0 && from === 0));
    });
  }

  /** How often each special token stands written out in a text; by id. */
  specialIn(text: string): Map<number, number> {
    const counts = new Map<number, number>();
    if (this.special.size === 0) return counts;
    const count = (id: number): void => {
      if (this.special.has(id)) counts.set(id, (counts.get(id) ?? 0) + 1);
    };
    this.split(text, 'tokens', () => undefined, count);
    return counts;
  }

  isSpecial(id: number): boolean {
    return this.special.has(id);
  }

  /** The content by which decoders know an added token. */
  contentOf(id: number): string | undefined {
    return this.contents.get(id);
  }
}

interface Group {
  finder: TokenFinder;
  tokens: readonly AddedToken[];
}

/** Old versions of tokenizer.json have no `normalized`: it is then false for special tokens and true for others. */
export function isNormalized({ normalized, special }: AddedToken): boolean {
  return normalized ?? !special;
}

function groupOf(entries: readonly { token: AddedToken; content: string }[]): Group | null {
  if (entries.length === 0) return null;
  return { finder: new TokenFinder(entries.map(({ content }) => content)), tokens: entries.map(({ token }) => token) };
}

function cut(
  group: Group | null,
  text: string,
  special: SpecialTokens,
  onToken: (id: number) => void,
  onText: (text: string, start: number) => void,
): void {
  let from = 0;
  group?.finder.each(text, (index, begin, stop) => {
    const token = group.tokens[index]!;
    // What is not taken for a token is not searched again: a shorter one inside it is text as well.
    if (special === 'plain' && token.special) return;
    if (token.single_word && (wordEndsAt(text, begin) || wordBeginsAt(text, stop))) return;
    let start = begin;
    let end = stop;
    if (token.lstrip) while (start > from && isSpace(text.charCodeAt(start - 1))) start--;
    if (token.rstrip) while (end < text.length && isSpace(text.charCodeAt(end))) end++;
    // The one before took the blanks up to here, and more.
    start = Math.max(start, from);
    if (start > from) onText(text.slice(from, start), from);
    onToken(token.id);
    from = end;
  });
  if (from < text.length) onText(from === 0 ? text : text.slice(from), from);
}

let word: CharacterSet | null = null;

function wordEndsAt(text: string, at: number): boolean {
  if (at === 0) return false;
  const unit = text.charCodeAt(at - 1);
  const pair = unit >= 0xdc00 && unit < 0xe000 && at > 1 ? text.codePointAt(at - 2)! : 0;
  return (word ??= new CharacterSet(WORD)).has(pair > 0xffff ? pair : unit);
}

function wordBeginsAt(text: string, at: number): boolean {
  return at < text.length && (word ??= new CharacterSet(WORD)).has(text.codePointAt(at)!);
}
