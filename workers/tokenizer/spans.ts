/**
 * Which characters of a text each token covers. In a byte-level vocabulary the tokens' bytes are the text. With other tokenizers, which
 * normalize text or drop white space, the tokens are matched against the text one after the other.
 */
import type { TokenPiece, TokenSpan } from '../../src/contract/tokenizer';
import { decodeWhole } from './vocabulary';

/** Most characters that an unknown token may cover. */
const LONGEST_UNKNOWN = 200;

interface Group {
  pieces: TokenPiece[];
  /** null for an unknown token, whose text is not known. */
  text: string | null;
}

/** @param whole whether the pieces cover all of the text, so that unmatched text at its end becomes a span too */
export function spansOf(source: string, pieces: readonly TokenPiece[], byteLevel: boolean, whole: boolean): TokenSpan[] {
  const groups = groupByCharacter(pieces);
  // Unless something was normalized, dropped or put before it.
  const written = byteLevel && groups.every(({ text }) => text !== null) ? groups.map(({ text }) => text!) : null;
  if (written && (whole ? written.join('') === source : source.startsWith(written.join(''))))
    return groups.map(({ pieces: own }, at) => ({ text: written[at]!, pieces: own }));
  return align(source, groups, whole);
}

/** Groups tokens that each hold a part of the same character. */
function groupByCharacter(pieces: readonly TokenPiece[]): Group[] {
  const groups: Group[] = [];
  let open: TokenPiece[] = [];
  const close = (): void => {
    if (open.length === 0) return;
    const bytes = open.flatMap((piece) => piece.bytes);
    groups.push({ pieces: open, text: decodeWhole(bytes) ?? new TextDecoder().decode(Uint8Array.from(bytes)) });
    open = [];
  };
  for (const piece of pieces) {
    if (piece.kind === 'unknown' || piece.kind === 'special') {
      close();
      groups.push({ pieces: [piece], text: piece.kind === 'special' ? piece.token : null });
      continue;
    }
    open.push(piece);
    if (decodeWhole(open.flatMap(({ bytes }) => bytes)) !== null) close();
  }
  close();
  return groups;
}

function align(source: string, groups: readonly Group[], whole: boolean): TokenSpan[] {
  const spans: TokenSpan[] = [];
  let at = 0;
  const take = (length: number, pieces: TokenPiece[]): void => {
    if (length > 0 || pieces.length > 0) spans.push({ text: source.slice(at, at + length), pieces });
    at += length;
  };
  for (const [index, { text, pieces }] of groups.entries()) {
    let length = text === null ? -1 : matchLength(source, at, text);
    if (length < 0) {
      const gap = /^\s*/.exec(source.slice(at, at + LONGEST_UNKNOWN))![0].length;
      const next = groups[index + 1];
      // An unknown white space character: the next token matches right after it.
      if (text === null && gap > 0 && next?.text && matchLength(source, at + gap, next.text.trimStart()) > 0) {
        take(gap, pieces);
        continue;
      }
      const after = text === null ? unknownLength(source, at + gap, next) : matchLength(source, at + gap, text.replace(/^ +/, ''));
      // A token that does not match gets a span of its own and consumes no text.
      if (after < 0) {
        spans.push({ text: text ?? '', pieces });
        continue;
      }
      take(gap, []);
      length = after;
    }
    take(length, pieces);
  }
  if (whole) take(source.length - at, []);
  return spans;
}

/** Length of the match of `text` in `source` at `at`, ignoring case and accents; −1 when it does not match. */
function matchLength(source: string, at: number, text: string): number {
  if (source.startsWith(text, at)) return text.length;
  const wanted = folded(text);
  let reached = '';
  let end = at;
  while (reached.length < wanted.length && end < source.length) {
    const character = String.fromCodePoint(source.codePointAt(end)!);
    reached += folded(character);
    end += character.length;
    if (!wanted.startsWith(reached)) return -1;
  }
  if (reached !== wanted) return -1;
  // Combining marks that the normalizer stripped belong to the letter before them.
  while (end < source.length && /\p{M}/u.test(source[end]!)) end++;
  return end - at;
}

function folded(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

/** Length of an unknown token: up to the match of the next token, else to the end of its word. Each ideograph or sign is a word. */
function unknownLength(source: string, at: number, next: Group | undefined): number {
  if (next?.text === null) return WORD.exec(source.slice(at, at + LONGEST_UNKNOWN))?.[0].length ?? 0;
  const wanted = next?.text.trim() ?? '';
  let end = at;
  while (end < source.length && end - at < LONGEST_UNKNOWN && !/\s/.test(source[end]!)) {
    if (end > at && wanted !== '' && matchLength(source, end, wanted) > 0) break;
    end += source.codePointAt(end)! > 0xffff ? 2 : 1;
  }
  return end - at;
}

const WORD = /^(?:(?:(?!\p{sc=Han})[\p{L}\p{N}\p{M}])+|\S)/u;
