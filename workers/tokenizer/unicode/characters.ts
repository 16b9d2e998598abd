/**
 * Sets and classes of characters as Hugging Face's `tokenizers` has them (tables.ts), whatever version of Unicode the browser knows.
 * JavaScript's own `\s` also differs from Unicode's white space, in U+0085 and U+FEFF.
 */
import * as tables from './tables';

/** A set of characters, kept as ranges and as one bit per UTF-16 unit. */
export class CharacterSet {
  /** Bounds of the ranges in ascending order: first, one after the last, first, … */
  private readonly bounds: readonly number[];
  /** A bit for each UTF-16 unit. */
  private readonly units = new Uint8Array(0x2000);

  constructor(packed: string) {
    this.bounds = rangesOf(packed);
    for (let at = 0; at < this.bounds.length; at += 2) {
      const end = Math.min(0x10000, this.bounds[at + 1]!);
      for (let point = this.bounds[at]!; point < end; point++) this.units[point >> 3]! |= 1 << (point & 7);
    }
  }

  has(point: number): boolean {
    if (point < 0x10000) return (this.units[point >> 3]! & (1 << (point & 7))) !== 0;
    let low = 0;
    let high = this.bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.bounds[middle]! <= point) low = middle + 1;
      else high = middle;
    }
    // Inside a range an odd number of bounds lies at or below.
    return (low & 1) === 1;
  }

  /** Calls with each range, both ends included. */
  each(visit: (first: number, last: number) => void): void {
    for (let at = 0; at < this.bounds.length; at += 2) visit(this.bounds[at]!, this.bounds[at + 1]! - 1);
  }

  /** What stands between the brackets of an expression with the flag `u`. */
  get source(): string {
    let source = '';
    const escaped = (point: number): string => `\\u{${point.toString(16)}}`;
    this.each((first, last) => (source += escaped(first) + (last > first ? `-${escaped(last)}` : '')));
    return source;
  }
}

function rangesOf(packed: string): number[] {
  const bounds: number[] = [];
  let at = 0;
  for (const range of packed.split(' ')) {
    const [gap, more = '0'] = range.split('-') as [string, string?];
    const first = at + Number.parseInt(gap, 36);
    at = first + Number.parseInt(more, 36);
    bounds.push(first, at + 1);
  }
  return bounds;
}

/** Classes of characters, looked up in a table because regular expressions are slower. */
export const OTHER = 0;
export const LETTER = 1;
export const NUMBER = 2;
export const SPACE = 3;

const SPACES =
  '\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000';

/** Class by UTF-16 unit; built on first use. */
let table: Uint8Array | null = null;
let letters: CharacterSet;
let numbers: CharacterSet;

/** Class of every UTF-16 unit; surrogates are OTHER, `classAt` knows their characters. */
export function characterClasses(): Uint8Array {
  if (table) return table;
  table = new Uint8Array(0x10000);
  letters = new CharacterSet(tables.LETTER);
  numbers = new CharacterSet(tables.NUMBER);
  for (const [set, value] of [
    [letters, LETTER],
    [numbers, NUMBER],
  ] as const)
    set.each((first, last) => table!.fill(value, Math.min(first, 0x10000), Math.min(last + 1, 0x10000)));
  for (const space of SPACES) table[space.charCodeAt(0)] = SPACE;
  return table;
}

/** Class of the character that begins at `at`. */
export function classAt(classes: Uint8Array, text: string, at: number): number {
  const unit = text.charCodeAt(at);
  if (unit < 0xd800 || unit >= 0xdc00) return classes[unit]!;
  const point = text.codePointAt(at)!;
  if (point <= 0xffff) return OTHER;
  return letters.has(point) ? LETTER : numbers.has(point) ? NUMBER : OTHER;
}

/** Unicode's White_Space, which has not changed for long and lies in the first plane. */
export function isSpace(unit: number): boolean {
  return characterClasses()[unit] === SPACE;
}
