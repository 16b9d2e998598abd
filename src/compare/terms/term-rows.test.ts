import { describe, expect, it } from 'vitest';
import { extremes, FIRST_ORDER, nextOrder, sortTerms, termsOf, type MeasuredTerm } from './term-rows';

const term = (name: string, count: number, ...bitsPerByte: number[]): MeasuredTerm => ({
  term: name,
  count,
  loss: bitsPerByte.map((bits) => bits * 2),
  bitsPerByte,
  passages: [],
});
// Changes of B: −2, +0.5, −0.25, 0.
const terms = [term('patient', 40, 3, 1), term('诊断', 12, 2, 2.5), term('symptom', 7, 1, 0.75), term('Dose', 3, 4, 4)];
const names = (sorted: MeasuredTerm[]) => sorted.map((entry) => entry.term);
const collator = new Intl.Collator('en');

describe('sortTerms', () => {
  it('puts what was learnt most first', () => {
    expect(names(sortTerms(terms, FIRST_ORDER, collator))).toEqual(['patient', 'symptom', 'Dose', '诊断']);
  });
  it('sorts by any column, either way', () => {
    expect(names(sortTerms(terms, { column: 'bits0', descending: true }, collator))).toEqual(['Dose', 'patient', '诊断', 'symptom']);
    expect(names(sortTerms(terms, { column: 'loss1', descending: false }, collator))).toEqual(['symptom', 'patient', '诊断', 'Dose']);
    expect(names(sortTerms(terms.slice(0, 1).concat(terms.slice(2)), { column: 'term', descending: false }, collator))).toEqual([
      'Dose',
      'patient',
      'symptom',
    ]);
  });
  it('turns the order with a second press', () => {
    const first = nextOrder(FIRST_ORDER, 'count');
    expect(first).toEqual({ column: 'count', descending: true });
    expect(nextOrder(first, 'count')).toEqual({ column: 'count', descending: false });
  });
});

describe('extremes', () => {
  it('names both ends, each term once', () => {
    expect(extremes(terms, 1)).toEqual({ most: ['patient', 'symptom'], least: ['诊断', 'Dose'] });
    expect(extremes(terms, 1, 1)).toEqual({ most: ['patient'], least: ['诊断'] });
  });
  it('calls nothing learnt where nothing fell', () => expect(extremes([term('a', 1, 1, 1)], 1)).toEqual({ most: [], least: ['a'] }));
});

it('reads a list of terms as a person leaves it', () => {
  expect(termsOf(' patient\n\nPatient\n诊断 \r\n')).toEqual(['patient', '诊断']);
});
