/**
 * The pre-tokens of Llama 3 (`digits` 3) and Qwen 2 (`digits` 1):
 *
 *     (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
 */
import { characterClasses, classAt, LETTER, NUMBER, OTHER, SPACE } from './character-classes';

const BLANK = 0x20;
const APOSTROPHE = 0x27;
const CONTRACTION = /'(?:[sſtmd]|re|ve|ll)/iy;

/** End of the pre-token that starts at `start`, which must be inside the text. */
export function caseBlindPreTokenEnd(text: string, start: number, digits: number): number {
  const classes = characterClasses();
  const first = text.charCodeAt(start);
  if (first === APOSTROPHE) {
    CONTRACTION.lastIndex = start;
    if (CONTRACTION.test(text)) return CONTRACTION.lastIndex;
  }
  const kind = classAt(classes, text, start);
  const second = after(text, start);
  if (kind === LETTER) return runEnd(classes, text, second, LETTER);
  if (kind === NUMBER) {
    let end = second;
    for (let count = 1; count < digits && end < text.length && classAt(classes, text, end) === NUMBER; count++) end = after(text, end);
    return end;
  }
  const next = second < text.length ? classAt(classes, text, second) : -1;
  if (next === LETTER && !isNewline(first)) return runEnd(classes, text, second, LETTER);
  if (kind === OTHER || (first === BLANK && next === OTHER)) {
    let end = runEnd(classes, text, second, OTHER);
    while (end < text.length && isNewline(text.charCodeAt(end))) end++;
    return end;
  }
  const end = runEnd(classes, text, second, SPACE);
  for (let at = end; at > start; at--) if (isNewline(text.charCodeAt(at - 1))) return at;
  // Of white space before something, the last character is left to what follows.
  return end < text.length && end - start > 1 ? end - 1 : end;
}

function runEnd(classes: Uint8Array, text: string, from: number, kind: number): number {
  let at = from;
  while (at < text.length && classAt(classes, text, at) === kind) at = after(text, at);
  return at;
}

function after(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit < 0xdc00 && text.codePointAt(at)! > 0xffff ? at + 2 : at + 1;
}

function isNewline(unit: number): boolean {
  return unit === 0x0a || unit === 0x0d;
}
