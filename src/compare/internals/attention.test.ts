import { expect, it } from 'vitest';
import type { TokenSpan } from '../../contract/tokenizer';
import { differenceLimit, mapPixels, parseColour, tokenLabels, type MapColours } from './attention';

const colours: MapColours = { none: [0, 0, 0], more: [0, 0, 200], less: [100, 0, 0] };

it('draws a weight by its root, and nothing of what a query cannot see', () => {
  const pixels = mapPixels(Float32Array.of(1, 0, 0.25, 0.75), 2, null, colours);
  expect([...pixels]).toEqual([0, 0, 200, 255, 0, 0, 0, 0, 0, 0, 100, 255, 0, 0, 173, 255]);
});

it('draws a difference by its sign, in full colour at the limit', () => {
  const pixels = mapPixels(Float32Array.of(0, 0, -0.2, 0.1), 2, 0.2, colours);
  expect([...pixels.slice(8)]).toEqual([100, 0, 0, 255, 0, 0, 100, 255]);
});

it('rounds the limit of a difference up', () => {
  expect(differenceLimit(Float32Array.of(0.012, -0.031))).toBe(0.04);
  expect(differenceLimit(Float32Array.of(-0.5))).toBe(0.5);
  expect(differenceLimit(Float32Array.of(0.93))).toBe(1);
  expect(differenceLimit(Float32Array.of(0))).toBe(0.01);
});

it('reads a colour token', () => {
  expect(parseColour(' #4a4fc4')).toEqual([0x4a, 0x4f, 0xc4]);
});

const span = (text: string, pieces = 1): TokenSpan => ({
  text,
  pieces: Array.from({ length: pieces }, (_, id) => ({ id, token: '', bytes: [], kind: 'text' })),
});

it('shows blanks, numbers the pieces of a character, and leaves out what the map does not hold', () => {
  const spans = [span('The'), span(' dose'), span('龘', 3), span(' ', 0), span('\n')];
  expect(tokenLabels(spans, Array(7).fill('?'))).toEqual(['', 'The', '␣dose', '龘₁', '龘₂', '龘₃', '⏎']);
  expect(tokenLabels(spans, Array(4).fill('?'))).toEqual(['', 'The', '␣dose', '龘₁']);
});

it('falls back on the model’s own tokens where the tokenizer gives fewer', () => {
  expect(tokenLabels([span('a')], ['<s>', 'a', ' b'])).toEqual(['', 'a', '␣b']);
});
