import { util } from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { partition } from '../../wasm/engine';
import type { WasmEngine } from '../../wasm/engine';
import { registerWasmKernel } from '../registry';
import { kernels } from '../kernels';
import type { ChannelSumsAttributes } from '.';

export function registerWasm(engine: WasmEngine): void {
  registerChannelSums(engine);
  registerGlobalNorm(engine);
}

function registerChannelSums(engine: WasmEngine): void {
  registerWasmKernel<{ nll: TensorInfo; channels: TensorInfo }, ChannelSumsAttributes>(
    kernels.ChannelSums,
    ({ nll, channels }, { count }) => {
      const output = engine.output([2, count]);
      engine.run('channelSums', 1, [engine.address(nll), engine.address(channels), engine.address(output), nll.shape[0]!, count]);
      return output;
    },
  );
}

/** Elements that one partial sum covers, at least. */
const BLOCK = 65_536;

function registerGlobalNorm(engine: WasmEngine): void {
  registerWasmKernel<Record<string, TensorInfo>>(kernels.GlobalNorm, (inputs) => {
    const parts = Object.values(inputs).map((tensor) => {
      const count = util.sizeFromShape(tensor.shape);
      return { tensor, count, ...partition(count, BLOCK) };
    });
    const total = parts.reduce((sum, { chunks }) => sum + chunks, 0);
    const partial = engine.reserve(8 * Math.max(1, total));
    let done = 0;
    for (const { tensor, count, block, chunks } of parts) {
      engine.run('sumOfSquares', chunks, [engine.address(tensor), count, partial + 8 * done, block]);
      done += chunks;
    }
    const output = engine.output([]);
    engine.run('rootOfSum', 1, [partial, total, engine.address(output)]);
    return output;
  });
}
