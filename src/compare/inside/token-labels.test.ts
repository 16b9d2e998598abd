import { expect, it } from 'vitest';
import type { TokenSpan } from '../../contract/tokenizer';
import { tokenLabels } from './token-labels';

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
