/**
 * Activation checkpointing (Chen et al., arXiv 1604.06174): of a part of the network only the input is kept for the backward pass,
 * which runs the part again. The gradients are those of the same ops in the same order, bit for bit.
 */
import { customGrad, engine } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';

export interface Recomputable {
  x: Tensor2D;
  /** The variables in `f` that take a gradient. */
  weights: readonly Variable[];
  /** Other tensors that `f` reads and that may be disposed before the backward pass; they take no gradient. */
  constants: readonly Tensor[];
}

/**
 * f(x, constants), whose intermediate tensors go at once. `f` must give the same each time it is called, read no tensor made outside
 * but the weights, the constants and what outlives the backward pass, and dispose nothing of them.
 */
export function recomputed(f: (x: Tensor2D, constants: readonly Tensor[]) => Tensor2D, { x, weights, constants }: Recomputable): Tensor2D {
  const compute = customGrad((...given) => {
    const input = given[0] as unknown as Tensor2D;
    const save = given.at(-1) as unknown as (tensors: Tensor[]) => void;
    save([input, ...constants]);
    return {
      value: f(input, constants),
      gradFunc: (dy: Tensor, [kept, ...keptConstants]: Tensor[]) =>
        gradients(() => f(kept as Tensor2D, keptConstants), [kept!, ...weights], dy),
    };
  });
  return compute(x, ...(weights as readonly Tensor[]));
}

/** Gradients inside a backward pass. tfjs keeps one tape and drops it after use; that of the pass around is put back. */
function gradients(f: () => Tensor, inputs: Tensor[], dy: Tensor): Tensor[] {
  const { state } = engine();
  const outer = state.activeTape;
  try {
    const { value, grads } = engine().gradients(f, inputs, dy);
    value.dispose();
    return grads;
  } finally {
    state.activeTape = outer;
  }
}
