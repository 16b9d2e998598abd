/** How a CPU kernel of ours enters tfjs's registry, in place of the reference. */
import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import { replaceKernel } from '../ops/kernel';
import type { KernelName } from '../ops/kernels';

export function registerWasmKernel<Inputs, Attributes = object>(
  kernelName: KernelName,
  compute: (inputs: Inputs, attributes: Attributes) => TensorInfo | TensorInfo[],
): void {
  replaceKernel({
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }: { inputs: NamedTensorInfoMap; attrs?: NamedAttrMap }) =>
      compute(inputs as Inputs, (attrs ?? {}) as Attributes),
  });
}

/** Rows (or elements) of a block and the number of blocks, for work cut into at most `most` equal parts of at least `least`. */
export function partition(count: number, least: number, most = 32): { block: number; chunks: number } {
  const block = Math.max(least, Math.ceil(count / most / 4) * 4);
  return { block, chunks: Math.max(1, Math.ceil(count / block)) };
}

/** Elements below which handing work to another thread costs more than it saves. */
export const SMALL = 8192;

/** Rows of `width` elements in a part. */
export function partitionRows(rows: number, width: number): { block: number; chunks: number } {
  return partition(rows, Math.max(1, Math.ceil(SMALL / width)));
}
