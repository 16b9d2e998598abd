import type { Normalize } from './added-tokens';
import type { PipelineStep } from './tokenizer-json';

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

/** The normalizers of tokenizer.json that the studio runs itself; the rest is left to the general library. */
/** null: a kind, or a setting of it, that only the library knows. */
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

export interface BertNormalizerOptions {
  cleanText: boolean;
  spaceIdeographs: boolean;
  lowercase: boolean;
  stripAccents: boolean;
}

/** BERT's: control characters out, any white space a blank, blanks around ideographs, accents and capitals away. */
export function bertNormalizer({ cleanText, spaceIdeographs, lowercase: lower, stripAccents }: BertNormalizerOptions): Normalize {
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

/** Letter by letter: JavaScript alone would write the sigma that ends a word otherwise. */
function lowercase(text: string): string {
  return text.replaceAll('Σ', 'σ').toLowerCase();
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}
