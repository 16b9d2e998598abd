/** Rows of tokens as the engine takes them: one micro-batch. */
import { bisectRight } from 'd3-array';
import type { MaskedRound } from '../../src/core/federated/secure';
import type { Objective } from '../engine';

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
  /** [rows · context]: number of each token's document where documents are apart, rising within a row. */
  documents?: Int32Array;
  /** What all of its rows are trained on and measured by; absent: the next token of a text. */
  objective?: Objective;
}

export function emptyBatch(rows: number, context: number): TokenBatch {
  const size = rows * context;
  return { rows, context, ids: new Int32Array(size), targets: new Int32Array(size).fill(-1), channels: new Int32Array(rows) };
}

/** A row of a stream. */
export interface Row {
  start: number;
  /** Predictions at its beginning that are left out. */
  skip?: number;
  /** Index of its channel. */
  channel: number;
  /** Where the stream's documents start, rising: the row keeps them apart, and the last token of one predicts nothing. */
  apart?: Uint32Array | undefined;
}

/** Copies a row; what lies past the end of the stream is padded and predicts nothing. */
export function fillRow(batch: TokenBatch, row: number, tokens: TokenIds, { start, skip = 0, channel, apart }: Row): void {
  const { context } = batch;
  const from = row * context;
  const known = Math.min(context, tokens.length - start);
  for (let at = 0; at < context; at++) {
    batch.ids[from + at] = at < known ? tokens[start + at]! : 0;
    batch.targets[from + at] = at >= skip && start + at + 1 < tokens.length ? tokens[start + at + 1]! : -1;
  }
  batch.channels[row] = channel;
  if (apart) separate(batch, row, start, apart);
}

/** Numbers the row's tokens by document, from 0, and lets no token predict one of another document. */
function separate(batch: TokenBatch, row: number, start: number, starts: Uint32Array): void {
  const { context } = batch;
  const documents = (batch.documents ??= new Int32Array(batch.rows * context));
  const from = row * context;
  // The first document that starts behind the row's first token.
  let next = bisectRight(starts, start);
  const before = next;
  for (let at = 0; at < context; at++) {
    while (next < starts.length && starts[next]! <= start + at) next += 1;
    documents[from + at] = next - before;
    if (next < starts.length && starts[next] === start + at + 1) batch.targets[from + at] = -1;
  }
}

/** Predictions that a batch makes, by row. */
export function predictedIn({ rows, context, targets }: TokenBatch): number[] {
  return Array.from({ length: rows }, (_, row) => {
    let count = 0;
    for (let at = row * context; at < (row + 1) * context; at++) if (targets[at]! >= 0) count += 1;
    return count;
  });
}

/** Clients of a federated round in the order of its micro-batches: which of the run's, what its update counts for, summing to 1, and how many of them are its own. */
export type FederatedRound = readonly { index: number; weight: number; updates: number }[];

/** What the loop needs of the engine: a model with its optimizer that takes steps and reads them back late. */
export interface StepOptions {
  lr: number;
  /** Of a federated run: each micro-batch is an update of its client. */
  round?: FederatedRound | undefined;
  /** Of the channels in the objective, in their order; absent: every token counts alike. */
  weights?: readonly number[] | undefined;
  /** Seed of the run and number of the step together choose the masks; each micro-batch has its own. */
  dropout: { rate: number; seed: number; step: number };
}

/** What objectives say beside their losses, by `channel index/name`: sums over so many units. */
export type FigureReadings = Record<string, { sum: number; count: number }>;

/** Adds what was read to what is known. */
export function addReadings(known: FigureReadings, read: FigureReadings = {}): void {
  for (const [name, { sum, count }] of Object.entries(read)) {
    const before = known[name] ?? { sum: 0, count: 0 };
    known[name] = { sum: before.sum + sum, count: before.count + count };
  }
}

/** Channel id → name → mean over the units, of the channels that say anything. @param channels ids, by index */
export function meansOf(readings: FigureReadings, channels: readonly string[]): Record<string, Record<string, number>> {
  const means: Record<string, Record<string, number>> = {};
  for (const [key, { sum, count }] of Object.entries(readings)) {
    const slash = key.indexOf('/');
    (means[channels[Number(key.slice(0, slash))]!] ??= {})[key.slice(slash + 1)] = sum / count;
  }
  return means;
}

/** Sums over one step, by channel index. */
export interface StepSums {
  /** nats */
  nll: number[];
  /** Predicted tokens. */
  tokens: number[];
  /** Global norm of the gradient before clipping; not finite in a step that loss scaling skipped. */
  gradNorm: number;
  /** With precision f16: the loss scale after the step, steps skipped since the start, and whether this was one. */
  scaling?: { scale: number; skipped: number; overflowed: boolean };
  figures?: FigureReadings;
}

export interface BatchSums {
  nll: number[];
  tokens: number[];
  figures?: FigureReadings;
}

/** A step that the device was given. */
export interface PendingStep {
  /** Resolves when the device has computed it. */
  finished: Promise<void>;
}

/** Files of a checkpoint, safetensors in F32. */
export interface ModelFiles {
  model: Uint8Array;
  optimizer: Uint8Array;
  /** The average of the weights, where the run keeps one and it has begun. */
  average?: Uint8Array | undefined;
}

export interface EvaluableModel {
  /** Held-out sums of one batch; no weight changes. */
  evaluate(batch: TokenBatch): Promise<BatchSums>;
}

export interface TrainableModel extends EvaluableModel {
  /** Reading a result costs no pipeline stall (wasm, cpu): then every step is read at once. */
  readonly syncReadback: boolean;
  /** Before a step: lets the objectives of its batches read references and sample. @param seed of the run, @param step finished steps */
  prepare?(batches: readonly TokenBatch[], by: { seed: number; step: number }): Promise<void>;
  /** Gives the device one optimizer step over all micro-batches: gradient of the recipe's objective, clipped, AdamW. */
  step(batches: readonly TokenBatch[], options: StepOptions): PendingStep;
  /** What the server saw of the last federated round, where its clients mask what they send; null else, and before the first. */
  maskedRound?(): Promise<MaskedRound | null>;
  /** Reads steps back in their order and frees them. */
  read(pending: readonly PendingStep[]): Promise<StepSums[]>;
  /** @param moments false: the optimizer's file is then without tensors */
  save(moments: boolean): Promise<ModelFiles>;
  dispose(): void;
}
