import { expect, it } from 'vitest';
import { apart } from './apart';

it('leaves labels where they are when they do not meet', () => expect(apart([50, 10, 90], 13)).toEqual([50, 10, 90]));

it('parts labels that meet, around their middle, in their order', () => {
  expect(apart([40, 40], 12)).toEqual([34, 46]);
  const [a, b, c] = apart([52, 50, 51], 10);
  expect(c! - b!).toBeCloseTo(10, 12);
  expect(a! - c!).toBeCloseTo(10, 12);
  expect((a! + b! + c!) / 3).toBeCloseTo(51, 12);
});
