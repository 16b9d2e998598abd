import { expandDims, gather, scatterND } from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../../src/contract/device';
import { registerReferenceKernel } from '../kernel';
import { kernels } from '../kernels';
import type { EmbeddingGradAttributes } from '.';

export function embeddingReference({ table, ids }: { table: Tensor2D; ids: Tensor1D }): Tensor2D {
  return gather(table, ids);
}

/** scatterND adds rows that share an id. */
export function embeddingGradReference({ dy, ids }: { dy: Tensor2D; ids: Tensor1D }, { vocabulary }: EmbeddingGradAttributes): Tensor2D {
  return scatterND(expandDims(ids, 1), dy, [vocabulary, dy.shape[1]]);
}

export function registerReference(backend: BackendName): void {
  registerReferenceKernel(kernels.Embedding, backend, embeddingReference);
  registerReferenceKernel(kernels.EmbeddingGrad, backend, embeddingGradReference);
}
