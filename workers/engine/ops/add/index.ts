/** Sums, multiples, and columns set beside a matrix. tfjs brings the kernels; their own gradients would bring all the others along. */
import { Add, add as tensorAdd, concat, customGrad, fill, mul, registerGradient, reshape, slice, zeros } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

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

/** x [N,D] and a column → [N,D+4], the last three being zero: widths stay divisible by 4. The column is 1, or has a number a row [N]. */
export function widened(x: Tensor2D, column: 1 | Tensor1D): Tensor2D {
  const [rows, width] = x.shape;
  const beside = customGrad((...inputs) => {
    const [own, numbers] = (column === 1 ? [inputs[0]] : inputs) as [Tensor2D, Tensor1D?];
    const first = numbers ? reshape(numbers, [rows, 1]) : fill([rows, 1], 1);
    return {
      value: concat([own, first, zeros([rows, 3])], 1),
      gradFunc: (dy: Tensor) => [slice(dy, [0, 0], [rows, width]), ...(numbers ? [reshape(slice(dy, [0, width], [rows, 1]), [rows])] : [])],
    };
  });
  return beside(x, ...(column === 1 ? [] : [column])) as Tensor2D;
}
