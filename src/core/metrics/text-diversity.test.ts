import { expect, it } from 'vitest';
import fixture from '../../../e2e/parity/fixtures/sampling.json';
import { distinctNgrams, duplicateShare, scriptShares } from './text-diversity';

it('counts distinct n-grams inside documents, as Python’s sets do', () =>
  expect([1, 2, 3].map((n) => distinctNgrams(fixture.documents, n))).toEqual(fixture.distinct.map((share) => expect.closeTo(share, 12))));

it('has nothing repeated where there is nothing', () => expect([distinctNgrams([], 2), duplicateShare([])]).toEqual([1, 0]));

it('counts documents that stood there before', () => expect(duplicateShare(['a', 'b', 'a', 'a'])).toBe(0.5));

it('shares letters out among scripts, with broken characters, and leaves signs and digits out', () => {
  expect(scriptShares(['ab 12, 水', 'か한б�'])).toMatchObject({
    ...{ latin: 2 / 7, han: 1 / 7, kana: 1 / 7, hangul: 1 / 7, cyrillic: 1 / 7, broken: 1 / 7, other: 0 },
  });
  expect(Object.values(scriptShares(['42!'])).every((share) => share === 0)).toBe(true);
});
