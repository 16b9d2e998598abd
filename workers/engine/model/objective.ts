/**
 * What the rows of a micro-batch are trained on where that is not the next token of a text. Whatever the objective, its losses are a vector
 * [rows·context] with one loss at each place that has a target and 0 elsewhere: a place with a target is a unit that counts, so weights by
 * tokens or by channels, sums, windows and evaluations are those of any batch.
 */
import { add, clone, keep, type Scalar, type Tensor, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { crossEntropy } from '../ops/cross-entropy';
import type { DecoderModel } from './decoder';
import type { Batch } from './loss';

/** Another look at the rows of a batch than its own. */
export interface View {
  /** [rows·context] in place of the batch's. */
  ids?: Int32Array;
  /** Selects other dropout masks than the batch's own. */
  number?: number;
  /** Whether tokens see those behind them; absent: as the objective says. */
  bidirectional?: boolean;
}

/** What is asked of the logits of a forward pass. */
export interface Told extends View {
  /** Tokens in place of the batch's targets; the losses are then not taught by a teacher. */
  targets?: Tensor1D;
  /** [rows·context]: gradient of the loss by these losses, where it is known beforehand. */
  gradient?: Tensor1D | undefined;
}

/** A forward pass, as an objective asks for it. */
export interface Pass {
  model: DecoderModel;
  batch: Batch;
  /** int32 [rows·context]: the batch's, −1 where nothing counts. */
  targets: Tensor1D;
  /** [rows·context], in training: gradient of the loss by each place's loss. */
  gradient: Tensor1D | undefined;
  /** Hidden states after the final norm, of an encoder after its last layer [rows·context, D], with the step's dropout. */
  hidden(view?: View): Tensor2D;
  /** nats [rows·context] of each target by the model's head, 0 where there is none; a teacher's part is in the gradient. */
  nll(told?: Told): Tensor1D;
  /** Figures beside the loss, for the log: a sum over `count` units, of which the mean is shown. */
  figure(name: string, sum: Tensor, count: number): void;
}

/** What `prepare` may read. */
export interface Prepared {
  model: DecoderModel;
  /** The weights that the run began with; null where the run keeps none. */
  base: DecoderModel | null;
  /** Of random numbers: those of this micro-batch of this step, or of a held-out batch. */
  seed: number;
  /** Finished steps; null at an evaluation. */
  step: number | null;
  /** Reward models of the run, by name. */
  scorers: ReadonlyMap<string, DecoderModel>;
}

/** Prepares all micro-batches of a step at once, where they belong together; `seed` is then that of the step. */
export interface StepPreparation {
  prepare(batches: readonly Batch[], by: Prepared): Promise<void>;
}

export interface Objective {
  /** Tokens see those behind them too. */
  bidirectional?: boolean;
  /** What counts are tokens of text, which a teacher teaches too where the recipe has one. */
  taught?: boolean;
  /** Before a step or an evaluation, without a gradient: what references say, what the model samples. It may write into the batch. */
  prepare?(batch: Batch, by: Prepared): Promise<void>;
  /** The same for all micro-batches that it is shared by. */
  together?: StepPreparation;
  /** @returns [rows·context], 0 where the batch has no target. Runs inside tidy. */
  losses(pass: Pass): Tensor1D;
}

/** The next token, in rows that are examples: what is not to be predicted has no target. */
export const nextToken: Objective = {
  losses: ({ model, targets, gradient, hidden }) =>
    crossEntropy(hidden(), model.headWeight(), targets, gradient, model.config.softCaps.logits ?? undefined),
};

/** Figures of passes, added up on the device until they are read. */
export class FigureSums {
  private readonly sums = new Map<string, { sum: Scalar; count: number }>();

  /** Takes a figure that was made inside tidy. */
  add(name: string, sum: Tensor, count: number): void {
    const before = this.sums.get(name);
    const added = keep((before ? add(before.sum, sum) : clone(sum)) as Scalar);
    before?.sum.dispose();
    this.sums.set(name, { sum: added, count: (before?.count ?? 0) + count });
  }

  get size(): number {
    return this.sums.size;
  }

  /** In the order of the names. */
  get tensors(): Scalar[] {
    return [...this.sums.values()].map(({ sum }) => sum);
  }

  /** @param values of the tensors, in their order */
  named(values: ArrayLike<number>): Record<string, { sum: number; count: number }> {
    return Object.fromEntries([...this.sums].map(([name, { count }], at) => [name, { sum: values[at]!, count }]));
  }

  /** Names and counts stay. */
  dispose(): void {
    for (const { sum } of this.sums.values()) sum.dispose();
  }
}
