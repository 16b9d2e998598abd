import { mul, tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../../src/contract/device';
import { registerReferenceKernel } from '../kernel';
import { kernels } from '../kernels';
import type { DropoutAttributes } from '.';
import { draw, keysOf, threshold } from './random';

/** 1/(1 − rate) where an element is kept, else 0. */
export function dropoutMask(size: number, { rate, seed, offset }: DropoutAttributes): Float32Array {
  const keys = keysOf(seed);
  const limit = threshold(rate);
  const kept = 1 / (1 - rate);
  return Float32Array.from({ length: size }, (_, index) => (draw(offset + index, keys) >= limit ? kept : 0));
}

export function dropoutReference({ x }: { x: Tensor }, attributes: DropoutAttributes): Tensor {
  return mul(x, tensor(dropoutMask(x.size, attributes), x.shape));
}

export function registerReference(backend: BackendName): void {
  registerReferenceKernel(kernels.Dropout, backend, dropoutReference);
}
