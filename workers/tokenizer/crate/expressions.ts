/**
 * Expressions of a tokenizer.json written so that the crate's build finds with them what `tokenizers` of today finds: its Oniguruma knows
 * an older Unicode, in which the ideographs, letters and emoji of later years are nothing.
 */
import { CharacterSet } from '../unicode/characters';
import { DIFFERENCES } from './expression-differences';

interface Difference {
  lacks: string;
  exceeds: string;
}
let differences: ReadonlyMap<string, Difference> | null = null;

/** Long names of Unicode's categories. */
const ALIASES: Readonly<Record<string, string>> = {
  letter: 'l', uppercaseletter: 'lu', lowercaseletter: 'll', titlecaseletter: 'lt', modifierletter: 'lm', otherletter: 'lo',
  mark: 'm', nonspacingmark: 'mn', spacingmark: 'mc', enclosingmark: 'me', combiningmark: 'm',
  number: 'n', decimalnumber: 'nd', letternumber: 'nl', othernumber: 'no',
  punctuation: 'p', dashpunctuation: 'pd', otherpunctuation: 'po',
  symbol: 's', mathsymbol: 'sm', othersymbol: 'so', other: 'c', format: 'cf', unassigned: 'cn',
}; // prettier-ignore

export function adaptedExpression(expression: string): string {
  let adapted = '';
  let depth = 0;
  for (let at = 0; at < expression.length;) {
    const found = ITEM.exec(expression.slice(at))![0];
    at += found.length;
    if (found === '[' || found === '[^') depth++;
    else if (found === ']' && depth > 0) depth--;
    adapted += adaptedItem(found, depth > 0);
  }
  return adapted;
}

/** A class of characters by name, an escape, the beginning of a class in brackets, or any other character. */
const ITEM = /^(?:\[:\^?\w+:\]|\\[pP]\{\^?[^}]*\}|\\[\s\S]|\[\^|[\s\S])/u;

function adaptedItem(item: string, inside: boolean): string {
  const posix = /^\[:(\^?)(\w+):\]$/.exec(item);
  if (posix) return inside ? written(`[:${posix[2]}:]`, item.replace('^', ''), posix[1] === '^', true) : item;
  const property = /^\\([pP])\{(\^?)([^}]*)\}$/.exec(item);
  if (property) {
    const name = property[3]!.toLowerCase().replace(/[\s_-]/g, '');
    return written(ALIASES[name] ?? name, `\\p{${property[3]}}`, (property[1] === 'P') !== (property[2] === '^'), inside);
  }
  if (/^\\[wWdD]$/.test(item)) return written(item.toLowerCase(), item.toLowerCase(), /[WD]/.test(item), inside);
  return item;

  /** @param plain the class as the crate names it */
  function written(name: string, plain: string, negated: boolean, inside: boolean): string {
    const difference = differencesByName().get(name);
    if (!difference) return item;
    const rest = difference.exceeds === '' ? plain : `[${plain.startsWith('[:') ? `[${plain}]` : plain}&&[^${difference.exceeds}]]`;
    const all = rest + difference.lacks;
    if (negated) return `[^${all}]`;
    return inside ? all : `[${all}]`;
  }
}

function differencesByName(): ReadonlyMap<string, Difference> {
  if (differences) return differences;
  const made = new Map<string, Difference>();
  for (const [names, ranges] of DIFFERENCES) {
    const [lacks = '', exceeds = ''] = ranges
      .split(' / ')
      .map((packed) => (packed === '' ? '' : onigurumaSource(new CharacterSet(packed))));
    for (const name of names.split(' ')) made.set(name, { lacks, exceeds });
  }
  return (differences = made);
}

/** What stands between the brackets of an expression of Oniguruma. */
export function onigurumaSource(set: CharacterSet): string {
  let source = '';
  const escaped = (point: number): string => `\\x{${point.toString(16)}}`;
  set.each((first, last) => (source += escaped(first) + (last > first ? `-${escaped(last)}` : '')));
  return source;
}
