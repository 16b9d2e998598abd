import { add, matMul, sum } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../../src/contract/device';
import { registerReferenceKernel } from '../registry';
import { kernels } from '../kernels';

interface LinearInputs {
  x: Tensor2D;
  weight: Tensor2D;
  bias?: Tensor1D;
  residual?: Tensor2D;
}

export function linearReference({ x, weight, bias, residual }: LinearInputs): Tensor {
  let y: Tensor = matMul(x, weight, false, true);
  if (bias) y = add(y, bias);
  if (residual) y = add(y, residual);
  return y;
}

export function linearGradInputReference({ dy, weight }: { dy: Tensor2D; weight: Tensor2D }): Tensor {
  return matMul(dy, weight);
}

export function linearGradWeightReference({ dy, x }: { dy: Tensor2D; x: Tensor2D }): Tensor {
  return matMul(dy, x, true, false);
}

export function linearGradBiasReference({ dy }: { dy: Tensor2D }): Tensor {
  return sum(dy, 0);
}

export function registerReference(backend: BackendName): void {
  registerReferenceKernel(kernels.Linear, backend, linearReference);
  registerReferenceKernel(kernels.LinearGradInput, backend, linearGradInputReference);
  registerReferenceKernel(kernels.LinearGradWeight, backend, linearGradWeightReference);
  registerReferenceKernel(kernels.LinearGradBias, backend, linearGradBiasReference);
}
