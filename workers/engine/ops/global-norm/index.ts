/** Norm of all gradients together, for clipping. */
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { runKernel } from '../gradient';
import { kernels } from '../kernels';

/** Tensors of any shapes → √Σg² over all their elements, kept on the device */
export function globalNorm(gradients: Iterable<Tensor>): Scalar {
  return runKernel(kernels.GlobalNorm, Object.fromEntries([...gradients].map((gradient, index) => [String(index), gradient])));
}
