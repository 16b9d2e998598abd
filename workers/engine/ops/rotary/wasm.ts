import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmEngine } from '../../wasm/engine';
import { partitionRows } from '../../wasm/engine';
import { registerWasmKernel } from '../registry';
import { kernels } from '../kernels';
import type { RotaryAttributes } from '.';

export function registerWasm(engine: WasmEngine): void {
  registerWasmKernel<{ x: TensorInfo; cos: TensorInfo; sin: TensorInfo }, RotaryAttributes>(
    kernels.Rotary,
    ({ x, cos, sin }, { context, heads, inverse }) => {
      const [rows, width] = x.shape as [number, number];
      const output = engine.output([rows, width]);
      const { block, chunks } = partitionRows(rows, width);
      const addresses = [x, cos, sin, output].map((tensor) => engine.address(tensor));
      engine.run('rotary', chunks, [...addresses, rows, context, heads, width / heads, cos.shape[1]!, inverse ? -1 : 1, block]);
      return output;
    },
  );
}
