/**
 * Held-out loss per channel on rows that are the same each time: consecutive windows evenly spread over the channel's held-out
 * token stream. Token-weighted, METHOD 2.
 */
import type { ChannelEvaluation } from '../../src/core/run/types';
import { emptyBatch, fillRow, type TokenBatch, type TokenIds } from './trainable-model';
import type { EvaluableModel } from './trainable-model';

export interface HeldOutChannel {
  id: string;
  tokens: TokenIds;
}

export interface HeldOutSet {
  channels: readonly string[];
  batches: readonly TokenBatch[];
  /** UTF-8 bytes of the predicted tokens, by channel index. */
  bytes: readonly number[];
}

/** Starts of `rows` rows evenly spread over the stream; fewer when it is shorter. The last row may be a part of one. */
export function heldOutStarts(tokens: number, context: number, rows: number): number[] {
  const windows = Math.max(0, Math.ceil((tokens - 1) / context));
  const count = Math.min(windows, rows);
  return Array.from({ length: count }, (_, at) => Math.floor((at * windows) / count) * context);
}

/**
 * @param tokenBytes UTF-8 bytes of each token id
 * @param rowsPerBatch rows of one forward pass
 */
export function buildHeldOutSet(
  channels: readonly HeldOutChannel[],
  tokenBytes: ArrayLike<number>,
  options: { context: number; rowsPerChannel: number; rowsPerBatch: number },
): HeldOutSet {
  const { context, rowsPerChannel, rowsPerBatch } = options;
  const rows = channels.flatMap(({ tokens }, channel) =>
    heldOutStarts(tokens.length, context, rowsPerChannel).map((start) => ({ channel, start })),
  );
  const bytes = channels.map(() => 0);
  const batches: TokenBatch[] = [];
  for (let from = 0; from < rows.length; from += rowsPerBatch) {
    const part = rows.slice(from, from + rowsPerBatch);
    const batch = emptyBatch(part.length, context);
    part.forEach(({ channel, start }, row) => {
      fillRow(batch, row, channels[channel]!.tokens, start, channel);
      for (let at = row * context; at < (row + 1) * context; at++) bytes[channel]! += tokenBytes[batch.targets[at]!] ?? 0;
    });
    batches.push(batch);
  }
  return { channels: channels.map(({ id }) => id), batches, bytes };
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
  const measured = (): Record<string, ChannelEvaluation> =>
    Object.fromEntries(
      set.channels.flatMap((id, at) =>
        rowsLeft[at] === 0 && tokens[at]! > 0 ? [[id, { loss: nll[at]! / tokens[at]!, tokens: tokens[at]!, bytes: set.bytes[at]! }]] : [],
      ),
    );
  for (const [done, batch] of set.batches.entries()) {
    if (!(await between(measured(), done, set.batches.length))) return null;
    const sums = await exclusively(() => model.evaluate(batch));
    set.channels.forEach((_, at) => {
      nll[at]! += sums.nll[at] ?? 0;
      tokens[at]! += sums.tokens[at] ?? 0;
    });
    for (const channel of batch.channels) rowsLeft[channel]! -= 1;
  }
  return measured();
}
