import { util } from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuEngine } from '../../webgpu/engine';
import { registerWebgpuKernel } from '../../webgpu/kernel';
import { eachElement } from '../../webgpu/layout';
import { kernels } from '../kernels';
import type { DropoutAttributes } from '.';
import { keysOf, threshold } from './random';

export function registerWebgpu(engine: WebgpuEngine): void {
  registerWebgpuKernel<{ x: TensorInfo }, DropoutAttributes>(kernels.Dropout, ({ x }, { rate, seed, offset }) => {
    const y = engine.output(x.shape);
    const count = util.sizeFromShape(x.shape);
    const [first, second] = keysOf(seed);
    engine.run({
      kernel: kernels.Dropout,
      reads: { x },
      writes: { y },
      integers: { count, first, second, offset, limit: threshold(rate) },
      floats: { kept: 1 / (1 - rate) },
      workgroupSize: eachElement.workgroupSize,
      groups: eachElement.groups(count),
      declarations: () => `
fn mix32(value: u32) -> u32 {
  var x = (value ^ (value >> 16u)) * 0x85ebca6bu;
  x = (x ^ (x >> 13u)) * 0xc2b2ae35u;
  return x ^ (x >> 16u);
}`,
      body: () => `${eachElement.begin}
  let drawn = mix32(mix32((params.offset + index) ^ params.first) + params.second);
  y[index] = select(0.0, x[index] * params.kept, drawn >= params.limit);`,
    });
    return y;
  });
}
