/** What the loop needs of the engine: a model with its optimizer that takes steps and reads them back late. */
import type { TokenBatch } from './token-batch';

export interface StepOptions {
  lr: number;
  /** Seed of the run and number of the step together choose the masks; each micro-batch has its own. */
  dropout: { rate: number; seed: number; step: number };
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
}

export interface BatchSums {
  nll: number[];
  tokens: number[];
}

/** A step that the device was given. */
export interface StepTicket {
  /** Resolves when the device has computed it. */
  finished: Promise<void>;
}

/** Files of a checkpoint, safetensors in F32. */
export interface ModelFiles {
  model: Uint8Array;
  optimizer: Uint8Array;
}

export interface EvaluableModel {
  /** Held-out sums of one batch; no weight changes. */
  evaluate(batch: TokenBatch): Promise<BatchSums>;
}

export interface TrainableModel extends EvaluableModel {
  /** Reading a result costs no pipeline stall (wasm, cpu): then every step is read at once. */
  readonly readsFree: boolean;
  /** Gives the device one optimizer step over all micro-batches: gradient of Σ nll / Σ tokens, clipped, AdamW. */
  step(batches: readonly TokenBatch[], options: StepOptions): StepTicket;
  /** Reads steps back in their order and frees them. */
  read(tickets: readonly StepTicket[]): Promise<StepSums[]>;
  save(): Promise<ModelFiles>;
  dispose(): void;
}
