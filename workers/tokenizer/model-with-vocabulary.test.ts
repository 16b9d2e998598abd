import { expect, it } from 'vitest';
import { meanRows } from './model-with-vocabulary';

it('starts each row as the mean of those it names; of all where it names none', () => {
  // Three rows of width two.
  const old = Float32Array.of(1, 2, 3, 6, 8, -2);
  expect([...meanRows(old, 2, [[1], [0, 1], [0, 1, 2], [], [2, 2, 0, 0]])]).toEqual([3, 6, 2, 4, 4, 2, 4, 2, 4.5, 0]);
});
