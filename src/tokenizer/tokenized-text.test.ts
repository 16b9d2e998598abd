import { describe, expect, it } from 'vitest';
import { drawTokens, hex, spelled, visibleParts } from './tokenized-text';

const piece = (id: number) => ({ id, token: `t${id}`, bytes: [], kind: 'text' as const });

describe('drawTokens', () => {
  it('places tokens in the text, and gives neighbours different colours', () => {
    const drawn = drawTokens([
      { text: 'ab', pieces: [piece(1)] },
      { text: ' ', pieces: [] },
      { text: '龘', pieces: [piece(2), piece(3), piece(4)] },
      { text: 'c', pieces: [piece(5)] },
      { text: 'd', pieces: [piece(6)] },
    ]);
    expect(drawn.map(({ start, end }) => [start, end])).toEqual([
      [0, 2],
      [2, 3],
      [3, 4],
      [4, 5],
      [5, 6],
    ]);
    // The three pieces of a character take three colours in turn, of five.
    expect(drawn.map(({ tone }) => tone)).toEqual([0, 1, 1, 4, 0]);
  });
});

describe('visibleParts', () => {
  it('sets blanks, line breaks and what has no ink apart', () => {
    expect(visibleParts('a b\n\tc\u200b')).toEqual([
      { kind: 'text', text: 'a' },
      { kind: 'blank', text: ' ' },
      { kind: 'text', text: 'b' },
      { kind: 'break', text: '\n' },
      { kind: 'sign', text: '\t' },
      { kind: 'text', text: 'c' },
      { kind: 'sign', text: '\u200b' },
    ]);
  });
  it('spells a text on one line', () => {
    expect(spelled(' a\n\u00a0\t患')).toBe('␣a⏎U+00A0⇥患');
    expect(hex([0xe6, 0x82, 3])).toBe('E6 82 03');
  });
});
