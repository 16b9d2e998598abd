import { add, mean, mul, rsqrt, square, sub, sum } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../api';
import { registerReferenceKernel } from '../kernel';
import { kernels } from '../kernels';
import type { RmsNormAttributes } from '.';

/** 1 / RMS of each row [N,1]. */
function inverseRms(x: Tensor2D, epsilon: number): Tensor {
  return rsqrt(add(mean(square(x), 1, true), epsilon));
}

export function rmsNormReference({ x, weight }: { x: Tensor2D; weight: Tensor1D }, { epsilon }: RmsNormAttributes): Tensor {
  return mul(mul(x, inverseRms(x, epsilon)), weight);
}

/** With x̂ = x/rms and g = dy·weight: dx = (g − x̂·mean(g·x̂))/rms, dweight = Σ_n dy·x̂. */
export function rmsNormGradReference(
  { x, weight, dy }: { x: Tensor2D; weight: Tensor1D; dy: Tensor2D },
  { epsilon }: RmsNormAttributes,
): Tensor[] {
  const inverse = inverseRms(x, epsilon);
  const normed = mul(x, inverse);
  const scaled = mul(dy, weight);
  const dx = mul(sub(scaled, mul(normed, mean(mul(scaled, normed), 1, true))), inverse);
  return [dx, sum(mul(dy, normed), 0)];
}

export function registerReference(backend: BackendName): void {
  registerReferenceKernel(kernels.RmsNorm, backend, rmsNormReference);
  registerReferenceKernel(kernels.RmsNormGrad, backend, rmsNormGradReference);
}
