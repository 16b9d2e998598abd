import { expect, it } from 'vitest';
import { apart } from './apart';

it('leaves labels where they are when they do not meet', () => expect(apart([50, 10, 90], 13)).toEqual([50, 10, 90]));

it('parts labels that meet, around their middle, in their order; the others stay', () => {
  expect(apart([40, 40], 12)).toEqual([34, 46]);
  expect(apart([52, 50, 51, 90], 10)).toEqual([61, 41, 51, 90]);
  // The pair takes the third along.
  expect(apart([10, 10, 16], 10)).toEqual([2, 12, 22]);
});

it('keeps all of them before the end', () => expect(apart([100, 100, 20], 10, 100)).toEqual([90, 100, 20]));
