/**
 * Held-out loss per channel on text that is the same each time, evenly spread over the channel's held-out split: whole documents or pieces of
 * them, each by itself (document-rows.ts). By the first rules it is consecutive windows of the joined token stream. Token-weighted.
 */
import type { ChannelEvaluation } from '../../src/core/run/types';
import { bytesOfPiece, fillPieces, piecesOf, rowsOf, type DocumentTokens } from './document-rows';
import { exampleBatches, heldOutDraws, type ChannelExamples } from './examples';
import {
  addReadings,
  emptyBatch,
  fillRow,
  meansOf,
  type EvaluableModel,
  type FigureReadings,
  type TokenBatch,
  type TokenIds,
} from './trainable-model';

export interface HeldOutChannel {
  id: string;
  tokens: TokenIds;
  /** Its documents, which are measured each by itself; absent by the first rules. */
  documents?: Omit<DocumentTokens, 'ids'> | undefined;
  /** Measured instead of its text, where its objective is not the next token. */
  examples?: ChannelExamples | undefined;
}

export interface HeldOutSet {
  channels: readonly string[];
  batches: readonly TokenBatch[];
  /** UTF-8 bytes of the text predicted, by channel index. */
  bytes: readonly number[];
}

export interface HeldOutOptions {
  /** Tokens of a row. */
  context: number;
  /** As many rows of text of each channel, at most. */
  rowsPerChannel: number;
  /** Rows of one forward pass. */
  rowsPerBatch: number;
  /** Token that a document starts after. */
  startOfText: number;
}

/** Starts of `rows` rows evenly spread over the stream; fewer when it is shorter. The last row may be a part of one. */
export function heldOutStarts(tokens: number, context: number, rows: number): number[] {
  const windows = Math.max(0, Math.ceil((tokens - 1) / context));
  const count = Math.min(windows, rows);
  return Array.from({ length: count }, (_, at) => Math.floor((at * windows) / count) * context);
}

/** Writes itself into a row of a batch. */
type RowWriter = (batch: TokenBatch, row: number) => void;

interface ChannelRows {
  rows: RowWriter[];
  bytes: number;
}

/** @param tokenBytes UTF-8 bytes of each token id */
export function buildHeldOutSet(channels: readonly HeldOutChannel[], tokenBytes: ArrayLike<number>, options: HeldOutOptions): HeldOutSet {
  const { context, rowsPerBatch, rowsPerChannel } = options;
  const measured = channels.map((one, channel): ChannelRows =>
    one.examples
      ? { rows: [], bytes: heldOutDraws(one.examples, rowsPerChannel).reduce((sum, { index }) => sum + one.examples!.bytes(index), 0) }
      : one.documents
        ? documentRows({ ids: one.tokens, ...one.documents }, channel, tokenBytes, options)
        : joinedRows(one.tokens, channel, tokenBytes, options),
  );
  const rows = measured.flatMap((one) => one.rows);
  const batches: TokenBatch[] = [];
  for (let from = 0; from < rows.length; from += rowsPerBatch) {
    const part = rows.slice(from, from + rowsPerBatch);
    const batch = emptyBatch(part.length, context);
    part.forEach((write, row) => write(batch, row));
    batches.push(batch);
  }
  channels.forEach(({ examples }, channel) => {
    if (examples)
      batches.push(...exampleBatches(examples, heldOutDraws(examples, rowsPerChannel), { rows: rowsPerBatch, context, channel }));
  });
  return { channels: channels.map(({ id }) => id), batches, bytes: measured.map(({ bytes }) => bytes) };
}

function documentRows(
  tokens: DocumentTokens,
  channel: number,
  tokenBytes: ArrayLike<number>,
  { context, rowsPerChannel, startOfText }: HeldOutOptions,
): ChannelRows {
  const pieces = spreadPieces(piecesOf(tokens, tokens.starts.keys(), context), context * rowsPerChannel);
  return {
    rows: rowsOf(pieces, context).map((row) => (batch, at) => fillPieces(batch, at, tokens, row, { startOfText, channel })),
    bytes: pieces.reduce((sum, piece) => sum + bytesOfPiece(tokens, piece, tokenBytes), 0),
  };
}

/** Pieces evenly spread over all, of about `most` tokens together; all where they are fewer. */
function spreadPieces<Sized extends { count: number }>(pieces: readonly Sized[], most: number): readonly Sized[] {
  const total = pieces.reduce((sum, { count }) => sum + count, 0);
  if (total <= most) return pieces;
  const taken = Math.max(1, Math.round((pieces.length * most) / total));
  return Array.from({ length: taken }, (_, at) => pieces[Math.floor((at * pieces.length) / taken)]!);
}

function joinedRows(
  tokens: TokenIds,
  channel: number,
  tokenBytes: ArrayLike<number>,
  { context, rowsPerChannel }: HeldOutOptions,
): ChannelRows {
  const starts = heldOutStarts(tokens.length, context, rowsPerChannel);
  let bytes = 0;
  for (const start of starts) for (const id of tokens.subarray(start + 1, start + context + 1)) bytes += tokenBytes[id] ?? 0;
  return { rows: starts.map((start) => (batch, row) => fillRow(batch, row, tokens, { start, channel })), bytes };
}

export interface EvaluationOptions {
  /** Takes the engine for one batch. */
  exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  /** Called before every batch with the channels measured so far; false ends the evaluation. */
  between: (partial: Record<string, ChannelEvaluation>, done: number, total: number) => Promise<boolean>;
}

/** Channel id → evaluation; a channel without held-out text is left out. Null when `between` ended it. */
export async function evaluateHeldOut(
  model: EvaluableModel,
  set: HeldOutSet,
  { exclusively, between }: EvaluationOptions,
): Promise<Record<string, ChannelEvaluation> | null> {
  const nll = set.channels.map(() => 0);
  const tokens = set.channels.map(() => 0);
  const rowsLeft = set.channels.map((_, at) => set.batches.reduce((n, { channels }) => n + channels.filter((c) => c === at).length, 0));
  const figures: FigureReadings = {};
  const measured = (): Record<string, ChannelEvaluation> => {
    const said = meansOf(figures, set.channels);
    return Object.fromEntries(
      set.channels.flatMap((id, at) =>
        rowsLeft[at] === 0 && tokens[at]! > 0
          ? [[id, { loss: nll[at]! / tokens[at]!, tokens: tokens[at]!, bytes: set.bytes[at]!, ...(said[id] ? { figures: said[id] } : {}) }]]
          : [],
      ),
    );
  };
  for (const [done, batch] of set.batches.entries()) {
    if (!(await between(measured(), done, set.batches.length))) return null;
    const sums = await exclusively(() => model.evaluate(batch));
    set.channels.forEach((_, at) => {
      nll[at]! += sums.nll[at] ?? 0;
      tokens[at]! += sums.tokens[at] ?? 0;
    });
    addReadings(figures, sums.figures);
    for (const channel of batch.channels) rowsLeft[channel]! -= 1;
  }
  return measured();
}
