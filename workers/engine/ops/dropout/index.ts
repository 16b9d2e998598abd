/** Dropout with masks from a counter-based generator (see random.ts): same seed and offset, same mask, on every backend. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { defineGradient, runKernel } from '../gradient';
import { kernels } from '../kernels';

export interface DropoutAttributes {
  /** Probability of zeroing an element, 0 ≤ rate < 1. */
  rate: number;
  /** Unsigned 32-bit stream. */
  seed: number;
  /** Counter of the first element; element i draws number (offset + i) mod 2³². */
  offset: number;
}

/** x → x·mask/(1 − rate), same shape; at rate 0 it is x itself and no kernel runs. */
export function dropout<T extends Tensor>(x: T, attributes: DropoutAttributes): T {
  return attributes.rate === 0 ? x : runKernel<T>(kernels.Dropout, { x }, attributes);
}

defineGradient<DropoutAttributes>({
  kernel: kernels.Dropout,
  saveInputs: [],
  gradient: ([dy], _saved, attributes) => ({ x: () => runKernel(kernels.Dropout, { x: dy }, attributes) }),
});
