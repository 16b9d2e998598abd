/** A person's text under the chosen tokenizers: its state, and its tokens as they are drawn (place, colour, blanks made visible). */
import type { TokenPiece, TokenSpan, TokenizedText } from '../contract/tokenizer';
import { create } from 'zustand';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { lab } from '../lab/lab';
import type { TokenizerChoice } from './refs';
import type { Side } from './store';

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

/** Tokens drawn of a text; all are counted. */
export const MOST_DRAWN = 2000;
/** Characters tokenized of a text: a novel. */
export const MOST_CHARACTERS = 1_000_000;

export interface TokenizedSide {
  /** Of the choice it belongs to. */
  key: string;
  state: 'busy' | 'ready' | 'failed';
  result: TokenizedText | null;
  error: ErrorRecord | null;
}

interface TextState {
  text: string;
  sides: Record<Side, TokenizedSide | null>;
  setText(text: string): void;
  /** Tokenizes the text on one side; null empties it. */
  look(side: Side, choice: TokenizerChoice | null): Promise<void>;
}

export const useTokenText = create<TextState>()((set, get) => {
  const latest: Record<Side, number> = { a: 0, b: 0 };
  return {
    text: '',
    sides: { a: null, b: null },
    setText: (text) => set({ text }),

    async look(side, choice) {
      const asked = (latest[side] += 1);
      const write = (value: TokenizedSide | null) => {
        if (latest[side] === asked) set({ sides: { ...get().sides, [side]: value } });
      };
      if (choice === null) return write(null);
      const { key, ref } = choice;
      const before = get().sides[side];
      // The former picture stays until the new one is there, so that typing does not flicker.
      write({ key, state: 'busy', result: before?.key === key ? before.result : null, error: null });
      try {
        const result = await lab.tokenizer.tokenize(ref, get().text.slice(0, MOST_CHARACTERS), MOST_DRAWN);
        write({ key, state: 'ready', result, error: null });
      } catch (error) {
        write({ key, state: 'failed', result: null, error: errorRecord(error) });
      }
    },
  };
});
