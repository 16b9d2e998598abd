/** The normalizers of tokenizer.json that the studio runs itself; the rest is left to the general library. */
import type { Normalize } from './added-tokens';
import type { PipelineStep } from './tokenizer-json';

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
