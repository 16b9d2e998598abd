/** Next-token loss straight from hidden states and head weight: logits and probabilities are never stored. */
import { customGrad, getBackend, getKernel } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { defineGradient, handOut, runKernels } from '../gradient';
import { kernels } from '../kernels';

/**
 * hidden [N,D], weight [V,D], targets int32 [N] (−1: not predicted) → nll [N] in nats, 0 where the target is −1.
 *
 * `expected` [N], for training: the gradient of nll that will come back, when it is known beforehand (1/N in a mean). Where the
 * backend can, the gradients are then made in the forward pass, which saves computing the logits again (Liger kernel,
 * arXiv 2410.10989). Should another gradient come back, it is used instead. `targets` and `expected` must have been made
 * outside the function that tfjs differentiates.
 */
export function crossEntropy(hidden: Tensor2D, weight: Tensor2D, targets: Tensor1D, expected?: Tensor1D): Tensor1D {
  if (expected && getKernel(kernels.CrossEntropyTrain, getBackend())) return inOnePass(hidden, weight, targets, expected);
  const [nll, lse] = runKernels(kernels.CrossEntropy, { hidden, weight, targets });
  lse!.dispose();
  return nll as Tensor1D;
}

defineGradient({
  kernel: kernels.CrossEntropy,
  saveInputs: ['hidden', 'weight', 'targets'],
  saveOutputs: [false, true],
  gradient: ([dnll], [hidden, weight, targets, lse]) =>
    handOut(['hidden', 'weight'], runKernels(kernels.CrossEntropyGrad, { hidden, weight, targets, lse, dnll })),
});

function inOnePass(hidden: Tensor2D, weight: Tensor2D, targets: Tensor1D, expected: Tensor1D): Tensor1D {
  const compute = customGrad((...inputs) => {
    const [x, w, save] = inputs as unknown as [Tensor2D, Tensor2D, (tensors: Tensor[]) => void];
    const [nll, ...rest] = runKernels(kernels.CrossEntropyTrain, { hidden: x, weight: w, targets, dnll: expected });
    save([x, w, ...rest]);
    const gradFunc = (dnll: Tensor, saved: Tensor[]): Tensor[] => {
      const [states, head, lse, dhidden, dweight] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor];
      if (dnll.dataId === expected.dataId) return [dhidden.clone(), dweight.clone()];
      return runKernels(kernels.CrossEntropyGrad, { hidden: states, weight: head, targets, lse, dnll });
    };
    return { value: nll!, gradFunc };
  });
  return compute(hidden, weight) as Tensor1D;
}
