/**
 * What a step reduces on the device, so that nothing is read back for it: the losses to sums per channel, for the log, and the
 * gradients to their global norm, for clipping. Neither has a gradient. The references are at the end.
 */
import { cast, concat, equal, matMul, onesLike, range, reshape, sqrt, square, stack, sum } from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../../src/contract/device';
import { kernels } from '../kernels';
import { registerReferenceKernel, runKernel } from '../registry';

export interface ChannelSumsAttributes {
  count: number;
}

/** nll [N], channels int32 [N] (−1: counted nowhere) → [2,count]: Σ nll per channel, then numbers of tokens */
export function channelSums(nll: Tensor1D, channels: Tensor1D, count: number): Tensor2D {
  return runKernel(kernels.ChannelSums, { nll, channels }, { count });
}

/** Tensors of any shapes → √Σg² over all their elements, a scalar on the device */
export function globalNorm(gradients: Iterable<Tensor>): Scalar {
  return runKernel(kernels.GlobalNorm, Object.fromEntries([...gradients].map((gradient, index) => [String(index), gradient])));
}

export function channelSumsReference({ nll, channels }: { nll: Tensor1D; channels: Tensor1D }, { count }: ChannelSumsAttributes): Tensor {
  const member = cast(equal(reshape(channels, [-1, 1]), reshape(range(0, count, 1, 'int32'), [1, count])), 'float32');
  return matMul(stack([nll, onesLike(nll)]), member);
}

/** By concat and not addN: tfjs's addN binds one buffer per tensor on WebGPU and silently gives 0 beyond the device's limit. */
export function globalNormReference(gradients: Record<string, Tensor>): Tensor {
  return sqrt(sum(concat(Object.values(gradients).map((gradient) => reshape(sum(square(gradient)), [1])))));
}

export function registerReference(backend: BackendName): void {
  registerReferenceKernel(kernels.ChannelSums, backend, channelSumsReference);
  registerReferenceKernel(kernels.GlobalNorm, backend, globalNormReference);
}
