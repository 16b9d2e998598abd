/** Next-token loss straight from hidden states and head weight: logits and probabilities are never stored. */
import { customGrad, getBackend, getKernel } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { defineGradient, handOut, runKernels } from '../registry';
import { kernels } from '../kernels';

export interface CrossEntropyAttributes {
  /** Logits become cap · tanh(logit / cap) (Gemma 2); absent: they stay. */
  cap?: number | undefined;
}

export interface CrossEntropyGradAttributes extends CrossEntropyAttributes {
  /** The weight takes no gradient, so none is computed. */
  frozen?: boolean;
}

/**
 * hidden [N,D], weight [V,D], targets int32 [N] (−1: not predicted) → nll [N] in nats, 0 where the target is −1.
 *
 * `expected` [N], for training: the gradient of nll that will come back, when it is known beforehand (1/N in a mean). Where the
 * backend can, the gradients are then made in the forward pass, which saves computing the logits again (Liger kernel,
 * arXiv 2410.10989), that of the weight only if it is trainable. Should another gradient come back, it is used instead. `targets` and `expected` must have been made
 * outside the function that tfjs differentiates. `cap`: of the logits.
 */
export function crossEntropy(hidden: Tensor2D, weight: Tensor2D, targets: Tensor1D, expected?: Tensor1D, cap?: number): Tensor1D {
  const attributes = { frozen: (weight as Partial<Variable>).trainable === false, ...(cap ? { cap } : {}) };
  if (expected && getKernel(kernels.CrossEntropyTrain, getBackend())) return inOnePass(hidden, weight, targets, expected, attributes);
  const [nll, lse] = runKernels(kernels.CrossEntropy, { hidden, weight, targets }, attributes);
  lse!.dispose();
  return nll as Tensor1D;
}

defineGradient<CrossEntropyGradAttributes>({
  kernel: kernels.CrossEntropy,
  saveInputs: ['hidden', 'weight', 'targets'],
  saveOutputs: [false, true],
  gradient: ([dnll], [hidden, weight, targets, lse], attributes) =>
    handOut(
      attributes.frozen ? ['hidden'] : ['hidden', 'weight'],
      runKernels(kernels.CrossEntropyGrad, { hidden, weight, targets, lse, dnll }, attributes),
    ),
});

function inOnePass(
  hidden: Tensor2D,
  weight: Tensor2D,
  targets: Tensor1D,
  expected: Tensor1D,
  attributes: CrossEntropyGradAttributes,
): Tensor1D {
  const compute = customGrad((...inputs) => {
    const save = inputs.at(-1) as unknown as (tensors: Tensor[]) => void;
    const x = inputs[0] as Tensor;
    const [nll, ...rest] = runKernels(kernels.CrossEntropyTrain, { hidden: x, weight, targets, dnll: expected }, attributes);
    save([x, weight, ...rest]);
    const gradFunc = (dnll: Tensor, saved: Tensor[]): Tensor[] => {
      const [states, head, lse, ...gradients] = saved as [Tensor, Tensor, Tensor, ...Tensor[]];
      if (dnll.dataId === expected.dataId) return gradients.map((gradient) => gradient.clone());
      return runKernels(kernels.CrossEntropyGrad, { hidden: states, weight: head, targets, lse, dnll }, attributes);
    };
    return { value: nll!, gradFunc };
  });
  // A frozen weight is no input of the tape's: it would have to get a gradient.
  return compute(hidden, ...(attributes.frozen ? [] : [weight])) as Tensor1D;
}
