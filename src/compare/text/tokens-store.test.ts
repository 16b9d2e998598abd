import { describe, expect, it } from 'vitest';
import { tokenChanges } from './tokens-store';

describe('tokenChanges', () => {
  it('leaves the first token without a change and sums the others', () => {
    const changes = tokenChanges([
      { text: 'The', a: null, b: null },
      { text: ' dose', a: 5, b: 3 },
      { text: ' was', a: 2, b: 2.25 },
      { text: '.', a: 1, b: 1.001 },
    ]);
    expect(changes.tokens.map((token) => token.direction)).toEqual(['same', 'better', 'worse', 'same']);
    expect(changes.sum).toBeCloseTo(-1.749, 10);
    expect(changes.mean).toBeCloseTo(-0.583, 10);
    expect(changes.predicted).toBe(3);
    expect(changes.limit).toBe(2);
    expect(changes.tokens[1]!.strength).toBe(1);
    expect(changes.tokens[2]!.strength).toBeCloseTo(0.125, 12);
  });

  it('is held against the third where that is asked for', () => {
    const losses = [
      { text: 'The', a: null, b: null, c: null },
      { text: ' dose', a: 5, b: 3, c: 6 },
    ];
    expect(tokenChanges(losses).sum).toBe(-2);
    expect(tokenChanges(losses, 'c')).toMatchObject({ sum: 1, predicted: 1 });
    expect(tokenChanges(losses, 'c').tokens[1]).toMatchObject({ b: 3, c: 6, delta: 1, direction: 'worse' });
  });

  it('is not bleached by one wild token', () => {
    const even = Array.from({ length: 60 }, (_, at) => ({ text: `${at}`, a: 1, b: 1.4 }));
    const changes = tokenChanges([...even, { text: 'x', a: 0, b: 30 }]);
    expect(changes.limit).toBe(0.5);
    expect(changes.tokens.at(-1)!.strength).toBe(1);
  });

  it('holds for a text of one token', () => {
    expect(tokenChanges([{ text: 'a', a: null, b: null }])).toMatchObject({ limit: 0.5, sum: 0, mean: 0, predicted: 0 });
  });
});
