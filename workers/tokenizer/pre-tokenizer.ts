/**
 * The pre-tokenizers of tokenizer.json that the studio runs itself: they split text into pre-tokens, and no token crosses a pre-token's
 * boundary. The regular expressions of GPT-2, Llama 3 and Qwen 2 are implemented as hand-written scanners, which are faster.
 */
import type { PipelineStep } from './tokenizer-json';
import { CharacterSet, characterClasses, classAt, LETTER, NUMBER, OTHER, SPACE } from './unicode/characters';
import { PUNCTUATION, WORD } from './unicode/tables';

/**
 * The pre-tokens of Llama 3 (`digits` 3) and Qwen 2 (`digits` 1):
 *
 *     (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
 */
const BLANK = 0x20;
const APOSTROPHE = 0x27;
const CONTRACTION = /'(?:[sſtmd]|re|ve|ll)/iy;

/** End of the pre-token that starts at `start`, which must be inside the text. */
function caseBlindPreTokenEnd(text: string, start: number, digits: number): number {
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
  // White space before other text leaves its last character to the next pre-token.
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

/**
 * End of the GPT-2 pre-token that starts at `start`, which must be inside the text:
 *
 *     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 */
export function preTokenEnd(text: string, start: number): number {
  const classes = characterClasses();
  const first = text.charCodeAt(start);
  if (first === APOSTROPHE) {
    const length = contraction(text, start);
    if (length > 0) return start + length;
  }
  // A single space belongs to the word, number or punctuation after it.
  let at = first === BLANK && start + 1 < text.length ? start + 1 : start;
  let kind = classAt(classes, text, at);
  if (kind === SPACE) {
    at = start;
    kind = SPACE;
  }
  do at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  while (at < text.length && classAt(classes, text, at) === kind);
  // White space before other text leaves its last character to the next pre-token.
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

/** End of the pre-token that starts at `start`, which must be inside the text. */
type PreTokenEnd = (text: string, start: number) => number;
export type PreTokens = 'gpt2' | 'llama3' | 'qwen2';

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const caseBlind = (numbers: string): string =>
  `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${numbers}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

/** The regular expressions as they are written in tokenizer.json, by which a pre-tokenizer is recognized. */
export const PATTERNS: Readonly<Record<PreTokens, string>> = {
  gpt2: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  llama3: caseBlind('\\p{N}{1,3}'),
  qwen2: caseBlind('\\p{N}'),
};

const PRE_TOKEN_ENDS: Readonly<Record<PreTokens, PreTokenEnd>> = {
  gpt2: preTokenEnd,
  llama3: (text, start) => caseBlindPreTokenEnd(text, start, 3),
  qwen2: (text, start) => caseBlindPreTokenEnd(text, start, 1),
};

export interface PreTokenizer {
  /** Rewrites the text before it is split. @param first whether this is the start of the whole text */
  prepare: (text: string, first: boolean) => string;
  /** null: the text is not split. */
  end: PreTokenEnd | null;
  /** Pre-tokens of white space are dropped. */
  dropsSpace: boolean;
  /** Pre-tokens are encoded byte by byte, in the byte alphabet. */
  bytes: boolean;
}

const WHOLE: PreTokenizer = { prepare: (text) => text, end: null, dropsSpace: false, bytes: false };

/** @returns null for a pre-tokenizer, or a setting of one, that is left to the crate */
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
    case 'Whitespace':
      return { ...WHOLE, end: wordOrSignsEnd, dropsSpace: true };
    case 'WhitespaceSplit':
      return { ...WHOLE, end: wordEnd, dropsSpace: true };
    case 'BertPreTokenizer':
      return { ...WHOLE, end: bertPreTokenEnd, dropsSpace: true };
    default:
      return null;
  }
}

/** A Split by a known expression followed by ByteLevel: how Llama 3 and Qwen replace the expression of GPT-2's ByteLevel. */
function sequence(steps: readonly PipelineStep[]): PreTokenizer | null {
  if (steps.length === 1) return preTokenizerOf(steps[0]);
  const [split, bytes] = steps;
  if (steps.length !== 2 || split?.type !== 'Split' || bytes?.type !== 'ByteLevel') return null;
  if (split.behavior !== 'Isolated' || split.invert === true || bytes.use_regex !== false || bytes.add_prefix_space !== false) return null;
  const known = (['gpt2', 'llama3', 'qwen2'] as const).find((name) => PATTERNS[name] === split.pattern?.Regex);
  return known ? { ...WHOLE, end: PRE_TOKEN_ENDS[known], bytes: true } : null;
}

function metaspace({ replacement = '▁', prepend_scheme: scheme, add_prefix_space: prefix, split }: PipelineStep): PreTokenizer | null {
  if (replacement.length !== 1 || (prefix === false && scheme !== undefined && scheme !== 'never')) return null;
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

let words: CharacterSet | null = null;

/** `\w+|[^\w\s]+` as Rust understands it: words, and what is neither word nor white space. */
function wordOrSignsEnd(text: string, start: number): number {
  const classes = characterClasses();
  const known = (words ??= new CharacterSet(WORD));
  const kindAt = (at: number): number => (classes[text.charCodeAt(at)] === SPACE ? 0 : known.has(text.codePointAt(at)!) ? 1 : 2);
  const kind = kindAt(start);
  let end = start;
  do end += text.codePointAt(end)! > 0xffff ? 2 : 1;
  while (end < text.length && kindAt(end) === kind);
  return end;
}

/** What stands between white space, and the white space. */
function wordEnd(text: string, start: number): number {
  const classes = characterClasses();
  const space = classes[text.charCodeAt(start)] === SPACE;
  let end = start + 1;
  while (end < text.length && (classes[text.charCodeAt(end)] === SPACE) === space) end++;
  return end;
}

let punctuation: CharacterSet | null = null;

/** BERT's pre-tokenizer: splits at white space, and makes each punctuation character a pre-token. */
function bertPreTokenEnd(text: string, start: number): number {
  const classes = characterClasses();
  const signs = (punctuation ??= new CharacterSet(PUNCTUATION));
  const isSpace = (at: number): boolean => classes[text.charCodeAt(at)] === SPACE;
  if (isSpace(start)) {
    let end = start + 1;
    while (end < text.length && isSpace(end)) end++;
    return end;
  }
  let end = start;
  while (end < text.length && !isSpace(end)) {
    const point = text.codePointAt(end)!;
    const length = point > 0xffff ? 2 : 1;
    if (signs.has(point)) return end === start ? end + length : end;
    end += length;
  }
  return end;
}
