/** One implementation of the step in a worker of its own, so that each has its own heap and its own peak of memory. */
import { backend as tensorBackend, getBackend, memory } from '@tensorflow/tfjs-core';
import { expose } from 'comlink';
import { openBackend, settled } from '../../workers/engine';
import type { DeviceInfo } from '../../src/contract/device';
import { cachedStep, checkpointedStep, fusedStep, taughtStep } from './fused-step';
import { generationSpeed } from './generation';
import { plainStep } from './plain-step';
import { timeKernels } from './profile';
import { productSpeeds } from './products';
import type { ProductSpeed } from './products';
import { shapes } from './shapes';
import type { ShapeName } from './shapes';
import type { TrainingStep } from './step';

export interface OpenBench {
  backend: 'wasm' | 'webgpu' | 'cpu';
  threads: number | null;
  requireHardware: boolean;
}

export interface HostTime {
  how: 'run' | 'replayed';
  milliseconds: number;
  calls: Record<string, number>;
}

/** Counts calls of the GPU by their names until `restore`; nothing unless `on`. */
function countCalls(on: boolean): { counts: Record<string, number>; restore: () => void } {
  const counts: Record<string, number> = {};
  const undo: (() => void)[] = [];
  const watch = (prototype: object, name: string) => {
    const methods = prototype as Record<string, (...given: unknown[]) => unknown>;
    const own = methods[name]!;
    counts[name] = 0;
    methods[name] = function (this: unknown, ...given) {
      counts[name]! += 1;
      return own.apply(this, given);
    };
    undo.push(() => (methods[name] = own));
  };
  if (on) {
    watch(GPUComputePassEncoder.prototype, 'dispatchWorkgroups');
    watch(GPUCommandEncoder.prototype, 'beginComputePass');
    for (const name of ['submit', 'writeBuffer']) watch(GPUQueue.prototype, name);
    for (const name of ['createBindGroup', 'createBuffer']) watch(GPUDevice.prototype, name);
    watch(GPUBuffer.prototype, 'mapAsync');
  }
  return { counts, restore: () => undo.forEach((one) => one()) };
}

const steps = { fused: fusedStep, checkpointed: checkpointedStep, taught: taughtStep, cached: cachedStep, plain: plainStep };
export type Implementation = keyof typeof steps;

let step: TrainingStep;

const bench = {
  open: (options: OpenBench): Promise<DeviceInfo> => openBackend(options),

  prepare(implementation: Implementation, shape: ShapeName): void {
    step = steps[implementation](shapes[shape]);
  },

  /** Milliseconds of each of `count` steps. */
  async time(count: number): Promise<number[]> {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      step.run();
      await settled();
      times.push(performance.now() - start);
    }
    return times;
  },

  loss: (): Promise<number> => step.loss(),

  /**
   * Milliseconds in which the host has put a step on the GPU's queue, the least of `count`, and the calls of the GPU that it made; of a step that
   * is run and of one that is replayed.
   */
  async host(count: number): Promise<HostTime[]> {
    const found: HostTime[] = [];
    for (const how of ['compute', 'run'] as const) {
      const times: number[] = [];
      let calls: Record<string, number> = {};
      // Of the replayed: one run, two recorded, one that makes the bind groups.
      for (let i = 0; i < count + 4; i++) {
        const { counts, restore } = countCalls(i === count + 3);
        const start = performance.now();
        step.run(how);
        const done = settled();
        times.push(performance.now() - start);
        restore();
        calls = counts;
        await done;
      }
      found.push({ how: how === 'run' ? 'replayed' : 'run', milliseconds: Math.min(...times.slice(4, -1)), calls });
    }
    return found;
  },

  /** Milliseconds a step by kernel over `count` steps; the difference from `step` is tfjs itself. On wasm and cpu only. */
  profile(count: number): { step: number; kernels: [name: string, milliseconds: number, calls: number][] } {
    const { times, restore } = timeKernels(getBackend());
    const start = performance.now();
    for (let i = 0; i < count; i++) step.run();
    const total = (performance.now() - start) / count;
    restore();
    const kernels = [...times].map(
      ([name, { milliseconds, calls }]) => [name, milliseconds / count, calls / count] as [string, number, number],
    );
    return { step: total, kernels: kernels.sort((a, b) => b[1] - a[1]) };
  },

  /** Bytes of live tensors between steps, and of the whole heap or of GPU buffers, which never shrink. */
  memory(): { tensors: number; heap: number } {
    const backend = tensorBackend() as unknown as { wasm?: { HEAPU8: Uint8Array }; numBytesInGPU?: number };
    const heap = backend.wasm
      ? backend.wasm.HEAPU8.buffer.byteLength
      : (memory() as { numBytesAllocatedInGPU?: number }).numBytesAllocatedInGPU;
    return { tensors: memory().numBytes, heap: heap ?? 0 };
  },

  /** Milliseconds of each generated token. */
  generate: (shape: ShapeName, tokens: number): Promise<number[]> => generationSpeed(shapes[shape], tokens),

  products: (sizes: [number, number, number][], warmUp: number): Promise<ProductSpeed[]> => productSpeeds(sizes, warmUp),
};

export type BenchWorker = typeof bench;

expose(bench);
