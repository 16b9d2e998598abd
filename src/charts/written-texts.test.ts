import { describe, expect, it } from 'vitest';
import { nextTokens, spread } from './WrittenTexts';

const evaluations = (count: number) => Array.from({ length: count }, (_, at) => ({ step: at * 10, texts: [] }));

describe('texts over time', () => {
  it('keeps the base, the last and an even spread between', () => {
    expect(spread(evaluations(3)).map(({ step }) => step)).toEqual([0, 10, 20]);
    expect(spread(evaluations(101)).map(({ step }) => step)).toEqual([0, 250, 500, 750, 1000]);
  });
});

describe('next tokens, base and now', () => {
  it('joins the likeliest of both, and leaves a probability that was not kept open', () => {
    const base = [
      { id: 1, token: ' the', p: 0.5 },
      { id: 2, token: ' a', p: 0.3 },
      { id: 3, token: ' dose', p: 0.01 },
    ];
    const now = [
      { id: 3, token: ' dose', p: 0.6 },
      { id: 1, token: ' the', p: 0.2 },
    ];
    expect(nextTokens(base, now, 2)).toEqual([
      { id: 3, token: ' dose', base: 0.01, now: 0.6 },
      { id: 1, token: ' the', base: 0.5, now: 0.2 },
      { id: 2, token: ' a', base: 0.3, now: null },
    ]);
  });
});
