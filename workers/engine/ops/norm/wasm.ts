import { util } from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmEngine } from '../../wasm/engine';
import { partitionRows } from '../../wasm/engine';
import { registerWasmKernel } from '../registry';
import { kernels } from '../kernels';
import type { NormAttributes } from '.';

interface RmsInputs {
  x: TensorInfo;
  weight: TensorInfo;
}

/** Rows of the weight's width in x. */
function rowsOf(x: TensorInfo, weight: TensorInfo): { rows: number; width: number } {
  const width = weight.shape[0]!;
  return { rows: util.sizeFromShape(x.shape) / width, width };
}

export function registerWasm(engine: WasmEngine): void {
  const rmsNorm = ({ x, weight }: RmsInputs, { epsilon }: NormAttributes): TensorInfo => {
    const { rows, width } = rowsOf(x, weight);
    const output = engine.output(x.shape);
    const { block, chunks } = partitionRows(rows, width);
    engine.run('rmsNorm', chunks, [engine.address(x), engine.address(weight), engine.address(output), rows, width, epsilon, block]);
    return output;
  };

  registerWasmKernel<RmsInputs, NormAttributes>(kernels.RmsNorm, rmsNorm);

  registerWasmKernel<RmsInputs, NormAttributes>(kernels.RmsNormWithResidual, (inputs, attributes) => [
    rmsNorm(inputs, attributes),
    engine.alias(inputs.x),
  ]);

  registerWasmKernel<RmsInputs & { dy: TensorInfo; dresidual?: TensorInfo }, NormAttributes>(
    kernels.RmsNormGrad,
    ({ x, weight, dy, dresidual }, { epsilon }) => {
      const { rows, width } = rowsOf(x, weight);
      const dx = engine.output(x.shape);
      const dweight = engine.output([width]);
      const { block, chunks } = partitionRows(rows, width);
      const partial = engine.reserve(4 * chunks * width);
      const addresses = [x, weight, dy, dresidual, dx].map((tensor) => engine.address(tensor));
      engine.run('rmsNormGrad', chunks, [...addresses, partial, rows, width, epsilon, block]);
      engine.run('sumPartials', 1, [partial, chunks, width, engine.address(dweight)]);
      return [dx, dweight];
    },
  );

  registerWasmKernel<{ x: TensorInfo; weight: TensorInfo; bias: TensorInfo }, NormAttributes>(
    kernels.LayerNorm,
    ({ x, weight, bias }, { epsilon }) => {
      const [rows, width] = x.shape as [number, number];
      const output = engine.output([rows, width]);
      const { block, chunks } = partitionRows(rows, width);
      const addresses = [x, weight, bias, output].map((tensor) => engine.address(tensor));
      engine.run('layerNorm', chunks, [...addresses, rows, width, epsilon, block]);
      return output;
    },
  );

  registerWasmKernel<{ x: TensorInfo; weight: TensorInfo; dy: TensorInfo }, NormAttributes>(
    kernels.LayerNormGrad,
    ({ x, weight, dy }, { epsilon }) => {
      const [rows, width] = x.shape as [number, number];
      const dx = engine.output([rows, width]);
      const dweight = engine.output([width]);
      const dbias = engine.output([width]);
      const { block, chunks } = partitionRows(rows, width);
      const forWeight = engine.reserve(8 * chunks * width);
      const forBias = forWeight + 4 * chunks * width;
      const addresses = [x, weight, dy, dx].map((tensor) => engine.address(tensor));
      engine.run('layerNormGrad', chunks, [...addresses, forWeight, forBias, rows, width, epsilon, block]);
      engine.run('sumPartials', 1, [forWeight, chunks, width, engine.address(dweight)]);
      engine.run('sumPartials', 1, [forBias, chunks, width, engine.address(dbias)]);
      return [dx, dweight, dbias];
    },
  );
}
