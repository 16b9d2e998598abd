import { expect, it } from 'vitest';
import { balancedParts, worthOfRepeats } from './balance';

it('gives repeated text the worth of the law, computed in Python', () => {
  // [1 + 15.39 * (1 - math.exp(-(e - 1) / 15.39)) for e in (1, 2, 4, 8, 16, 40)]
  for (const [epochs, worth] of [
    [1, 1],
    [2, 1.9682],
    [4, 3.7257],
    [8, 6.6243],
    [16, 10.583],
    [40, 15.169],
  ] as const)
    expect(worthOfRepeats(2, epochs) / 2).toBeCloseTo(worth, 3);
});

it('brings parts to their shares with as many bytes in all, and repeats none more often than allowed', () => {
  const parts = [
    { key: 'a', bytes: 800 },
    { key: 'b', bytes: 200 },
    { key: 'c', bytes: 50 },
  ];
  expect(balancedParts(parts, { a: 1, b: 1 }, 4)).toEqual([
    { key: 'a', bytes: 800, share: 0.5, times: 0.625 },
    { key: 'b', bytes: 200, share: 0.5, times: 2.5 },
  ]);
  expect(balancedParts(parts, { a: 0.1, b: 0.9 }, 4)[1]).toMatchObject({ times: 4 });
  expect(balancedParts(parts, { a: 0, b: 0 }, 4)).toEqual([]);
  expect(balancedParts(parts, { none: 1 }, 4)).toEqual([]);
});
