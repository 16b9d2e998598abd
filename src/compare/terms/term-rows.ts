/** Terms as rows of a table: sorted by any column, the terms most and least learnt, and the parsing of the list. */
import type { TermsMeasure } from '../../contract/evaluation';

export type MeasuredTerm = TermsMeasure['terms'][number];

/** `delta1` is B − A, `delta2` C − A, in bits per byte. */
export type TermColumn = 'term' | 'count' | `loss${number}` | `bits${number}` | `delta${number}`;

export interface TermOrder {
  column: TermColumn;
  descending: boolean;
}

/** Those that B learnt most come first. */
export const FIRST_ORDER: TermOrder = { column: 'delta1', descending: false };

/** Bits per byte of a model less the base's; below zero is learnt. */
export const bitsChange = ({ bitsPerByte }: MeasuredTerm, model: number): number => bitsPerByte[model]! - bitsPerByte[0]!;

function valueOf(term: MeasuredTerm, column: TermColumn): number | string {
  if (column === 'term') return term.term;
  if (column === 'count') return term.count;
  const model = Number(column.at(-1));
  if (column.startsWith('loss')) return term.loss[model] ?? Number.NaN;
  return column.startsWith('bits') ? (term.bitsPerByte[model] ?? Number.NaN) : bitsChange(term, model);
}

/** Equal ones keep their order, the most frequent first. */
export function sortTerms(terms: readonly MeasuredTerm[], { column, descending }: TermOrder, collator: Intl.Collator): MeasuredTerm[] {
  const sign = descending ? -1 : 1;
  return [...terms].sort((one, other) => {
    const a = valueOf(one, column);
    const b = valueOf(other, column);
    return sign * (typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b)));
  });
}

/** A press on a column sorts by it; another press turns the order. Counts begin with the largest. */
export function nextOrder(order: TermOrder, column: TermColumn): TermOrder {
  return order.column === column ? { column, descending: !order.descending } : { column, descending: column === 'count' };
}

/** Up to `most` terms whose bits per byte fell, the largest fall first, and as many whose bits fell least or rose. */
export function extremes(terms: readonly MeasuredTerm[], model: number, most = 3): { most: string[]; least: string[] } {
  const byChange = [...terms].sort((one, other) => bitsChange(one, model) - bitsChange(other, model));
  const learnt = byChange.filter((term) => bitsChange(term, model) < 0).slice(0, most);
  const least = byChange.filter((term) => !learnt.includes(term)).slice(-most);
  return { most: learnt.map(({ term }) => term), least: least.reverse().map(({ term }) => term) };
}

/** One term a line; blank lines and repetitions, in any case, are left out. */
export function termsOf(text: string): string[] {
  const terms = new Map<string, string>();
  for (const line of text.split('\n')) {
    const term = line.trim();
    const key = term.toLowerCase();
    if (term !== '' && !terms.has(key)) terms.set(key, term);
  }
  return [...terms.values()];
}
