/** How a kernel of ours enters tfjs's registry. Fused kernels replace the reference through the same door. */
import { getKernel, registerKernel, tidy, unregisterKernel } from '@tensorflow/tfjs-core';
import type { KernelConfig, NamedAttrMap, NamedTensorInfoMap, Tensor } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../src/contract/device';
import type { KernelName } from './kernels';

/** Registers a kernel, in place of the one this backend already has under that name. */
export function replaceKernel(config: KernelConfig): void {
  if (getKernel(config.kernelName, config.backendName)) unregisterKernel(config.kernelName, config.backendName);
  registerKernel(config);
}

/**
 * Registers a kernel written in tfjs ops. While it runs, tfjs counts the ops inside as part of the kernel and keeps them off
 * the tape; intermediates are disposed on return.
 */
export function registerReferenceKernel<Inputs, Attributes>(
  kernelName: KernelName,
  backendName: BackendName,
  compute: (inputs: Inputs, attributes: Attributes) => Tensor | Tensor[],
): void {
  replaceKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs }: { inputs: NamedTensorInfoMap; attrs?: NamedAttrMap }) =>
      tidy(() => compute(inputs as Inputs, (attrs ?? {}) as Attributes)),
  });
}
