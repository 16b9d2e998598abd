/** How large a tensor may be: a GPU's kernels bind each as one buffer, and a GPU says how much one takes. */
import { backend as tensorBackend } from '@tensorflow/tfjs-core';
import { StudioError } from '../../src/core/errors';
import type { ModelConfig } from '../../src/core/model/config';
import { largestWeight } from '../../src/core/model/memory';

/** Bytes that the GPU of the present backend takes in one buffer; null on a CPU. */
export function largestBinding(): number | null {
  const { device } = tensorBackend() as unknown as { device?: GPUDevice };
  return device ? Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize) : null;
}

/**
 * A GPU that cannot bind a weight would compute nothing, and say so in the console alone.
 * @param limit bytes; null: none
 * @throws StudioError `tensor-too-large`
 */
export function checkBinding(config: ModelConfig, limit: number | null): void {
  const { name, bytes } = largestWeight(config);
  if (limit !== null && bytes > limit)
    throw new StudioError('tensor-too-large', `Tensor "${name}" has ${bytes} bytes; the GPU binds ${limit}`, {
      tensor: name,
      bytes,
      limit,
    });
}
