/** Sums of activations and of gradients, however they are stored; any other addition stays tfjs's own. */
import { Add, getKernel, util } from '@tensorflow/tfjs-core';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuEngine } from '../../webgpu/engine';
import { eachElement, unitFor } from '../../webgpu/layout';
import { replaceKernel } from '../registry';

let own: KernelFunc | undefined;

export function registerWebgpu(engine: WebgpuEngine): void {
  own ??= getKernel(Add, 'webgpu').kernelFunc;
  const elsewhere = own;
  replaceKernel({
    kernelName: Add,
    backendName: 'webgpu',
    kernelFunc: (call) => {
      const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
      // Sums of weights' gradients stay in float32: halves come only from halves.
      if (!engine.isHalf(a) && !engine.isHalf(b)) return elsewhere(call);
      if (!util.arraysEqual(a.shape, b.shape)) return elsewhere(call);
      return sum(engine, a, b);
    },
  });
}

function sum(engine: WebgpuEngine, a: TensorInfo, b: TensorInfo): TensorInfo {
  const y = engine.activation(a.shape);
  const size = util.sizeFromShape(a.shape);
  const unit = unitFor(size);
  const count = size / unit.width;
  engine.run({
    kernel: Add,
    reads: { a, b },
    writes: { y },
    vectors: unit.width === 4 ? ['a', 'b', 'y'] : [],
    integers: { count },
    workgroupSize: eachElement.workgroupSize,
    groups: eachElement.groups(count),
    body: () => `${eachElement.begin}\n  y[index] = a[index] + b[index];`,
  });
  return y;
}
