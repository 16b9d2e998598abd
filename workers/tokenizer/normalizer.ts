/** Normalizers of tokenizer.json (the text is rewritten before it is split), and the character classes that pre-tokenizers need. */
import type { Normalize } from './added-tokens';
import type { PipelineStep } from './tokenizer-json';

/**
 * Character classes, looked up in a table because regular expressions are slower. White space is Unicode's White_Space, as
 * in Hugging Face's `tokenizers`; JavaScript's own `\s` differs in U+0085 and U+FEFF.
 */
export const OTHER = 0;
export const LETTER = 1;
export const NUMBER = 2;
export const SPACE = 3;

/** Class by UTF-16 unit; built on first use. */
let table: Uint8Array | null = null;
const astral = new Map<number, number>();

/** One pass of a regular expression over all characters per class, instead of 65,536 single tests. */
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

/** Class of every UTF-16 unit, length 65,536. Surrogates are OTHER; `classAt` classifies the characters that they encode. */
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

/** @returns null for a normalizer, or a setting of one, that only `@huggingface/tokenizers` supports */
export function normalizerOf(step: PipelineStep | null | undefined): Normalize | null {
  if (!step) return (text) => text;
  switch (step.type) {
    case 'Sequence': {
      const steps = (step.normalizers ?? []).map(normalizerOf);
      return steps.every((each) => each !== null) ? (text) => steps.reduce((result, each) => each(result), text) : null;
    }
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD': {
      const form = step.type;
      return (text) => (isAscii(text) ? text : text.normalize(form));
    }
    case 'Prepend': {
      const { prepend } = step;
      return typeof prepend === 'string' ? (text) => (text === '' ? '' : prepend + text) : null;
    }
    case 'Replace': {
      const { pattern, content } = step;
      const found = pattern?.String;
      return found && typeof content === 'string' ? (text) => text.replaceAll(found, () => content) : null;
    }
    case 'Lowercase':
      return lowercase;
    case 'StripAccents':
      return (text) => text.replace(/\p{M}/gu, '');
    case 'BertNormalizer':
      return bertNormalizer({
        cleanText: step.clean_text !== false,
        spaceIdeographs: step.handle_chinese_chars !== false,
        lowercase: step.lowercase !== false,
        stripAccents: step.strip_accents ?? step.lowercase !== false,
      });
    default:
      return null;
  }
}

interface BertNormalizerOptions {
  cleanText: boolean;
  spaceIdeographs: boolean;
  lowercase: boolean;
  stripAccents: boolean;
}

/** BERT's normalizer: removes control characters, makes white space a space, puts spaces around ideographs, strips accents, lower-cases. */
function bertNormalizer({ cleanText, spaceIdeographs, lowercase: lower, stripAccents }: BertNormalizerOptions): Normalize {
  return (text) => {
    let result = text;
    if (cleanText) result = result.replace(/[\0\ufffd]|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}]/gu, '').replace(/\p{White_Space}/gu, ' ');
    if (spaceIdeographs && !isAscii(result)) result = result.replace(IDEOGRAPH, ' $& ');
    if (stripAccents && !isAscii(result)) result = result.normalize('NFD').replace(/\p{Mn}/gu, '');
    return lower ? lowercase(result) : result;
  };
}

const IDEOGRAPH =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

/** Lower-cases letter by letter, as `tokenizers` does; JavaScript alone turns a word-final Σ into ς. */
function lowercase(text: string): string {
  return text.replaceAll('Σ', 'σ').toLowerCase();
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}
