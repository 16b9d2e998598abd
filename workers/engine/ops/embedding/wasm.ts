import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmEngine } from '../../wasm/engine';
import { partition, partitionRows } from '../../wasm/engine';
import { registerWasmKernel } from '../registry';
import { kernels } from '../kernels';
import type { EmbeddingGradAttributes } from '.';

export function registerWasm(engine: WasmEngine): void {
  registerWasmKernel<{ table: TensorInfo; ids: TensorInfo }>(kernels.Embedding, ({ table, ids }) => {
    const [vocabulary, width] = table.shape as [number, number];
    const tokens = ids.shape[0]!;
    const output = engine.output([tokens, width]);
    const { block, chunks } = partitionRows(tokens, width);
    const addresses = [table, ids, output].map((tensor) => engine.address(tensor));
    engine.run('embedding', chunks, [...addresses, tokens, vocabulary, width, block]);
    return output;
  });

  registerWasmKernel<{ dy: TensorInfo; ids: TensorInfo }, EmbeddingGradAttributes>(kernels.EmbeddingGrad, ({ dy, ids }, { vocabulary }) => {
    const [tokens, width] = dy.shape as [number, number];
    const output = engine.output([vocabulary, width]);
    const { block, chunks } = partition(vocabulary, 64, 8);
    const addresses = [dy, ids, output].map((tensor) => engine.address(tensor));
    engine.run('embeddingGrad', chunks, [...addresses, tokens, vocabulary, width, block]);
    return output;
  });
}
