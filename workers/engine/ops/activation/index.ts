/** SwiGLU (Shazeer, arXiv 2002.05202): the gated activation of Llama's feed-forward layer. */
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { defineGradient, handOut, runKernel, runKernels } from '../gradient';
import { kernels } from '../kernels';

/** gate [N,F], up [N,F] → silu(gate)·up [N,F], silu(x) = x·σ(x) */
export function swiglu(gate: Tensor2D, up: Tensor2D): Tensor2D {
  return runKernel(kernels.Swiglu, { gate, up });
}

defineGradient({
  kernel: kernels.Swiglu,
  saveInputs: ['gate', 'up'],
  gradient: ([dy], [gate, up]) => handOut(['gate', 'up'], runKernels(kernels.SwigluGrad, { gate, up, dy })),
});
