/** A tokenizer's model: pre-tokens to ids. */
export interface PieceModel {
  /** Ids of the last piece; the row may be replaced by a longer one. */
  readonly symbols: Int32Array;
  /** Encodes `text[start … end)`, never empty, into `symbols` and returns the number of ids. */
  encode(text: string, start: number, end: number): number;
  /** Where a piece may be cut in advance without another result; the pieces are then encoded and cached one by one. */
  readonly cut?: (text: string, start: number) => number;
}
