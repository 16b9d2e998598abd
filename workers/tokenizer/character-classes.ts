/**
 * Letters, numbers and white space by a table, which takes less time than an expression. White space is Unicode's White_Space, as
 * in Hugging Face's `tokenizers`; JavaScript's own `\s` differs in U+0085 and U+FEFF.
 */
export const OTHER = 0;
export const LETTER = 1;
export const NUMBER = 2;
export const SPACE = 3;

/** Class by UTF-16 unit; filled when first asked for. */
let table: Uint8Array | null = null;
const astral = new Map<number, number>();

/** Ranges rather than 65,536 tests: one pass over all characters per class. */
function classTable(): Uint8Array {
  const classes = new Uint8Array(0x10000);
  let every = '';
  for (let unit = 0; unit < 0x10000; unit++) every += unit >= 0xd800 && unit < 0xe000 ? ' ' : String.fromCharCode(unit);
  const mark = (pattern: RegExp, value: number): void => {
    for (const { 0: run, index } of every.matchAll(pattern)) classes.fill(value, index, index + run.length);
  };
  mark(/\p{L}+/gu, LETTER);
  mark(/\p{N}+/gu, NUMBER);
  mark(/\p{White_Space}+/gu, SPACE);
  classes.fill(OTHER, 0xd800, 0xe000);
  return classes;
}

/** Class of every UTF-16 unit; surrogates are OTHER, `classAt` knows their characters. */
export function characterClasses(): Uint8Array {
  return (table ??= classTable());
}

/** Class of the character that begins at `at`. */
export function classAt(classes: Uint8Array, text: string, at: number): number {
  const unit = text.charCodeAt(at);
  if (unit < 0xd800 || unit >= 0xdc00) return classes[unit]!;
  const point = text.codePointAt(at)!;
  if (point <= 0xffff) return OTHER;
  let kind = astral.get(point);
  if (kind === undefined) {
    kind = classOfCharacter(String.fromCodePoint(point));
    astral.set(point, kind);
  }
  return kind;
}

function classOfCharacter(character: string): number {
  return /\p{L}/u.test(character) ? LETTER : /\p{N}/u.test(character) ? NUMBER : /\p{White_Space}/u.test(character) ? SPACE : OTHER;
}
