import { util } from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuEngine } from '../../webgpu/engine';
import { registerWebgpuKernel } from '../registry';
import { eachElement, unitFor } from '../../webgpu/layout';
import { kernels } from '../kernels';
import type { DropoutAttributes } from '.';
import { keysOf, threshold } from '.';

export function registerWebgpu(engine: WebgpuEngine): void {
  registerWebgpuKernel<{ x: TensorInfo }, DropoutAttributes>(kernels.Dropout, ({ x }, { rate, seed, offset }) => {
    const y = engine.activation(x.shape);
    const size = util.sizeFromShape(x.shape);
    const unit = unitFor(size);
    const count = size / unit.width;
    const [first, second] = keysOf(seed);
    engine.run({
      kernel: kernels.Dropout,
      reads: { x },
      writes: { y },
      vectors: unit.width === 4 ? ['x', 'y'] : [],
      integers: { count, first, second, offset, limit: threshold(rate) },
      floats: { kept: 1 / (1 - rate) },
      workgroupSize: eachElement.workgroupSize,
      groups: eachElement.groups(count),
      declarations: () => `
fn mix32(value: u32) -> u32 {
  var x = (value ^ (value >> 16u)) * 0x85ebca6bu;
  x = (x ^ (x >> 13u)) * 0xc2b2ae35u;
  return x ^ (x >> 16u);
}
fn kept(counter: u32, value: f32) -> f32 {
  let drawn = mix32(mix32(counter ^ params.first) + params.second);
  return select(0.0, value * params.kept, drawn >= params.limit);
}`,
      body: () =>
        unit.width === 4
          ? `${eachElement.begin}
  let four = x[index];
  let counter = params.offset + 4u * index;
  y[index] = vec4<f32>(kept(counter, four.x), kept(counter + 1u, four.y), kept(counter + 2u, four.z), kept(counter + 3u, four.w));`
          : `${eachElement.begin}
  y[index] = kept(params.offset + index, x[index]);`,
    });
    return y;
  });
}
