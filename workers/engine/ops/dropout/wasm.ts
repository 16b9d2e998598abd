import { util } from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmEngine } from '../../wasm/engine';
import { partition, SMALL } from '../../wasm/engine';
import { registerWasmKernel } from '../registry';
import { kernels } from '../kernels';
import type { DropoutAttributes } from '.';
import { keysOf, threshold } from '.';

export function registerWasm(engine: WasmEngine): void {
  registerWasmKernel<{ x: TensorInfo }, DropoutAttributes>(kernels.Dropout, ({ x }, { rate, seed, offset }) => {
    const output = engine.output(x.shape);
    const count = util.sizeFromShape(x.shape);
    const { block, chunks } = partition(count, SMALL);
    const random = [offset, ...keysOf(seed), threshold(rate), 1 / (1 - rate)];
    engine.run('dropout', chunks, [engine.address(x), engine.address(output), count, ...random, block]);
    return output;
  });
}
