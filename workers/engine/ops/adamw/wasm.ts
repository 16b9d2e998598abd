/** AdamW in place on tfjs's heap. */
import { engine as tensorEngine } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { WasmEngine } from '../../wasm/engine';
import { partition, SMALL } from '../../wasm/engine';
import { setAdamwUpdate } from '.';

export function registerWasm(engine: WasmEngine): void {
  setAdamwUpdate('wasm', (parameter, gradient, first, second, clipScale, settings) => {
    const { lr, beta1, beta2, epsilon, weightDecay, step } = settings;
    for (const variable of [parameter, first, second]) own(engine, variable);
    const { block, chunks } = partition(parameter.size, 2 * SMALL);
    engine.run('adamw', chunks, [
      ...[parameter, gradient, first, second, clipScale].map((tensor) => engine.address(tensor)),
      parameter.size,
      beta1,
      1 - beta1,
      beta2,
      1 - beta2,
      epsilon,
      1 - lr * weightDecay,
      lr / (1 - beta1 ** step),
      Math.sqrt(1 - beta2 ** step),
      Number(lr === 0),
      block,
    ]);
  });
}

/** A variable may share its memory with the tensor it was made from; writing in place would change that one too. */
function own(engine: WasmEngine, variable: Variable): void {
  if (!engine.isAliased(variable)) return;
  const copy = engine.output(variable.shape);
  engine.run('copy', 1, [engine.address(variable), engine.address(copy), 4 * variable.size]);
  const tensor: Tensor = tensorEngine().makeTensorFromTensorInfo(copy);
  variable.assign(tensor);
  tensor.dispose();
}
