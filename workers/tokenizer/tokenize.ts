/** A person's text cut into tokens, to be looked at and counted. */
import type { TokenCounts, TokenizedText, TokenPiece } from '../api';
import { utf8Length } from './encode-documents';
import type { OpenTokenizer } from './open';
import { spansOf } from './spans';

/** @param most tokens of which spans are given; all are counted */
export function tokenizeText({ tokenizer, vocabulary }: OpenTokenizer, text: string, most: number): TokenizedText {
  const ids = tokenizer.encode(text);
  const pieces: TokenPiece[] = [];
  const counts: TokenCounts = {
    tokens: ids.length,
    characters: characterCount(text),
    words: wordCount(text),
    bytes: utf8Length(text),
    unknown: 0,
    byteFallback: 0,
  };
  for (const [at, id] of ids.entries()) {
    const piece = vocabulary.piece(id);
    if (piece.kind === 'unknown') counts.unknown += 1;
    if (piece.kind === 'byte') counts.byteFallback += 1;
    if (at < most) pieces.push(piece);
  }
  return { spans: spansOf(text, pieces, vocabulary.byteLevel, ids.length <= most), counts };
}

/** Code points. */
function characterCount(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

let segmenter: Intl.Segmenter | null = null;

function wordCount(text: string): number {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'word' });
  let count = 0;
  for (const { isWordLike } of segmenter.segment(text)) if (isWordLike) count += 1;
  return count;
}
