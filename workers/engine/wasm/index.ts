/** The fast CPU path: fused kernels in place of the reference ops on tfjs's wasm backend. */
import { registerWasm as registerActivation } from '../ops/activation/wasm';
import { registerWasm as registerAdamw } from '../ops/adamw/wasm';
import { registerWasm as registerAttention } from '../ops/attention/wasm';
import { registerWasm as registerCrossEntropy } from '../ops/cross-entropy/wasm';
import { registerWasm as registerDropout } from '../ops/dropout/wasm';
import { registerWasm as registerEmbedding } from '../ops/embedding/wasm';
import { registerWasm as registerLinear } from '../ops/linear/wasm';
import { registerWasm as registerNorm } from '../ops/norm/wasm';
import { registerWasm as registerReductions } from '../ops/reductions/wasm';
import { registerWasm as registerRotary } from '../ops/rotary/wasm';
import { WasmEngine } from './engine';
import { registerTensorOps } from './tensor-ops';

let current: WasmEngine | null = null;

export interface WasmKernelOptions {
  /** Threads in all, the caller's included; one when the heap is not shared (the page is not cross-origin isolated). */
  threads: number;
  /** False: the build without fused multiply-add, for tests. */
  relaxed?: boolean;
}

/**
 * Starts the CPU kernels on tfjs's wasm backend, which must be the current one, in place of those of an earlier call.
 * `simd: 'none'`: the browser lacks SIMD and the reference ops are to be used.
 */
export async function openWasmKernels(options: WasmKernelOptions): Promise<{ threads: number; simd: 'none' | 'simd' | 'relaxed-simd' }> {
  current?.close();
  current = await WasmEngine.open(options);
  return current ? { threads: current.threads, simd: current.simd } : { threads: 1, simd: 'none' };
}

/** Puts the kernels into tfjs's registry. Does nothing when `openWasmKernels` found no SIMD. */
export function registerWasmKernels(): void {
  if (!current) return;
  for (const register of [
    registerActivation,
    registerAdamw,
    registerAttention,
    registerCrossEntropy,
    registerDropout,
    registerEmbedding,
    registerLinear,
    registerNorm,
    registerReductions,
    registerRotary,
    registerTensorOps,
  ])
    register(current);
}

/** Ends the threads and gives the scratch memory back. The kernels must not run after it. */
export function closeWasmKernels(): void {
  current?.close();
  current = null;
}
