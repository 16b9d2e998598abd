/** Token embedding: rows of a table. */
import { expandDims, gather, scatterND } from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../../src/contract/device';
import { kernels } from '../kernels';
import { defineGradient, registerReferenceKernel, runKernel } from '../registry';

export interface EmbeddingGradAttributes {
  vocabulary: number;
}

/** table [V,D], ids int32 [N] in 0 … V−1 → [N,D] */
export function embedding(table: Tensor2D, ids: Tensor1D): Tensor2D {
  return runKernel(kernels.Embedding, { table, ids }, { vocabulary: table.shape[0] });
}

defineGradient<EmbeddingGradAttributes>({
  kernel: kernels.Embedding,
  saveInputs: ['ids'],
  gradient: ([dy], [ids], { vocabulary }) => ({ table: () => runKernel(kernels.EmbeddingGrad, { dy, ids }, { vocabulary }) }),
});

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
