import { expect, it } from 'vitest';
import { attentionShifts } from './attention-shift';

it('is half the absolute difference per query, by hand, head by head', () => {
  // Two heads, three tokens. The first query sees itself alone and does not count.
  const base = Float32Array.from([1, 0, 0, 0.5, 0.5, 0, 0.25, 0.25, 0.5, /* */ 1, 0, 0, 1, 0, 0, 1, 0, 0]);
  const tuned = Float32Array.from([1, 0, 0, 0.75, 0.25, 0, 0.5, 0.25, 0.25, /* */ 1, 0, 0, 0, 1, 0, 0, 0, 1]);
  // First head: (0.25 + 0.25) / 2; second: all of it went elsewhere.
  expect(attentionShifts(base, tuned, 2, 3)).toEqual([0.25, 1]);
  expect(attentionShifts(base, base, 2, 3)).toEqual([0, 0]);
});

it('finds nothing to move in a text of one token', () => {
  expect(attentionShifts(Float32Array.of(1), Float32Array.of(1), 1, 1)).toEqual([0]);
});
