import { cast, equal, matMul, onesLike, range, reshape, stack } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../../src/contract/device';
import { registerReferenceKernel } from '../kernel';
import { kernels } from '../kernels';
import type { ChannelSumsAttributes } from '.';

export function channelSumsReference({ nll, channels }: { nll: Tensor1D; channels: Tensor1D }, { count }: ChannelSumsAttributes): Tensor {
  const member = cast(equal(reshape(channels, [-1, 1]), reshape(range(0, count, 1, 'int32'), [1, count])), 'float32');
  return matMul(stack([nll, onesLike(nll)]), member);
}

export function registerReference(backend: BackendName): void {
  registerReferenceKernel(kernels.ChannelSums, backend, channelSumsReference);
}
