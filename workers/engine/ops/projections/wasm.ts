import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmEngine } from '../../wasm/engine';
import { registerWasmKernel } from '../../wasm/kernel';
import { kernels } from '../kernels';
import { LinearProducts } from '../linear/wasm';
import { numbered } from './numbered';

export function registerWasm(engine: WasmEngine): void {
  const products = new LinearProducts(engine);

  registerWasmKernel<TensorInfo[]>(kernels.Projections, (inputs) => {
    const [x, ...weights] = inputs as [TensorInfo, ...TensorInfo[]];
    return weights.map((weight) => products.forward({ x, weight }));
  });

  registerWasmKernel<Record<string, TensorInfo>>(kernels.ProjectionsGradInput, (inputs) =>
    products.gradInput(numbered(inputs, 'dy'), numbered(inputs, 'weight')),
  );

  registerWasmKernel<Record<string, TensorInfo>>(kernels.ProjectionsGradWeights, (inputs) =>
    products.gradWeights(numbered(inputs, 'dy'), inputs['x']!),
  );
}
