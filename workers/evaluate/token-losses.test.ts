import { describe, expect, it } from 'vitest';
import { joinPieces, type TokenScore } from './token-losses';
import { slidingWindows } from '../runtime/sequences';

const utf8 = new TextEncoder();
const word = (text: string, loss: number | null): TokenScore => ({ bytes: utf8.encode(text), loss });

describe('joinPieces', () => {
  it('joins the tokens of a split character and sums their losses', () => {
    const [first, second, third] = utf8.encode('药');
    const scores: TokenScore[] = [
      word('吃', null),
      { bytes: Uint8Array.of(first!, second!), loss: 2 },
      { bytes: Uint8Array.of(third!), loss: 0.5 },
      word(' ok', 1),
    ];
    expect(joinPieces(scores, scores)).toEqual([
      { text: '吃', a: null, b: null },
      { text: '药', a: 2.5, b: 2.5 },
      { text: ' ok', a: 1, b: 1 },
    ]);
  });

  it('meets two tokenizers where both end a token', () => {
    const a = [word('un', null), word('do', 1), word('ing', 2)];
    const b = [word('undo', null), word('i', 0.25), word('ng', 0.5)];
    expect(joinPieces(a, b)).toEqual([
      { text: 'undo', a: null, b: null },
      { text: 'ing', a: 2, b: 0.75 },
    ]);
  });

  it('sets a third beside them, at the ends that all three have', () => {
    const a = [word('un', null), word('do', 1), word('ing', 2)];
    const b = [word('undo', null), word('ing', 0.25)];
    const c = [word('undoi', null), word('ng', 0.5)];
    expect(joinPieces(a, b, c)).toEqual([{ text: 'undoing', a: null, b: null, c: null }]);
    expect(joinPieces(a, b, b)).toEqual([
      { text: 'undo', a: null, b: null, c: null },
      { text: 'ing', a: 2, b: 0.25, c: 0.25 },
    ]);
  });

  it('loses no text and no loss, also when the text ends inside a character', () => {
    const a = [word('a', null), word('b', 1), { bytes: Uint8Array.of(0xe8, 0x8d), loss: 3 }];
    const pieces = joinPieces(a, a);
    expect(pieces.map(({ text }) => text)).toEqual(['a', 'b', '\uFFFD']);
    expect(pieces.at(-1)!.a).toBe(3);
    expect(joinPieces([], [])).toEqual([]);
  });
});

describe('slidingWindows', () => {
  it('reads a short text at once', () => {
    expect(slidingWindows(5, 8)).toEqual([{ start: 0, length: 4, from: 1 }]);
    expect(slidingWindows(9, 8)).toEqual([{ start: 0, length: 8, from: 1 }]);
    expect(slidingWindows(1, 8)).toEqual([]);
    expect(slidingWindows(0, 8)).toEqual([]);
  });

  it('scores every token after the first once, with at least half a context before it', () => {
    for (const context of [2, 7, 8, 16])
      for (let tokens = 2; tokens < 70; tokens++) {
        const seen: number[] = [];
        for (const { start, length, from } of slidingWindows(tokens, context)) {
          expect(length).toBeLessThanOrEqual(context);
          for (let token = from; token <= start + length; token++) {
            seen.push(token);
            expect(token - start).toBeGreaterThanOrEqual(Math.min(token, Math.floor(context / 2)));
          }
        }
        expect(seen).toEqual(Array.from({ length: tokens - 1 }, (_, at) => at + 1));
      }
  });
});
