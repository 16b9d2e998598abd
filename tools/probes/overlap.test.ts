import { expect, it } from 'vitest';
import { overlaps, shippedProbes } from './overlap.mjs';

const assets = new URL('../../public/', import.meta.url);

it('no shipped probe stands in the bundled training text, and one that did would be found', () => {
  const poem = { id: 'known', texts: ['白日依山尽，黄河入海流。\n欲穷千里目，更上一层楼。'] };
  const short = { id: 'short', texts: ['黄河入海流。'] };
  expect(overlaps(assets, [...shippedProbes(assets), poem, short])).toEqual(new Map([['known', 1]]));
});
