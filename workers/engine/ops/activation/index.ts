/**
 * Activations of the feed-forward layer: SwiGLU (Shazeer, arXiv 2002.05202), Llama's, and GELU (Hendrycks & Gimpel,
 * arXiv 1606.08415).
 */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { defineGradient, handOut, runKernel, runKernels } from '../gradient';
import { kernels } from '../kernels';

/** `exact`: x·Φ(x), transformers' "gelu". `tanh`: the approximation of the paper, "gelu_new" and "gelu_pytorch_tanh". */
export type GeluForm = 'exact' | 'tanh';

export interface GeluAttributes {
  form: GeluForm;
}

/** gate [N,F], up [N,F] → silu(gate)·up [N,F], silu(x) = x·σ(x) */
export function swiglu(gate: Tensor2D, up: Tensor2D): Tensor2D {
  return runKernel(kernels.Swiglu, { gate, up });
}

/** x of any shape → gelu(x), in the same shape */
export function gelu<T extends Tensor>(x: T, form: GeluForm): T {
  return runKernel(kernels.Gelu, { x }, { form });
}

defineGradient({
  kernel: kernels.Swiglu,
  saveInputs: ['gate', 'up'],
  gradient: ([dy], [gate, up]) => handOut(['gate', 'up'], runKernels(kernels.SwigluGrad, { gate, up, dy })),
});

defineGradient<GeluAttributes>({
  kernel: kernels.Gelu,
  saveInputs: ['x'],
  gradient: ([dy], [x], attributes) => ({ x: () => runKernel(kernels.GeluGrad, { x, dy }, attributes) }),
});
