/** The normalizers of tokenizer.json (the text is rewritten before it is split) that the studio runs itself; the crate runs the others. */
import type { Normalize } from './added-tokens';
import type { PipelineStep } from './tokenizer-json';
import { CharacterSet } from './unicode/characters';
import * as tables from './unicode/tables';

/** @returns null for a normalizer, or a setting of one, that is left to the crate */
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
      return (text) => normalForm(text, form);
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
      return (text) => text.replace(expressions().combining, '');
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
    if (cleanText) result = result.replace(expressions().control, '').replace(/\p{White_Space}/gu, ' ');
    if (spaceIdeographs && !isAscii(result)) result = result.replace(IDEOGRAPH, ' $& ');
    if (stripAccents && !isAscii(result)) result = normalForm(result, 'NFD').replace(expressions().mark, '');
    return lower ? lowercase(result) : result;
  };
}

const IDEOGRAPH =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

/** Classes of characters as the crate has them; made when first asked for. */
interface Expressions {
  control: RegExp;
  combining: RegExp;
  mark: RegExp;
  inert: RegExp;
}
let made: Expressions | null = null;

function expressions(): Expressions {
  const expression = (packed: string): RegExp => new RegExp(`[${new CharacterSet(packed).source}]`, 'gu');
  return (made ??= {
    control: expression(tables.CONTROL),
    combining: expression(tables.COMBINING),
    mark: expression(tables.MARK),
    inert: expression(tables.INERT),
  });
}

/**
 * A normalization form as the crate makes it, which knows Unicode 9: later characters are nothing to it, so that what stands before one
 * and what stands after it are normalized apart.
 */
function normalForm(text: string, form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'): string {
  if (isAscii(text)) return text;
  const { inert } = expressions();
  let result = '';
  let from = 0;
  for (const { 0: character, index } of text.matchAll(inert)) {
    result += text.slice(from, index).normalize(form) + character;
    from = index + character.length;
  }
  return from === 0 ? text.normalize(form) : result + text.slice(from).normalize(form);
}

/** Letter by letter: JavaScript alone would write the sigma that ends a word otherwise. */
function lowercase(text: string): string {
  return text.replaceAll('Σ', 'σ').toLowerCase();
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}
