/**
 * A training step: gradients of all micro-batches, then the update. Where the backend can do a computation again without running its code
 * (webgpu/replay.ts), the steps of a run are one computation with other inputs: tokens, targets, documents, channels, what each token weighs,
 * and the learning rate. It is done anew when anything else changes: a shape, which parameters are trained, precision, a tensor of the model.
 */
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { recorder } from '../ops/replay';
import type { Tape, Values } from '../ops/replay';
import type { Optimizer } from '../optimizer/optimizer';
import type { DecoderModel } from './decoder';
import { hostInputs, trainingGradients } from './loss';
import type { Batch, HostInputs, TrainingOptions } from './loss';
import { FigureSums } from './objective';

export interface StepResult {
  /** [2, channels]: Σ nll, then predicted tokens, per channel. */
  sums: Tensor2D;
  /** Of the gradients before clipping. */
  norm: Scalar;
  /** Of a step with loss scaling (`Optimizer.apply`). */
  scaling: Tensor1D | undefined;
  figures: FigureSums;
}

/** What a recording is good for, number by number. */
type Shape = readonly number[];

export class TrainingStep {
  private shape: Shape | null = null;
  private tape: Tape | null = null;
  /** Of the step before, not yet confirmed by a second. */
  private first: Tape | null = null;
  /** Recordings of this shape that were no use; after two of them steps of it are run. */
  private failures = 0;

  constructor(
    private readonly model: DecoderModel,
    private readonly optimizer: Optimizer,
  ) {}

  /** One step; the caller disposes the result. Nothing is read back. */
  run(batches: readonly Batch[], options: TrainingOptions, lr: number): StepResult {
    const record = recorder();
    if (!record || !this.repeats(batches, options)) {
      this.forget(null);
      return this.compute(batches, options, lr);
    }
    const host = hostInputs(batches, options.channels, options.weights);
    const shape = this.shapeOf(batches, host, options, lr);
    if (!this.shape || !sameShape(this.shape, shape)) {
      this.forget(shape);
      return this.compute(batches, { ...options, host }, lr);
    }
    const state = [...this.model.tensors, ...this.optimizer.tensors];
    if (this.tape?.holds(state)) {
      this.optimizer.advance(lr);
      return resultOf(this.tape.replay(valuesOf(batches, host)));
    }
    if (this.tape) this.forget(shape);
    if (this.failures > 1) return this.compute(batches, { ...options, host }, lr);
    // Inputs are told apart by their arrays, and a caller's may be one and the same.
    const own = batches.map((batch) => ({ ...batch, ids: batch.ids.slice(), targets: batch.targets.slice(), ...ownDocuments(batch) }));
    const { outputs, tape } = record(valuesOf(own, host), state, () => {
      const { sums, norm, scaling } = this.compute(own, { ...options, host }, lr);
      return [sums, norm, ...(scaling ? [scaling] : [])];
    });
    this.confirm(tape);
    return resultOf(outputs);
  }

  /** Takes a tape that did what the one before did. */
  private confirm(tape: Tape | null): void {
    const before = this.first;
    this.first = null;
    // Its buffers go back first, so that memory is taken for one tape alone.
    before?.dispose();
    if (tape && before?.repeats(tape)) this.tape = tape;
    else {
      if (!tape || before) this.failures += 1;
      tape?.dispose();
      this.first = tape;
    }
  }

  /** The same by running it. */
  compute(batches: readonly Batch[], options: TrainingOptions, lr: number): StepResult {
    const { gradients, sums, figures } = trainingGradients(this.model, batches, options);
    const { norm, scaling } = this.optimizer.apply(gradients, lr);
    return { sums, norm, scaling, figures };
  }

  /** Whether all that changes from step to step is among the inputs. */
  private repeats(batches: readonly Batch[], { dropout, teaching }: TrainingOptions): boolean {
    return this.optimizer.advances && !dropout && !teaching && this.model.leading === 0 && batches.every(({ objective }) => !objective);
  }

  private shapeOf(batches: readonly Batch[], host: readonly HostInputs[], options: TrainingOptions, lr: number): Shape {
    const { model } = this;
    const shape = [options.channels, Number(options.recompute === true), Number(options.half !== undefined), Number(lr === 0)];
    batches.forEach(({ rows, context, text }, i) => {
      const { places } = host[i]!;
      const longest = places ? places.reduce((most, place) => Math.max(most, place + 1), 1) : context;
      shape.push(rows, context, Number(places !== undefined), ...model.stretches(text ?? longest));
    });
    for (const { trainable } of model.parameters.values()) shape.push(Number(trainable));
    return shape;
  }

  private forget(shape: Shape | null): void {
    this.tape?.dispose();
    this.tape = this.first = null;
    this.failures = 0;
    this.shape = shape;
  }

  /** Gives back the memory of the tape. Model and optimizer stay. */
  dispose(): void {
    this.forget(null);
  }
}

const ownDocuments = ({ documents }: Batch) => (documents ? { documents: documents.slice() } : {});

function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/** In an order of their own. */
function valuesOf(batches: readonly Batch[], host: readonly HostInputs[]): Values[] {
  const values: Values[] = [];
  batches.forEach(({ ids, targets, documents }, i) => {
    const { byNll, channels, places } = host[i]!;
    values.push(ids, targets, byNll, channels);
    if (documents && places) values.push(documents, places);
  });
  return values;
}

function resultOf([sums, norm, scaling]: Tensor[]): StepResult {
  return {
    sums: sums as Tensor2D,
    norm: norm as Scalar,
    scaling: scaling as Tensor1D | undefined,
    figures: new FigureSums(),
  };
}
