/** Special tokens that stand written out in a text, in words. */
import { useCallback } from 'react';
import type { WrittenToken } from '../contract/tokenizer';
import { useFormat } from '../i18n/format';

/** Tokens that are named. */
const NAMED = 8;

/** "<|endoftext|> × 3, </s> × 1, …" */
export function useWrittenTokens(): (special: readonly WrittenToken[]) => string {
  const format = useFormat();
  return useCallback(
    (special) =>
      special
        .slice(0, NAMED)
        .map(({ token, count }) => `${token} × ${format.count(count)}`)
        .join(', ') + (special.length > NAMED ? ', …' : ''),
    [format],
  );
}
