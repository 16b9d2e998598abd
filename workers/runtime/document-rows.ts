/**
 * Documents measured by themselves: each starts after the start-of-text token, sees no other, and has its positions from 0, so that its loss
 * does not depend on its neighbours. Predicted are the tokens of its text. What is longer than the context is read in consecutive pieces, of
 * which the later ones start after the token before them (as lm-evaluation-harness's rolling windows). Pieces share rows whole.
 */
import type { TokenBatch, TokenIds } from './trainable-model';

/** The documents of a split. */
export interface DocumentTokens {
  /** Tokens of all documents in a row, end of text after each. */
  ids: TokenIds;
  /** Where each document starts in `ids`. */
  starts: Uint32Array;
  /** UTF-8 bytes of each document's own text. */
  bytes: Uint32Array;
}

/** Tokens `first` … `first + count − 1` of a split, of one document. */
export interface Piece {
  document: number;
  first: number;
  count: number;
}

/**
 * Pieces of the documents named, in their order.
 * @param most tokens of a document that are read, from its start
 */
export function piecesOf(tokens: DocumentTokens, documents: Iterable<number>, context: number, most = Infinity): Piece[] {
  const pieces: Piece[] = [];
  for (const document of documents) {
    const { start, end: last } = placeOf(tokens, document);
    const end = Math.min(last, start + most);
    for (let first = start; first < end; first += context) pieces.push({ document, first, count: Math.min(context, end - first) });
  }
  return pieces;
}

/** Where a document's text lies in the split, without the end-of-text token that closes it. */
function placeOf({ ids, starts }: DocumentTokens, document: number): { start: number; end: number } {
  return { start: starts[document]!, end: (starts[document + 1] ?? ids.length) - 1 };
}

/** Tokens of a document's text, without the end-of-text token that closes it. */
export function textOf(tokens: DocumentTokens, document: number): TokenIds {
  const { start, end } = placeOf(tokens, document);
  return tokens.ids.subarray(start, end);
}

/** Pieces one after another in rows of `context` tokens, none cut. */
export function rowsOf(pieces: readonly Piece[], context: number): Piece[][] {
  const rows: Piece[][] = [];
  let free = 0;
  for (const piece of pieces) {
    if (piece.count > free) {
      rows.push([]);
      free = context;
    }
    rows.at(-1)!.push(piece);
    free -= piece.count;
  }
  return rows;
}

export function fillPieces(
  batch: TokenBatch,
  row: number,
  { ids, starts }: DocumentTokens,
  pieces: readonly Piece[],
  { startOfText, channel }: { startOfText: number; channel: number },
): void {
  const documents = (batch.documents ??= new Int32Array(batch.rows * batch.context));
  let at = row * batch.context;
  pieces.forEach(({ document, first, count }, number) => {
    for (let token = first; token < first + count; token++, at++) {
      batch.ids[at] = token === starts[document] ? startOfText : ids[token - 1]!;
      batch.targets[at] = ids[token]!;
      documents[at] = number;
    }
  });
  // The rest of the row is padding, which predicts nothing.
  documents.fill(pieces.length, at, (row + 1) * batch.context);
  batch.channels[row] = channel;
}

/**
 * UTF-8 bytes of text that a piece covers: the document's own bytes; of a part of it the share that its tokens' bytes have, since a tokenizer
 * that normalises writes other bytes than the text has.
 * @param tokenBytes UTF-8 bytes of each token id
 */
export function bytesOfPiece(tokens: DocumentTokens, { document, first, count }: Piece, tokenBytes: ArrayLike<number>): number {
  const { start, end } = placeOf(tokens, document);
  const text = tokens.bytes[document]!;
  if (first === start && count === end - start) return text;
  const written = (from: number, to: number): number => {
    let sum = 0;
    for (let at = from; at < to; at++) sum += tokenBytes[tokens.ids[at]!] ?? 0;
    return sum;
  };
  const whole = written(start, end);
  return whole > 0 ? (text * written(first, first + count)) / whole : (text * count) / (end - start);
}
