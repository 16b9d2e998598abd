/** Token embedding: rows of a table. */
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { defineGradient, runKernel } from '../gradient';
import { kernels } from '../kernels';

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
