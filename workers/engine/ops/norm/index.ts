/**
 * Norms of rows: root mean square (Zhang & Sennrich, arXiv 1910.07467), as transformers' LlamaRMSNorm, and layer norm (Ba et al.,
 * arXiv 1607.06450), as torch.nn.LayerNorm.
 */
import { getBackend, getKernel } from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { defineGradient, handOut, runKernel, runKernels } from '../registry';
import { kernels } from '../kernels';

export interface NormAttributes {
  epsilon: number;
}

/** x [N,D], weight [D] → x · (mean(x²) + ε)^−½ · weight [N,D] */
export function rmsNorm(x: Tensor2D, weight: Tensor1D, epsilon: number): Tensor2D {
  return runKernel(kernels.RmsNorm, { x, weight }, { epsilon });
}

/**
 * rmsNorm(x), and x itself for the residual connection. Both gradients of x, through the norm and past it, are then added in the norm's
 * backward kernel, where the backend has one.
 */
export function rmsNormWithResidual(x: Tensor2D, weight: Tensor1D, epsilon: number): [normed: Tensor2D, x: Tensor2D] {
  if (!getKernel(kernels.RmsNormWithResidual, getBackend())) return [rmsNorm(x, weight, epsilon), x];
  return runKernels(kernels.RmsNormWithResidual, { x, weight }, { epsilon }) as [Tensor2D, Tensor2D];
}

/** The same of each head by itself, as Qwen 3 norms queries and keys: x [N,heads·h], weight [h] → [N,heads·h]. */
export function headRmsNorm(x: Tensor2D, weight: Tensor1D, epsilon: number): Tensor2D {
  return rmsNorm(x, weight, epsilon);
}

/** x [N,D], weight [D], bias [D] → (x − mean) · (variance + ε)^−½ · weight + bias [N,D], the variance being the mean square deviation */
export function layerNorm(x: Tensor2D, weight: Tensor1D, bias: Tensor1D, epsilon: number): Tensor2D {
  return runKernel(kernels.LayerNorm, { x, weight, bias }, { epsilon });
}

defineGradient<NormAttributes>({
  kernel: kernels.RmsNorm,
  saveInputs: ['x', 'weight'],
  gradient: ([dy], [x, weight], attributes) => handOut(['x', 'weight'], runKernels(kernels.RmsNormGrad, { x, weight, dy }, attributes)),
});

defineGradient<NormAttributes>({
  kernel: kernels.RmsNormWithResidual,
  saveInputs: ['x', 'weight'],
  gradient: ([dy, dresidual], [x, weight], attributes) =>
    handOut(['x', 'weight'], runKernels(kernels.RmsNormGrad, { x, weight, dy, dresidual }, attributes)),
});

defineGradient<NormAttributes>({
  kernel: kernels.LayerNorm,
  saveInputs: ['x', 'weight'],
  gradient: ([dy], [x, weight], attributes) =>
    handOut(['x', 'weight', 'bias'], runKernels(kernels.LayerNormGrad, { x, weight, dy }, attributes)),
});
