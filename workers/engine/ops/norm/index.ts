/** Root-mean-square norm (Zhang & Sennrich, arXiv 1910.07467), as transformers' LlamaRMSNorm. */
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { defineGradient, handOut, runKernel, runKernels } from '../gradient';
import { kernels } from '../kernels';

export interface RmsNormAttributes {
  epsilon: number;
}

/** x [N,D], weight [D] → x · (mean(x²) + ε)^−½ · weight [N,D] */
export function rmsNorm(x: Tensor2D, weight: Tensor1D, epsilon: number): Tensor2D {
  return runKernel(kernels.RmsNorm, { x, weight }, { epsilon });
}

defineGradient<RmsNormAttributes>({
  kernel: kernels.RmsNorm,
  saveInputs: ['x', 'weight'],
  gradient: ([dy], [x, weight], attributes) => handOut(['x', 'weight'], runKernels(kernels.RmsNormGrad, { x, weight, dy }, attributes)),
});
