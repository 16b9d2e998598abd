/** A person's text cut into tokens, to be looked at and counted. */
import type { TokenizedText } from '../../src/contract/tokenizer';
import type { OpenTokenizer } from './open';
import { spansOf } from './spans';
import { countTokens } from './statistics';

/** @param most tokens of which spans are given; all are counted */
export function tokenizeText(open: OpenTokenizer, text: string, most: number): TokenizedText {
  const { tokenizer, vocabulary } = open;
  const ids = tokenizer.encode(text);
  const pieces = ids.slice(0, most).map((id) => vocabulary.piece(id));
  return { spans: spansOf(text, pieces, vocabulary.byteLevel, ids.length <= most), counts: countTokens(open, text, ids) };
}
