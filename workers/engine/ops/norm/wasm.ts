import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmEngine } from '../../wasm/engine';
import { partitionRows, registerWasmKernel } from '../../wasm/kernel';
import { kernels } from '../kernels';
import type { RmsNormAttributes } from '.';

export function registerWasm(engine: WasmEngine): void {
  registerWasmKernel<{ x: TensorInfo; weight: TensorInfo }, RmsNormAttributes>(kernels.RmsNorm, ({ x, weight }, { epsilon }) => {
    const [rows, width] = x.shape as [number, number];
    const output = engine.output([rows, width]);
    const { block, chunks } = partitionRows(rows, width);
    engine.run('rmsNorm', chunks, [engine.address(x), engine.address(weight), engine.address(output), rows, width, epsilon, block]);
    return output;
  });

  registerWasmKernel<{ x: TensorInfo; weight: TensorInfo; dy: TensorInfo }, RmsNormAttributes>(
    kernels.RmsNormGrad,
    ({ x, weight, dy }, { epsilon }) => {
      const [rows, width] = x.shape as [number, number];
      const dx = engine.output([rows, width]);
      const dweight = engine.output([width]);
      const { block, chunks } = partitionRows(rows, width);
      const partial = engine.reserve(4 * chunks * width);
      const [from, scale, gradient, to] = [x, weight, dy, dx].map((tensor) => engine.address(tensor)) as [number, number, number, number];
      engine.run('rmsNormGrad', chunks, [from, scale, gradient, to, partial, rows, width, epsilon, block]);
      engine.run('sumPartials', 1, [partial, chunks, width, engine.address(dweight)]);
      return [dx, dweight];
    },
  );
}
