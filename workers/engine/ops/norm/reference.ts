import { add, mean, mul, reshape, rsqrt, square, sub, sum } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../../src/contract/device';
import { registerReferenceKernel } from '../registry';
import { kernels } from '../kernels';
import type { NormAttributes } from '.';

/** Rows of the weight's width. */
function byWeight(x: Tensor2D, weight: Tensor1D): Tensor2D {
  return reshape(x, [-1, weight.shape[0]]);
}

/** 1 / RMS of each row [N,1]. */
function inverseRms(x: Tensor2D, epsilon: number): Tensor {
  return rsqrt(add(mean(square(x), 1, true), epsilon));
}

export function rmsNormReference({ x, weight }: { x: Tensor2D; weight: Tensor1D }, { epsilon }: NormAttributes): Tensor {
  const rows = byWeight(x, weight);
  return reshape(mul(mul(rows, inverseRms(rows, epsilon)), weight), x.shape);
}

/** With x̂ = x/rms and g = dy·weight: dx = (g − x̂·mean(g·x̂))/rms, dweight = Σ_n dy·x̂. */
export function rmsNormGradReference(
  { x, weight, dy, dresidual }: { x: Tensor2D; weight: Tensor1D; dy: Tensor2D; dresidual?: Tensor2D },
  { epsilon }: NormAttributes,
): Tensor[] {
  const [rows, slopes] = [byWeight(x, weight), byWeight(dy, weight)];
  const inverse = inverseRms(rows, epsilon);
  const normed = mul(rows, inverse);
  const scaled = mul(slopes, weight);
  const dx = mul(sub(scaled, mul(normed, mean(mul(scaled, normed), 1, true))), inverse);
  const own = reshape(dx, x.shape);
  return [dresidual ? add(own, dresidual) : own, sum(mul(slopes, normed), 0)];
}

/** x̂ = (x − mean)/√(variance + ε) [N,D], and 1/√(variance + ε) [N,1]. */
function standardized(x: Tensor2D, epsilon: number): { normed: Tensor; inverse: Tensor } {
  const deviation = sub(x, mean(x, 1, true));
  const inverse = rsqrt(add(mean(square(deviation), 1, true), epsilon));
  return { normed: mul(deviation, inverse), inverse };
}

export function layerNormReference(
  { x, weight, bias }: { x: Tensor2D; weight: Tensor1D; bias: Tensor1D },
  { epsilon }: NormAttributes,
): Tensor {
  return add(mul(standardized(x, epsilon).normed, weight), bias);
}

/** With g = dy·weight: dx = (g − mean(g) − x̂·mean(g·x̂))/√(variance + ε), dweight = Σ_n dy·x̂, dbias = Σ_n dy. */
export function layerNormGradReference(
  { x, weight, dy }: { x: Tensor2D; weight: Tensor1D; dy: Tensor2D },
  { epsilon }: NormAttributes,
): Tensor[] {
  const { normed, inverse } = standardized(x, epsilon);
  const scaled = mul(dy, weight);
  const dx = mul(sub(sub(scaled, mean(scaled, 1, true)), mul(normed, mean(mul(scaled, normed), 1, true))), inverse);
  return [dx, sum(mul(dy, normed), 0), sum(dy, 0)];
}

export function registerReference(backend: BackendName): void {
  registerReferenceKernel(kernels.RmsNorm, backend, rmsNormReference);
  registerReferenceKernel(kernels.RmsNormGrad, backend, rmsNormGradReference);
  registerReferenceKernel(kernels.LayerNorm, backend, layerNormReference);
  registerReferenceKernel(kernels.LayerNormGrad, backend, layerNormGradReference);
}
