import { describe, expect, it } from 'vitest';
import { Rng } from '../rng/rng';
import { drawPlaces, hiddenCount, permutedCount, standIn } from './masks';

const places = Array.from({ length: 200 }, (_, at) => at);
/** Words of one, two, three and four tokens in turn: 20 of each. */
const words = places.map((place) => [0, 1, 1, 2, 2, 2, 3, 3, 3, 3][place % 10]! + 4 * Math.floor(place / 10));
const draw = (unit: 'token' | 'word' | 'span', seed: number) =>
  drawPlaces(places, hiddenCount(200, 0.15), unit, (place) => words[place]!, new Rng(seed));
const rounds = Array.from({ length: 400 }, (_, seed) => seed);

describe('places that are hidden', () => {
  it('are 15 % of the tokens, each as often as any other, the same by the same seed', () => {
    const times = new Array<number>(200).fill(0);
    for (const seed of rounds) {
      const drawn = draw('token', seed);
      expect(drawn).toHaveLength(30);
      expect(drawn).toEqual([...new Set(drawn)].sort((a, b) => a - b));
      for (const place of drawn) times[place]! += 1;
    }
    // 400 draws at 0.15: 60 ± 5 · √(400 · 0.15 · 0.85).
    for (const count of times) expect(Math.abs(count - 60)).toBeLessThan(36);
    expect(draw('token', 7)).toEqual(draw('token', 7));
    expect(draw('token', 7)).not.toEqual(draw('token', 8));
  });

  it('are whole words, never more tokens than asked for', () => {
    for (const seed of rounds) {
      const drawn = new Set(draw('word', seed));
      expect(drawn.size).toBeLessThanOrEqual(30);
      expect(drawn.size).toBeGreaterThan(26);
      for (const place of drawn) for (const other of places) if (words[other] === words[place]) expect(drawn.has(other)).toBe(true);
    }
    // A word longer than what is asked for: the shortest there is.
    expect(drawPlaces([0, 1, 2, 3, 4], 1, 'word', (place) => (place < 3 ? 0 : 1), new Rng(1))).toEqual([3, 4]);
    expect(drawPlaces([], 1, 'word', () => 0, new Rng(1))).toEqual([]);
  });

  it('are spans of words, geometric with p 0.2 and at most ten words, 3.57 in the mean with no cut', () => {
    const lengths: number[] = [];
    for (const seed of rounds) {
      const drawn = draw('span', seed);
      expect(drawn).toHaveLength(30);
      // Every span begins with a word.
      const begins = drawn.filter((place, at) => place !== drawn[at - 1]! + 1);
      for (const place of begins) expect(words[place - 1]).not.toBe(words[place]);
      lengths.push(30 / begins.length);
    }
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    // Clipped geometric: Σ 0.8^(k−1), k = 1 … 10, is 4.46 words of 2.5 tokens; spans that meet count as one, the last is cut.
    expect(mean).toBeGreaterThan(7);
    expect(mean).toBeLessThan(14);
  });
});

describe('a permuted order', () => {
  it('hides m of its last tokens in proportion to 1/m, so that each place of the order weighs the same', () => {
    const times = new Array<number>(6).fill(0);
    const random = new Rng(3);
    for (let at = 0; at < 20_000; at++) times[permutedCount(5, random)]! += 1;
    // m times how often: the tokens that are predicted as the m-th from the end.
    const harmonic = 1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5;
    for (let m = 1; m <= 5; m++) expect(Math.abs((times[m]! * m * harmonic) / 20_000 - 1)).toBeLessThan(0.06);
    expect(permutedCount(1, random)).toBe(1);
  });
});

describe('what stands for a hidden token', () => {
  it('is the mask in 80 %, a random token in 10 %, itself in 10 %', () => {
    const random = new Rng(5);
    const drawn = Array.from({ length: 20_000 }, () => standIn(7, { replace: 0.8, random: 0.1, mask: 99, vocabulary: 50 }, random));
    const share = (test: (token: number) => boolean) => drawn.filter(test).length / drawn.length;
    expect(Math.abs(share((token) => token === 99) - 0.8)).toBeLessThan(0.01);
    // One in fifty of the random ones is the token itself.
    expect(Math.abs(share((token) => token === 7) - 0.102)).toBeLessThan(0.01);
    expect(new Set(drawn).size).toBe(51);
    expect([0.01, 0.15, 1].map((rate) => hiddenCount(40, rate))).toEqual([1, 6, 40]);
    expect(hiddenCount(0, 0.15)).toBe(0);
  });
});
