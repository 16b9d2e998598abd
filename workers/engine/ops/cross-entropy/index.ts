/** Next-token loss straight from hidden states and head weight: logits and probabilities are never stored. */
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { defineGradient, handOut, runKernels } from '../gradient';
import { kernels } from '../kernels';

/** hidden [N,D], weight [V,D], targets int32 [N] (−1: not predicted) → nll [N] in nats, 0 where the target is −1 */
export function crossEntropy(hidden: Tensor2D, weight: Tensor2D, targets: Tensor1D): Tensor1D {
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
