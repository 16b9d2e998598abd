/** Affine map with Hugging Face's weight layout, and the residual stream added in the same pass. */
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { defineGradient, runKernel } from '../gradient';
import { kernels } from '../kernels';

export interface LinearExtras {
  /** [O] */
  bias?: Tensor1D | undefined;
  /** [N,O] */
  residual?: Tensor2D | undefined;
}

/** x [N,I], weight [O,I] → x·weightᵀ + bias + residual [N,O] */
export function linear(x: Tensor2D, weight: Tensor2D, { bias, residual }: LinearExtras = {}): Tensor2D {
  return runKernel(kernels.Linear, { x, weight, bias, residual });
}

defineGradient({
  kernel: kernels.Linear,
  saveInputs: ['x', 'weight'],
  gradient: ([dy], [x, weight]) => ({
    x: () => runKernel(kernels.LinearGradInput, { dy, weight }),
    weight: () => runKernel(kernels.LinearGradWeight, { dy, x }),
    bias: () => runKernel(kernels.LinearGradBias, { dy }),
    residual: () => dy!.clone(),
  }),
});
