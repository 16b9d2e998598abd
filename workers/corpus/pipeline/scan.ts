/**
 * One pass over the units of a text: tokens (words, folded to lower case; each CJK character alone) as hashes with their positions,
 * and the counts that the rules of the score are made of. No string is made. One scanner is used for row after row.
 */
import { HashSet, mix } from './hash';

// Classes of UTF-16 units, in tables, since every unit of every row is looked up.

/** Word characters first: letters (combining marks and `_` with them) and digits; then characters that are tokens of their own. */
export const LETTER = 0;
export const DIGIT = 1;
export const HAN = 2;
export const KANA = 3;
/** First and second half of a character beyond the basic plane. */
const HIGH = 4;
const LOW = 5;
/** What prose is written with: . , ; : ! ? ' " ( ) - and its kin in other scripts. */
export const PUNCTUATION = 6;
export const SYMBOL = 7;
const SPACE = 8;
const NEWLINE = 9;
const CLASSES = 10;

/** Of ASCII, what is punctuation to a writer; what Unicode calls so besides (# % & * / @ \ [ ] { } _) is a programmer's symbol. */
const prose = '.,;:!?\'"()-';

const CLASS = new Uint8Array(65536);
/** Lower-case form where that is a single unit. */
const LOWER = new Uint16Array(65536);
/** 1 for hangul: letters by class, a script of their own. */
const HANGUL = new Uint8Array(65536);
/** 1 for what source code is full of and prose is not. */
const CODE_MARK = new Uint8Array(128);
/** 1 for what a line of code starts or ends with, and a line of prose or verse hardly ever. */
const CODE_START = new Uint8Array(128);
const CODE_END = new Uint8Array(128);

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

const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

export class Scanner {
  /** Tokens of the text: hash, and first unit. */
  hashes = new Uint32Array(4096);
  starts = new Uint32Array(4096);
  tokens = 0;
  /** Tokens that are CJK characters. */
  cjk = 0;
  /** Units by class. */
  readonly counts = new Uint32Array(CLASSES);
  hangul = 0;
  codeMarks = 0;
  bytes = 0;
  /** 64 bits that stand for the text: two hashes over its units. */
  low = 0;
  high = 0;
  /** Lines with anything on them, those that begin or end as code does, and the share of units in lines that stood there before. */
  lines = 0;
  codeLines = 0;
  repeatedLines = 0;
  private readonly seen = new HashSet();

  /** Words, where a CJK character counts 1/1.5. */
  get words(): number {
    return this.tokens - this.cjk + this.cjk / 1.5;
  }

  /** Units that are seen: neither spaces nor line ends. */
  get visible(): number {
    return this.counts.reduce((sum, count) => sum + count, 0) - this.counts[SPACE]! - this.counts[NEWLINE]!;
  }

  scan(text: string): void {
    const { counts, seen } = this;
    const length = text.length;
    if (this.hashes.length < length + 1) this.grow(length + 1);
    const { hashes, starts } = this;
    counts.fill(0);
    seen.reset(linesOf(text));
    let tokens = 0;
    let cjk = 0;
    let hangul = 0;
    let codeMarks = 0;
    let bytes = 0;
    let lines = 0;
    let codeLines = 0;
    let repeated = 0;
    let word = 0;
    let inWord = false;
    let lineHash = OFFSET;
    let lineUnits = 0;
    let first = 0;
    let last = 0;
    let surrogate = 0;
    let low = OFFSET;
    let high = 0x2545f491;
    let wasWord = false;
    for (let at = 0; at <= length; at++) {
      // A line end after the last unit closes the last word and line.
      const unit = at < length ? text.charCodeAt(at) : 10;
      const kind = CLASS[unit]!;
      if (kind <= DIGIT) {
        if (!inWord) {
          inWord = true;
          word = OFFSET;
          starts[tokens] = at;
        }
        word = Math.imul(word ^ LOWER[unit]!, PRIME);
        hangul += HANGUL[unit]!;
      } else {
        if (inWord) {
          inWord = false;
          hashes[tokens++] = mix(word);
        }
        if (kind === HAN || kind === KANA) {
          starts[tokens] = at;
          hashes[tokens++] = mix(Math.imul(unit ^ OFFSET, PRIME));
          cjk++;
        } else if (kind === HIGH) {
          surrogate = unit;
        } else if (kind === LOW && surrogate >= 0xd840 && surrogate <= 0xd8bf) {
          // Planes 2 and 3 hold rare Han characters; what else lies beyond the basic plane counts as a symbol.
          starts[tokens] = at - 1;
          hashes[tokens++] = mix(Math.imul(Math.imul(surrogate ^ OFFSET, PRIME) ^ unit, PRIME));
          cjk++;
          counts[HAN]!++;
        } else if (kind === NEWLINE) {
          if (lineUnits > 0) {
            lines++;
            if (!seen.add(mix(lineHash))) repeated += lineUnits;
            if ((first < 128 && CODE_START[first]) || (last < 128 && CODE_END[last])) codeLines++;
            lineUnits = 0;
            lineHash = OFFSET;
          }
        }
      }
      if (kind < SPACE) {
        if (lineUnits++ === 0) first = unit;
        last = unit;
        lineHash = Math.imul(lineHash ^ unit, PRIME);
        // A bracket right after a word is a call; in prose a space stands between.
        if (unit < 128) codeMarks += CODE_MARK[unit]! + (unit === 40 && wasWord ? 1 : 0);
      }
      wasWord = kind <= DIGIT;
      low = Math.imul(low ^ unit, PRIME);
      high = Math.imul((high + unit) | 0, 0x5bd1e995) ^ (high >>> 24);
      counts[kind]!++;
      bytes += unit < 0x80 ? 1 : unit < 0x800 || kind === HIGH || kind === LOW ? 2 : 3;
    }
    // The line end that stood for the end of the text.
    counts[NEWLINE]!--;
    this.bytes = bytes - 1;
    this.low = mix(low);
    this.high = mix(high);
    this.tokens = tokens;
    this.cjk = cjk;
    this.hangul = hangul;
    this.codeMarks = codeMarks;
    this.lines = lines;
    this.codeLines = codeLines;
    this.repeatedLines = repeated / Math.max(1, this.visible);
  }

  /** Share of the units that are seen. */
  share(kind: number): number {
    return this.counts[kind]! / Math.max(1, this.visible);
  }

  private grow(least: number): void {
    const room = 2 ** Math.ceil(Math.log2(least));
    this.hashes = new Uint32Array(room);
    this.starts = new Uint32Array(room);
  }
}

function linesOf(text: string): number {
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}
