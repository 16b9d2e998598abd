import { util } from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuEngine } from '../../webgpu/engine';
import { registerWebgpuKernel } from '../../webgpu/kernel';
import { eachElement, unitFor } from '../../webgpu/layout';
import type { Unit } from '../../webgpu/layout';
import { kernels } from '../kernels';

/** σ of `value`: its exponential is kept finite, since WGSL may assume that no value is infinite. */
const sigmoid = (value: string, { type }: Unit): string => `1.0 / (1.0 + exp(min(-${value}, ${type}(88.0))))`;

export function registerWebgpu(engine: WebgpuEngine): void {
  registerWebgpuKernel<{ gate: TensorInfo; up: TensorInfo }>(kernels.Swiglu, ({ gate, up }) => {
    const y = engine.output(gate.shape);
    const size = util.sizeFromShape(gate.shape);
    const unit = unitFor(size);
    const count = size / unit.width;
    engine.run({
      kernel: kernels.Swiglu,
      reads: { gate, up },
      writes: { y },
      vectors: unit.width === 4 ? ['gate', 'up', 'y'] : [],
      integers: { count },
      workgroupSize: eachElement.workgroupSize,
      groups: eachElement.groups(count),
      body: () => `${eachElement.begin}
  let value = gate[index];
  y[index] = value * (${sigmoid('value', unit)}) * up[index];`,
    });
    return y;
  });

  registerWebgpuKernel<{ gate: TensorInfo; up: TensorInfo; dy: TensorInfo }>(kernels.SwigluGrad, ({ gate, up, dy }) => {
    const [dgate, dup] = [engine.output(gate.shape), engine.output(gate.shape)];
    const size = util.sizeFromShape(gate.shape);
    const unit = unitFor(size);
    const count = size / unit.width;
    engine.run({
      kernel: kernels.SwigluGrad,
      reads: { gate, up, dy },
      writes: { dgate, dup },
      vectors: unit.width === 4 ? ['gate', 'up', 'dy', 'dgate', 'dup'] : [],
      integers: { count },
      workgroupSize: eachElement.workgroupSize,
      groups: eachElement.groups(count),
      body: () => `${eachElement.begin}
  let value = gate[index];
  let open = ${sigmoid('value', unit)};
  let slope = dy[index];
  dup[index] = slope * value * open;
  dgate[index] = slope * up[index] * open * (1.0 + value * (1.0 - open));`,
    });
    return [dgate, dup];
  });
}
