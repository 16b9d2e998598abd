import { addN, sqrt, square, sum } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../api';
import { registerReferenceKernel } from '../kernel';
import { kernels } from '../kernels';

export function globalNormReference(gradients: Record<string, Tensor>): Tensor {
  return sqrt(addN(Object.values(gradients).map((gradient) => sum(square(gradient)))));
}

export function registerReference(backend: BackendName): void {
  registerReferenceKernel(kernels.GlobalNorm, backend, globalNormReference);
}
