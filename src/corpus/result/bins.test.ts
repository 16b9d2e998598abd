import { describe, expect, it } from 'vitest';
import { binsOf } from './bins';

const labels = (bins: { label: string; rows: number; bin: number }[]) => bins.map(({ label, rows, bin }) => [bin, label, rows]);

describe('binsOf', () => {
  it('names each bar by what falls into it, and leaves empty ends away', () => {
    const words = binsOf({ name: 'words', edges: [0, 1, 10, 20, 50, 100], rows: [0, 2, 0, 3, 0] }, String, String);
    expect(labels(words)).toEqual([
      [1, '1 – 9', 2],
      [2, '10 – 19', 0],
      [3, '20 – 49', 3],
    ]);
  });
  it('writes sizes of clusters as whole numbers, the last bar open', () => {
    const sizes = binsOf({ name: 'duplicates', edges: [1, 2, 3, 5, 100], rows: [7, 1, 0, 2] }, String, String);
    expect(labels(sizes)).toEqual([
      [0, '1', 7],
      [1, '2', 1],
      [2, '3 – 4', 0],
      [3, '≥ 5', 2],
    ]);
  });
  it('gives languages their names', () => {
    const found = binsOf({ name: 'language', languages: ['en', 'und'], rows: [5, 1] }, String, (code) => code.toUpperCase());
    expect(labels(found)).toEqual([
      [0, 'EN', 5],
      [1, 'UND', 1],
    ]);
  });
});
