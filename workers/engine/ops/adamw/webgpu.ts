/** AdamW in place, one dispatch for a parameter. */
import { engine as tensorEngine, util } from '@tensorflow/tfjs-core';
import type { Variable } from '@tensorflow/tfjs-core';
import type { WebgpuEngine } from '../../webgpu/engine';
import { eachElement, unitFor } from '../../webgpu/layout';
import { setAdamwUpdate } from '.';

export function registerWebgpu(engine: WebgpuEngine): void {
  setAdamwUpdate('webgpu', (parameter, gradient, first, second, clipScale, settings) => {
    const { lr, beta1, beta2, epsilon, weightDecay, step } = settings;
    for (const variable of [parameter, first, second]) own(engine, variable);
    const unit = unitFor(parameter.size);
    const count = parameter.size / unit.width;
    engine.run({
      kernel: 'adamw',
      // At a rate of 0 the weights must stay bit for bit, so they are not even written.
      variant: lr === 0 ? 'moments' : '',
      reads: { gradient, clipScale },
      writes: { parameter, first, second },
      vectors: unit.width === 4 ? ['gradient', 'parameter', 'first', 'second'] : [],
      integers: { count },
      floats: {
        beta1,
        rest1: 1 - beta1,
        beta2,
        rest2: 1 - beta2,
        epsilon,
        decay: 1 - lr * weightDecay,
        rate: lr / (1 - beta1 ** step),
        root: Math.sqrt(1 - beta2 ** step),
      },
      workgroupSize: eachElement.workgroupSize,
      groups: eachElement.groups(count),
      body: () => `${eachElement.begin}
  let g = gradient[index] * clipScale[0];
  let m = first[index] * params.beta1 + g * params.rest1;
  let v = second[index] * params.beta2 + g * g * params.rest2;
  first[index] = m;
  second[index] = v;
  ${lr === 0 ? '' : 'parameter[index] = parameter[index] * params.decay - m / (sqrt(v) / params.root + params.epsilon) * params.rate;'}`,
    });
  });
}

/** A variable may share its memory with the tensor it was made from; writing in place would change that one too. */
function own(engine: WebgpuEngine, variable: Variable): void {
  if (engine.isAliased(variable)) {
    const copy = engine.output(variable.shape);
    const count = util.sizeFromShape(variable.shape);
    engine.run({
      kernel: 'copy',
      reads: { x: variable },
      writes: { y: copy },
      integers: { count },
      workgroupSize: eachElement.workgroupSize,
      groups: eachElement.groups(count),
      body: () => `${eachElement.begin}\n  y[index] = x[index];`,
    });
    const tensor = tensorEngine().makeTensorFromTensorInfo(copy);
    variable.assign(tensor);
    tensor.dispose();
  }
  engine.keepOffHost(variable);
}
