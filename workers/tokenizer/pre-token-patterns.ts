/** Expressions of well-known pre-tokenizers as they stand in tokenizer.json, for which the studio has scanners of its own. */
import { caseBlindPreTokenEnd } from './case-blind-pre-tokens';
import { preTokenEnd } from './pre-tokens';

/** End of the pre-token that starts at `start`, which must be inside the text. */
export type PreTokenEnd = (text: string, start: number) => number;
export type PreTokens = 'gpt2' | 'llama3' | 'qwen2';

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const caseBlind = (numbers: string): string =>
  `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${numbers}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

export const PATTERNS: Readonly<Record<PreTokens, string>> = {
  gpt2: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  llama3: caseBlind('\\p{N}{1,3}'),
  qwen2: caseBlind('\\p{N}'),
};

export const PRE_TOKEN_ENDS: Readonly<Record<PreTokens, PreTokenEnd>> = {
  gpt2: preTokenEnd,
  llama3: (text, start) => caseBlindPreTokenEnd(text, start, 3),
  qwen2: (text, start) => caseBlindPreTokenEnd(text, start, 1),
};
