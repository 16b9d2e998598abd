/** Sums and multiples. tfjs brings the kernels; their own gradients would bring all the others along. */
import { Add, add as tensorAdd, customGrad, mul, registerGradient } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** a, b of one shape → a + b */
export function add<T extends Tensor>(a: T, b: T): T {
  return tensorAdd<T>(a, b);
}

registerGradient({
  kernelName: Add,
  gradFunc: (dy) => ({ a: () => (dy as Tensor).clone(), b: () => (dy as Tensor).clone() }),
});

/** x + number */
export function shifted<T extends Tensor>(x: T, number: number): T {
  return tensorAdd<T>(x, number);
}

/** factor · x */
export function scaled<T extends Tensor>(x: T, factor: number): T {
  if (factor === 1) return x;
  const times = customGrad((input) => ({ value: mul(input as Tensor, factor), gradFunc: (dy: Tensor) => mul(dy, factor) }));
  return times(x) as T;
}
