/**
 * Activations of the feed-forward network: SwiGLU (Shazeer, arXiv 2002.05202), Llama's, and GELU (Hendrycks & Gimpel,
 * arXiv 1606.08415), also as a gate (GEGLU, Gemma's). And the soft cap of scores and logits (Gemma 2, arXiv 2408.00118).
 */
import { div, mul, tanh } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { defineGradient, handOut, runKernel, runKernels } from '../registry';
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

/** gate [N,F], up [N,F] → gelu(gate)·up [N,F] */
export function geglu(gate: Tensor2D, up: Tensor2D, form: GeluForm): Tensor2D {
  return runKernel(kernels.Geglu, { gate, up }, { form });
}

/** cap · tanh(x / cap), without a gradient: kernels that cap have theirs. */
export function softCapped<T extends Tensor>(x: T, cap: number): T {
  return mul(tanh(div(x, cap)), cap);
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
  kernel: kernels.Geglu,
  saveInputs: ['gate', 'up'],
  gradient: ([dy], [gate, up], attributes) => handOut(['gate', 'up'], runKernels(kernels.GegluGrad, { gate, up, dy }, attributes)),
});

defineGradient<GeluAttributes>({
  kernel: kernels.Gelu,
  saveInputs: ['x'],
  gradient: ([dy], [x], attributes) => ({ x: () => runKernel(kernels.GeluGrad, { x, dy }, attributes) }),
});

/**
 * Φ, the distribution function of the standard normal, to float32 accuracy: Φ(−t) = e^(−t²/2)·u·(c₀ + c₁u + … + c₈u⁸) for t ≥ 0
 * with u = 1/(1 + 0.35 t), the form of Abramowitz & Stegun 7.1.26. The coefficients are a least-squares fit, reweighted towards the
 * least largest relative error (3.2e-8 over 0 ≤ t ≤ 14), to erfc at 40 digits. The exponential serves the density too, and unlike
 * ½(1 + erf) the left tail keeps its digits.
 */
export const tailScale = 0.35;

/** c₀ … c₈; assembly/gelu.ts has the same. */
export const tailCoefficients = [
  0.13962140679359436, 0.13986177742481232, 0.11983371526002884, 0.1055041179060936, -0.023099368438124657, 0.15915712714195251,
  -0.2556977868080139, 0.14396299421787262, -0.02914399281144142,
] as const;

/** 1/√(2π) */
export const densityAtZero = 0.3989422804014327;

/** gelu's tanh form is x·σ(2√(2/π)·(x + 0.044715x³)) = x·σ(x·(linear + cubic·x²)). */
export const tanhForm = { linear: 1.5957691216057308, cubic: 0.07135481627260025 } as const;

/** The tanh form's argument is past ±88 beyond this, so σ is 0 or 1 there; clamping keeps x³ finite. */
export const tanhFormLimit = 12;
