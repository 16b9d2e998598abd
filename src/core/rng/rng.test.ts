import { describe, expect, it } from 'vitest';
import { deriveSeed, Rng } from './rng';

describe('Rng', () => {
  it('gives the same numbers for the same seed and goes on from a stored state', () => {
    const a = new Rng(7);
    const b = new Rng(7);
    for (let i = 0; i < 5; i++) expect(a.next()).toBe(b.next());
    const c = new Rng(a.state());
    for (let i = 0; i < 5; i++) expect(c.uniform()).toBe(a.uniform());
    expect(new Rng(8).next()).not.toBe(new Rng(7).next());
  });

  it('is uniform: chi-square over 16 cells stays below the 0.1 % point', () => {
    const rng = new Rng(20261122);
    const cells = new Array<number>(16).fill(0);
    for (let i = 0; i < 32000; i++) cells[rng.integer(16)]! += 1;
    const chi = cells.reduce((sum, n) => sum + (n - 2000) ** 2 / 2000, 0);
    expect(chi).toBeLessThan(37.7); // χ²(15), 0.1 %
  });

  it('shuffles to a permutation', () => {
    const shuffled = new Rng(1).shuffle([...Array(50).keys()]);
    expect([...shuffled].sort((a, b) => a - b)).toEqual([...Array(50).keys()]);
    expect(shuffled).not.toEqual([...Array(50).keys()]);
  });

  it('derives different seeds for different purposes', () => {
    const seeds = new Set([...Array(1000).keys()].map((step) => deriveSeed(1, 'dropout', step)));
    expect(seeds.size).toBe(1000);
    expect(deriveSeed(1, 'a')).toBe(deriveSeed(1, 'a'));
  });

  it('derives different seeds from different base seeds', () => {
    const seeds = new Set([...Array(1000).keys()].map((seed) => deriveSeed(seed, 'order', 'en', 0)));
    expect(seeds.size).toBe(1000);
  });
});
