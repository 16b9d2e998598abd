import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuEngine } from '../../webgpu/engine';
import { registerWebgpuKernel } from '../registry';
import { eachElement, unitFor } from '../../webgpu/layout';
import { kernels } from '../kernels';
import type { RotaryAttributes } from '.';

export function registerWebgpu(engine: WebgpuEngine): void {
  registerWebgpuKernel<{ x: TensorInfo; cos: TensorInfo; sin: TensorInfo }, RotaryAttributes>(
    kernels.Rotary,
    ({ x, cos, sin }, { context, heads, inverse }) => {
      const [rows, width] = x.shape as [number, number];
      const y = engine.activation([rows, width]);
      const size = width / heads;
      const half = cos.shape[1]! / 2;
      const unit = unitFor(half, size);
      // A thread turns a pair, or copies a unit that does not turn.
      const parts = (size - half) / unit.width;
      const count = rows * heads * parts;
      engine.run({
        kernel: kernels.Rotary,
        reads: { x, cos, sin },
        writes: { y },
        vectors: unit.width === 4 ? ['x', 'cos', 'sin', 'y'] : [],
        integers: { count, context, heads, parts, halfUnits: half / unit.width },
        floats: { direction: inverse ? -1 : 1 },
        workgroupSize: eachElement.workgroupSize,
        groups: eachElement.groups(count),
        body: () => `${eachElement.begin}
  let i = index % params.parts;
  let headed = index / params.parts;
  let own = headed * (params.parts + params.halfUnits);
  if (i >= params.halfUnits) {
    let at = own + params.halfUnits + i;
    y[at] = x[at];
    return;
  }
  let angle = (headed / params.heads) % params.context * 2u * params.halfUnits + i;
  let first = own + i;
  let second = first + params.halfUnits;
  let a = x[first];
  let b = x[second];
  y[first] = a * cos[angle] - b * (sin[angle] * params.direction);
  y[second] = b * cos[angle + params.halfUnits] + a * (sin[angle + params.halfUnits] * params.direction);`,
      });
      return y;
    },
  );
}
