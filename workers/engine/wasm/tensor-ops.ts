/**
 * Two of tfjs's own wasm kernels that a step calls often, done better: `Identity` copies every tensor that the tape saves, where
 * an alias will do, and `Add`, which sums gradients, runs on one thread without SIMD.
 */
import { Add, getKernel, Identity, util } from '@tensorflow/tfjs-core';
import type { KernelFunc, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import { replaceKernel } from '../ops/registry';
import type { WasmEngine } from './engine';
import { partition, SMALL } from './engine';

/** tfjs's own, for shapes that broadcast and for other types. */
let plainAdd: KernelFunc | undefined;

export function registerTensorOps(engine: WasmEngine): void {
  plainAdd ??= getKernel(Add, 'wasm').kernelFunc;
  const fallback = plainAdd;
  replaceKernel({
    kernelName: Add,
    backendName: 'wasm',
    kernelFunc: (parameters) => {
      const { a, b } = parameters.inputs as unknown as { a: TensorInfo; b: TensorInfo };
      if (a.dtype !== 'float32' || b.dtype !== 'float32' || !util.arraysEqual(a.shape, b.shape)) return fallback(parameters);
      const output = engine.output(a.shape);
      const count = util.sizeFromShape(a.shape);
      const { block, chunks } = partition(count, 2 * SMALL);
      engine.run('add', chunks, [engine.address(a), engine.address(b), engine.address(output), count, block]);
      return output;
    },
  });
  replaceKernel({
    kernelName: Identity,
    backendName: 'wasm',
    kernelFunc: ({ inputs }: { inputs: NamedTensorInfoMap }) => engine.alias(inputs['x'] as TensorInfo),
  });
}
