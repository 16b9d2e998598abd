import { concat, reshape, sqrt, square, sum } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../../src/contract/device';
import { registerReferenceKernel } from '../kernel';
import { kernels } from '../kernels';

/** By concat and not addN: tfjs's addN binds one buffer per tensor on WebGPU and silently gives 0 beyond the device's limit. */
export function globalNormReference(gradients: Record<string, Tensor>): Tensor {
  return sqrt(sum(concat(Object.values(gradients).map((gradient) => reshape(sum(square(gradient)), [1])))));
}

export function registerReference(backend: BackendName): void {
  registerReferenceKernel(kernels.GlobalNorm, backend, globalNormReference);
}
