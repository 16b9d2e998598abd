/** Sum of two tensors of one shape. tfjs brings the kernel; its own gradient would bring all the others along. */
import { Add, add as tensorAdd, registerGradient } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** a, b of one shape → a + b */
export function add<T extends Tensor>(a: T, b: T): T {
  return tensorAdd<T>(a, b);
}

registerGradient({
  kernelName: Add,
  gradFunc: (dy) => ({ a: () => (dy as Tensor).clone(), b: () => (dy as Tensor).clone() }),
});
