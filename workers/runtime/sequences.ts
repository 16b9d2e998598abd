/**
 * Loss of every token of texts that stand by themselves: probes, passages, documents. Texts of like length share a batch; what
 * pads them is not predicted, so figures do not depend on how many are scored at once.
 */
import { emptyBatch, fillRow, type TokenBatch } from './trainable-model';
import { slidingWindows } from './sliding-windows';

export interface SequenceModel {
  /** Longest sequence, in tokens. */
  readonly context: number;
  /** nats [rows · context] of each target, 0 where it is −1. No weight changes. */
  tokenLosses(batch: TokenBatch): Promise<Float32Array>;
}

export interface SequenceOptions {
  /** Tokens of one forward pass, padding included. */
  tokensPerBatch?: number;
  /** Takes the engine for one batch. */
  exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  /** Called before every batch, in tokens; throws to cancel. */
  between: (done: number, total: number) => Promise<void>;
}

interface Window {
  sequence: number;
  start: number;
  length: number;
  /** First token whose loss counts; those before it are context. */
  from: number;
}

/** Lengths are rounded up to this, so that few shapes are compiled on a GPU. */
const LENGTH_STEP = 8;

/**
 * nats of each token after the first: result[i][j] is the loss of sequences[i][j + 1]. A sequence longer than the context is
 * read in windows that advance by half of it.
 */
export async function sequenceLosses(
  model: SequenceModel,
  sequences: readonly ArrayLike<number>[],
  { tokensPerBatch = 2048, exclusively, between }: SequenceOptions,
): Promise<Float32Array[]> {
  const losses = sequences.map(({ length }) => new Float32Array(Math.max(0, length - 1)));
  const windows = sequences.flatMap((tokens, sequence): Window[] =>
    slidingWindows(tokens.length, model.context).map((window) => ({ sequence, ...window })),
  );
  windows.sort((a, b) => b.length - a.length);
  const total = windows.reduce((sum, { length }) => sum + length, 0);
  let done = 0;
  for (let at = 0; at < windows.length;) {
    await between(done, total);
    const context = Math.min(model.context, Math.ceil(windows[at]!.length / LENGTH_STEP) * LENGTH_STEP);
    const part = windows.slice(at, at + Math.max(1, Math.floor(tokensPerBatch / context)));
    const batch = emptyBatch(part.length, context);
    part.forEach(({ sequence, start }, row) => fillRow(batch, row, Uint32Array.from(sequences[sequence]!), start, 0));
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
