import fc from 'fast-check';
import { expect, it } from 'vitest';
import { preTokenEnd } from './pre-tokenizer';
import { CharacterSet } from './unicode/characters';
import { LETTER, NUMBER } from './unicode/tables';

/** GPT-2's own expression, with Unicode's white space, and with the letters and numbers of `tokenizers`, not of this JavaScript. */
const L = new CharacterSet(LETTER).source;
const N = new CharacterSet(NUMBER).source;
const EXPRESSION = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?[${L}]+| ?[${N}]+| ?[^\\p{White_Space}${L}${N}]+|\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+`,
  'gu',
);

function preTokens(text: string): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length; start += pieces.at(-1)!.length) pieces.push(text.slice(start, preTokenEnd(text, start)));
  return pieces;
}

function check(text: string): void {
  expect(preTokens(text)).toEqual(text.match(EXPRESSION) ?? []);
}

it('cuts as the expression does: any characters', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), check), { numRuns: 100 });
});

it('cuts as the expression does: the characters it speaks of, in every order', () => {
  const parts = [
    "'",
    's',
    'l',
    'v',
    'e',
    'T',
    ' ',
    '  ',
    '\n',
    '\r',
    '\t',
    '\u0085',
    '\ufeff',
    '\u3000',
    '7',
    '½',
    '文',
    '𠀀',
    '👍',
    '\ud800',
    '.',
    '\u0301',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 14 }), (chosen) => check(chosen.join(''))),
    { numRuns: 1500 },
  );
});

it('knows the class of every character of the first plane', () => {
  for (let point = 0; point < 0x10000; point += 1) {
    const character = String.fromCharCode(point);
    const text = `a${character}1`;
    if (preTokens(text).join('|') !== (text.match(EXPRESSION) ?? []).join('|')) check(text);
  }
});
