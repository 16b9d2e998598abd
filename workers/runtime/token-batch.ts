/** Rows of tokens as the engine takes them: one micro-batch. */

/** Token ids of a corpus, as the tokenizer stores them. */
export type TokenIds = Uint16Array | Uint32Array;

export interface TokenBatch {
  rows: number;
  context: number;
  /** [rows · context], row after row. */
  ids: Int32Array;
  /** [rows · context]: the token after each id; −1 where nothing is predicted. */
  targets: Int32Array;
  /** [rows]: index of the row's channel. */
  channels: Int32Array;
}

export function emptyBatch(rows: number, context: number): TokenBatch {
  const size = rows * context;
  return { rows, context, ids: new Int32Array(size), targets: new Int32Array(size).fill(-1), channels: new Int32Array(rows) };
}

/** Copies the row that starts at token `start`; what lies past the end of the stream is padded and predicts nothing. */
export function fillRow(batch: TokenBatch, row: number, tokens: TokenIds, start: number, channel: number): void {
  const { context } = batch;
  const from = row * context;
  const known = Math.min(context, tokens.length - start);
  for (let at = 0; at < context; at++) {
    batch.ids[from + at] = at < known ? tokens[start + at]! : 0;
    batch.targets[from + at] = start + at + 1 < tokens.length ? tokens[start + at + 1]! : -1;
  }
  batch.channels[row] = channel;
}
