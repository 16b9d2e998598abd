/** Tokens as they are drawn: where each stands in the text, in which of the alternating colours, its blanks made visible. */
import type { TokenPiece, TokenSpan } from '../contract/tokenizer';

/** Neighbours differ; further apart colours come again. */
export const TONES = 5;

export interface DrawnToken {
  /** Among all spans. */
  index: number;
  text: string;
  pieces: readonly TokenPiece[];
  /** Place in the text, UTF-16 units. */
  start: number;
  end: number;
  /** Colour of the first piece; the next has the next. */
  tone: number;
}

export function drawTokens(spans: readonly TokenSpan[]): DrawnToken[] {
  let start = 0;
  let tone = 0;
  return spans.map(({ text, pieces }, index) => {
    const token = { index, text, pieces, start, end: start + text.length, tone };
    start += text.length;
    tone = (tone + pieces.length) % TONES;
    return token;
  });
}

export type TextPart = { kind: 'text' | 'blank' | 'break' | 'sign'; text: string };

/** A character that has no ink of its own. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Zs}]/u;

/** Text with its blanks apart, so that each can be drawn: a space gets a dot, a line break an arrow, any other its number. */
export function visibleParts(text: string): TextPart[] {
  const parts: TextPart[] = [];
  for (const character of text) {
    const kind =
      character === ' ' ? 'blank' : character === '\n' ? 'break' : character !== '' && INVISIBLE.test(character) ? 'sign' : 'text';
    const last = parts.at(-1);
    if (kind === 'text' && last?.kind === 'text') last.text += character;
    else parts.push({ kind, text: character });
  }
  return parts;
}

/** "U+200B"; a tab is an arrow. */
export function signOf(character: string): string {
  if (character === '\t') return '⇥';
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** On one line, blanks as signs. */
export function spelled(text: string): string {
  return visibleParts(text)
    .map(({ kind, text: part }) => (kind === 'blank' ? '␣' : kind === 'break' ? '⏎' : kind === 'sign' ? signOf(part) : part))
    .join('');
}

/** "E6 82 A3". */
export function hex(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ');
}
