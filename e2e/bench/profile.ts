/** Wraps every kernel of a backend that computes at once (wasm, cpu) in a stopwatch. */
import { getKernelsForBackend, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import type { KernelConfig } from '@tensorflow/tfjs-core';

export interface KernelTime {
  milliseconds: number;
  calls: number;
}

/** A kernel's time holds that of the kernels it runs inside itself. */
export function timeKernels(backend: string): { times: Map<string, KernelTime>; restore: () => void } {
  const times = new Map<string, KernelTime>();
  const originals = getKernelsForBackend(backend);
  const replace = (config: KernelConfig) => {
    unregisterKernel(config.kernelName, backend);
    registerKernel(config);
  };
  for (const config of originals) {
    const { kernelName, kernelFunc } = config;
    replace({
      ...config,
      kernelFunc: (parameters) => {
        const start = performance.now();
        const output = kernelFunc(parameters);
        const time = times.get(kernelName) ?? { milliseconds: 0, calls: 0 };
        times.set(kernelName, { milliseconds: time.milliseconds + performance.now() - start, calls: time.calls + 1 });
        return output;
      },
    });
  }
  return { times, restore: () => originals.forEach(replace) };
}
