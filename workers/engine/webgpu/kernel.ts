/** How a WebGPU kernel of ours enters tfjs's registry, in place of the reference. */
import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import { replaceKernel } from '../ops/kernel';
import type { KernelName } from '../ops/kernels';

export function registerWebgpuKernel<Inputs, Attributes = object>(
  kernelName: KernelName,
  compute: (inputs: Inputs, attributes: Attributes) => TensorInfo | TensorInfo[],
): void {
  replaceKernel({
    kernelName,
    backendName: 'webgpu',
    kernelFunc: ({ inputs, attrs }: { inputs: NamedTensorInfoMap; attrs?: NamedAttrMap }) =>
      compute(inputs as Inputs, (attrs ?? {}) as Attributes),
  });
}
