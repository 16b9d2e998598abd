/**
 * GPT-2's pre-tokens, the pieces that BPE never merges across:
 *
 *     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 */
import { characterClasses, classAt, SPACE } from './character-classes';

const BLANK = 0x20;
const APOSTROPHE = 0x27;

/** End of the pre-token that starts at `start`, which must be inside the text. */
export function preTokenEnd(text: string, start: number): number {
  const classes = characterClasses();
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
