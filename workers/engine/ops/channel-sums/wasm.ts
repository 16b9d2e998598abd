import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmEngine } from '../../wasm/engine';
import { registerWasmKernel } from '../../wasm/kernel';
import { kernels } from '../kernels';
import type { ChannelSumsAttributes } from '.';

export function registerWasm(engine: WasmEngine): void {
  registerWasmKernel<{ nll: TensorInfo; channels: TensorInfo }, ChannelSumsAttributes>(
    kernels.ChannelSums,
    ({ nll, channels }, { count }) => {
      const output = engine.output([2, count]);
      engine.run('channelSums', 1, [engine.address(nll), engine.address(channels), engine.address(output), nll.shape[0]!, count]);
      return output;
    },
  );
}
