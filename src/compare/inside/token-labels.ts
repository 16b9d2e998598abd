/** Tokens as they stand on a map's axes. */
import type { TokenSpan } from '../../contract/tokenizer';
import { visibleText } from '../visible-text';

const SUBSCRIPTS = '₀₁₂₃₄₅₆₇₈₉';

/**
 * @param spans of the text from its beginning; those of a character in several pieces name it once for each, numbered
 * @param tokens as the model took them: the start of the text first
 * @returns one label a token, the first empty; the tokens themselves where the spans are of other tokens
 */
export function tokenLabels(spans: readonly TokenSpan[], tokens: readonly string[]): string[] {
  const pieces = spans.flatMap(({ text, pieces }) =>
    pieces.length === 1 ? [visibleText(text)] : pieces.map((_, at) => `${visibleText(text)}${subscript(at + 1)}`),
  );
  const named = pieces.length >= tokens.length - 1 ? pieces.slice(0, tokens.length - 1) : tokens.slice(1).map(visibleText);
  return ['', ...named];
}

const subscript = (value: number) => [...String(value)].map((digit) => SUBSCRIPTS[Number(digit)]).join('');
