/** Classes of UTF-16 units, in tables, since every unit of every row is looked up. */

/** Word characters first: letters (combining marks and `_` with them) and digits; then characters that are tokens of their own. */
export const LETTER = 0;
export const DIGIT = 1;
export const HAN = 2;
export const KANA = 3;
/** First and second half of a character beyond the basic plane. */
export const HIGH = 4;
export const LOW = 5;
/** What prose is written with: . , ; : ! ? ' " ( ) - and its kin in other scripts. */
export const PUNCTUATION = 6;
export const SYMBOL = 7;
export const SPACE = 8;
export const NEWLINE = 9;
export const CLASSES = 10;

/** Of ASCII, what is punctuation to a writer; what Unicode calls so besides (# % & * / @ \ [ ] { } _) is a programmer's symbol. */
const prose = '.,;:!?\'"()-';

export const CLASS = new Uint8Array(65536);
/** Lower-case form where that is a single unit. */
export const LOWER = new Uint16Array(65536);
/** 1 for hangul: letters by class, a script of their own. */
export const HANGUL = new Uint8Array(65536);
/** 1 for what source code is full of and prose is not. */
export const CODE_MARK = new Uint8Array(128);
/** 1 for what a line of code starts or ends with, and a line of prose or verse hardly ever. */
export const CODE_START = new Uint8Array(128);
export const CODE_END = new Uint8Array(128);

for (const character of '{}[]()<>=;_/*#\\|&$@+') CODE_MARK[character.charCodeAt(0)] = 1;
for (const character of '{}[]<>=;/*#\\|&$@+') CODE_START[character.charCodeAt(0)] = 1;
for (const character of '{}[](<>=;/*\\|&+') CODE_END[character.charCodeAt(0)] = 1;

for (let unit = 0; unit < 65536; unit++) {
  const character = String.fromCharCode(unit);
  const lower = character.toLowerCase();
  LOWER[unit] = lower.length === 1 ? lower.charCodeAt(0) : unit;
  CLASS[unit] = classOf(character, unit);
}
for (let unit = 0x1100; unit <= 0xd7ff; unit++) HANGUL[unit] = /\p{Script=Hangul}/u.test(String.fromCharCode(unit)) ? 1 : 0;

function classOf(character: string, unit: number): number {
  if (unit >= 0xd800 && unit < 0xdc00) return HIGH;
  if (unit >= 0xdc00 && unit < 0xe000) return LOW;
  if (character === '\n') return NEWLINE;
  if (/\s|\p{Z}|\p{C}/u.test(character)) return SPACE;
  if (unit < 128)
    return /[a-z_]/i.test(character) ? LETTER : /\d/.test(character) ? DIGIT : prose.includes(character) ? PUNCTUATION : SYMBOL;
  if (/\p{Script=Han}/u.test(character)) return HAN;
  if (/\p{Script=Hiragana}|\p{Script=Katakana}|ー/u.test(character)) return KANA;
  if (/\p{L}|\p{M}/u.test(character)) return LETTER;
  if (/\p{N}/u.test(character)) return DIGIT;
  return /\p{P}/u.test(character) ? PUNCTUATION : SYMBOL;
}
