/** The pre-tokenizers of tokenizer.json that the studio runs itself; the rest is left to the general library. */
import { characterClasses, SPACE } from './character-classes';
import { PATTERNS, PRE_TOKEN_ENDS, type PreTokenEnd } from './pre-token-patterns';
import type { PipelineStep } from './tokenizer-json';

export interface PreTokenizer {
  /** What becomes of the text before it is cut. @param first it begins the whole text */
  prepare: (text: string, first: boolean) => string;
  /** null: the text stays whole. */
  end: PreTokenEnd | null;
  /** Pieces of white space are dropped. */
  dropsSpace: boolean;
  /** Pieces are written in bytes. */
  bytes: boolean;
}

const WHOLE: PreTokenizer = { prepare: (text) => text, end: null, dropsSpace: false, bytes: false };

/** null: a kind, or a setting of it, that only the library knows. */
export function preTokenizerOf(step: PipelineStep | null | undefined): PreTokenizer | null {
  if (!step) return WHOLE;
  switch (step.type) {
    case 'ByteLevel':
      return {
        prepare: step.add_prefix_space === false ? WHOLE.prepare : (text) => (text.startsWith(' ') ? text : ` ${text}`),
        end: step.use_regex === false ? null : PRE_TOKEN_ENDS.gpt2,
        dropsSpace: false,
        bytes: true,
      };
    case 'Sequence':
      return sequence(step.pretokenizers ?? []);
    case 'Metaspace':
      return metaspace(step);
    case 'BertPreTokenizer':
      return { ...WHOLE, end: bertPreTokenEnd, dropsSpace: true };
    default:
      return null;
  }
}

/** Split by a known expression, then bytes: how Llama 3 and Qwen write GPT-2's ByteLevel with an expression of their own. */
function sequence(steps: readonly PipelineStep[]): PreTokenizer | null {
  if (steps.length === 1) return preTokenizerOf(steps[0]);
  const [split, bytes] = steps;
  if (steps.length !== 2 || split?.type !== 'Split' || bytes?.type !== 'ByteLevel') return null;
  if (split.behavior !== 'Isolated' || split.invert === true || bytes.use_regex !== false || bytes.add_prefix_space !== false) return null;
  const known = (['gpt2', 'llama3', 'qwen2'] as const).find((name) => PATTERNS[name] === split.pattern?.Regex);
  return known ? { ...WHOLE, end: PRE_TOKEN_ENDS[known], bytes: true } : null;
}

function metaspace({ replacement = '▁', prepend_scheme: scheme, add_prefix_space: prefix, split }: PipelineStep): PreTokenizer | null {
  if (replacement.length !== 1) return null;
  const prepends = scheme ?? (prefix === false ? 'never' : 'always');
  return {
    ...WHOLE,
    prepare: (text, first) => {
      const marked = text.replaceAll(' ', replacement);
      const wanted = prepends === 'always' || (prepends === 'first' && first);
      return wanted && !marked.startsWith(replacement) ? replacement + marked : marked;
    },
    end:
      split === false
        ? null
        : (text, start) => {
            const next = text.indexOf(replacement, start + 1);
            return next < 0 ? text.length : next;
          },
  };
}

const PUNCTUATION = /[!-/:-@[-`{-~\p{P}]/u;
/** 1 for punctuation, 2 for none, by UTF-16 unit; 0 where it was not asked yet. */
const punctuation = new Uint8Array(0x10000);

/** BERT's: white space parts words, a sign of punctuation stands alone. */
export function bertPreTokenEnd(text: string, start: number): number {
  const classes = characterClasses();
  const isSpace = (at: number): boolean => classes[text.charCodeAt(at)] === SPACE;
  if (isSpace(start)) {
    let end = start + 1;
    while (end < text.length && isSpace(end)) end++;
    return end;
  }
  let end = start;
  while (end < text.length && !isSpace(end)) {
    const length = text.codePointAt(end)! > 0xffff ? 2 : 1;
    if (isPunctuation(text, end, length)) return end === start ? end + length : end;
    end += length;
  }
  return end;
}

function isPunctuation(text: string, at: number, length: number): boolean {
  if (length === 2) return PUNCTUATION.test(text.slice(at, at + 2));
  const unit = text.charCodeAt(at);
  const known = (punctuation[unit] ||= PUNCTUATION.test(text[at]!) ? 1 : 2);
  return known === 1;
}
