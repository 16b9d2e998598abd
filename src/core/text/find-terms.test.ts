import { describe, expect, it } from 'vitest';
import { termFinder } from './find-terms';

const found = (terms: string[], text: string) =>
  termFinder(terms)(text).map(({ term, start, end }) => [term, text.slice(start, end), start]);

describe('termFinder', () => {
  it('finds words in any case, but not inside others', () => {
    expect(found(['heart', 'disease'], 'Heart disease, heartless; diseased heart')).toEqual([
      ['heart', 'Heart', 0],
      ['disease', 'disease', 6],
      ['heart', 'heart', 35],
    ]);
  });

  it('finds Chinese terms anywhere, the longer first', () => {
    expect(found(['糖尿', '糖尿病', '治疗'], '糖尿病人的治疗')).toEqual([
      ['糖尿病', '糖尿病', 0],
      ['治疗', '治疗', 5],
    ]);
  });

  it('takes what a pattern would misread as it stands', () => {
    expect(found(['C++', 'beta (2)'], 'C++ and Beta (2); Cxx')).toEqual([
      ['C++', 'C++', 0],
      ['beta (2)', 'Beta (2)', 8],
    ]);
    expect(found(['', '  '], 'anything')).toEqual([]);
  });
});
