/**
 * GPT-2's pre-tokens, the pieces that BPE never merges across:
 *
 *     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 *
 * by a table of character classes, which takes less time than the expression. `\s` is Unicode's White_Space, as in Hugging
 * Face's `tokenizers`; JavaScript's own differs in U+0085 and U+FEFF.
 */
const OTHER = 0;
const LETTER = 1;
const NUMBER = 2;
const SPACE = 3;

const BLANK = 0x20;
const APOSTROPHE = 0x27;

/** Class by UTF-16 unit; filled when first asked for. */
let table: Uint8Array | null = null;
const astral = new Map<number, number>();

function classOfCharacter(character: string): number {
  return /\p{L}/u.test(character) ? LETTER : /\p{N}/u.test(character) ? NUMBER : /\p{White_Space}/u.test(character) ? SPACE : OTHER;
}

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

/** End of the pre-token that starts at `start`, which must be inside the text. */
export function preTokenEnd(text: string, start: number): number {
  const classes = (table ??= classTable());
  const first = text.charCodeAt(start);
  if (first === APOSTROPHE) {
    const length = contraction(text, start);
    if (length > 0) return start + length;
  }
  // A single blank belongs to the word, number or signs after it.
  let at = first === BLANK && start + 1 < text.length ? start + 1 : start;
  let kind = classAt(classes, text, at);
  if (kind === SPACE) {
    at = start;
    kind = SPACE;
  }
  do at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  while (at < text.length && classAt(classes, text, at) === kind);
  // Of white space before something, the last character is left to what follows.
  if (kind === SPACE && at < text.length && at - start > 1) return at - 1;
  return at;
}

function classAt(classes: Uint8Array, text: string, at: number): number {
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

/** Length of 's, 't, 'm, 'd, 're, 've or 'll at this place; 0 when there is none. */
function contraction(text: string, at: number): number {
  switch (text[at + 1]) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return 2;
    case 'r':
    case 'v':
      return text[at + 2] === 'e' ? 3 : 0;
    case 'l':
      return text[at + 2] === 'l' ? 3 : 0;
    default:
      return 0;
  }
}
