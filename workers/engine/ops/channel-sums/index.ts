/** Channel accounting on the device: what a logging window needs, without reading losses back every step. */
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { runKernel } from '../gradient';
import { kernels } from '../kernels';

export interface ChannelSumsAttributes {
  count: number;
}

/** nll [N], channels int32 [N] (−1: counted nowhere) → [2,count]: Σ nll per channel, then numbers of tokens. No gradient. */
export function channelSums(nll: Tensor1D, channels: Tensor1D, count: number): Tensor2D {
  return runKernel(kernels.ChannelSums, { nll, channels }, { count });
}
