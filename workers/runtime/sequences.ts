/**
 * Token losses of separate texts: probes, passages, a person's own text. Texts of similar length share a batch; padding is not predicted,
 * so a loss does not depend on how many texts are scored at once.
 */
import { emptyBatch, fillRow, type TokenBatch } from './trainable-model';

export interface SequenceModel {
  /** Longest sequence, in tokens. */
  readonly context: number;
  /** nats [rows · context] of each target, 0 where it is −1. No weight changes. */
  tokenLosses(batch: TokenBatch): Promise<Float32Array>;
}

export interface SequenceOptions {
  /** Tokens of one forward pass, padding included. */
  tokensPerBatch?: number;
  /** Lengths are rounded up to a multiple of this, so that few shapes are compiled on a GPU. */
  lengthMultiple?: number;
  /** Takes the engine for one batch. */
  exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  /** Called before every batch, in tokens; throws to cancel. */
  between: (done: number, total: number) => Promise<void>;
}

/**
 * nats of each token after the first: result[i][j] is the loss of sequences[i][j + 1]. A sequence longer than the context is
 * read in windows that advance by half of it.
 */
export async function sequenceLosses(
  model: SequenceModel,
  sequences: readonly ArrayLike<number>[],
  { tokensPerBatch = 2048, lengthMultiple = 8, exclusively, between }: SequenceOptions,
): Promise<Float32Array[]> {
  const losses = sequences.map(({ length }) => new Float32Array(Math.max(0, length - 1)));
  const windows = sequences.flatMap((tokens, sequence) =>
    slidingWindows(tokens.length, model.context).map((window) => ({ sequence, ...window })),
  );
  windows.sort((a, b) => b.length - a.length);
  const total = windows.reduce((sum, { length }) => sum + length, 0);
  let done = 0;
  for (let at = 0; at < windows.length;) {
    await between(done, total);
    const context = Math.min(model.context, Math.ceil(windows[at]!.length / lengthMultiple) * lengthMultiple);
    const part = windows.slice(at, at + Math.max(1, Math.floor(tokensPerBatch / context)));
    // The longest comes first; its last token is predicted and not read.
    const batch = { ...emptyBatch(part.length, context), text: part[0]!.length + 1 };
    part.forEach(({ sequence, start }, row) => fillRow(batch, row, Uint32Array.from(sequences[sequence]!), { start, channel: 0 }));
    const values = await exclusively(() => model.tokenLosses(batch));
    part.forEach(({ sequence, start, length, from }, row) => {
      for (let token = from; token <= start + length; token++) losses[sequence]![token - 1] = values[row * context + token - start - 1]!;
      done += length;
    });
    at += part.length;
  }
  await between(total, total);
  return losses;
}

interface Window {
  /** First token of the window, and how many it holds as input. */
  start: number;
  length: number;
  /** First token (index in the text) whose loss is taken from this window. */
  from: number;
}

/**
 * Windows over a text of `tokens` tokens. A text longer than the context is read in windows that advance by half a context, each
 * scored only where none before it was: every token is so predicted from at least half a context of text.
 */
export function slidingWindows(tokens: number, context: number): Window[] {
  const windows: Window[] = [];
  const stride = Math.max(1, Math.floor(context / 2));
  let scored = 1;
  for (let start = 0; scored < tokens; start += stride) {
    const length = Math.min(context, tokens - 1 - start);
    if (start + length < scored) continue;
    windows.push({ start, length, from: scored });
    scored = start + length + 1;
  }
  return windows;
}
