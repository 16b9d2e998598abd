import { abs, add, clipByValue, div, exp, less, mul, sigmoid, square, sub, where } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../../src/contract/device';
import { registerReferenceKernel } from '../registry';
import { kernels } from '../kernels';
import type { GeluAttributes } from '.';
import { densityAtZero, tailCoefficients, tailScale, tanhForm, tanhFormLimit } from '.';

interface SwigluInputs {
  gate: Tensor2D;
  up: Tensor2D;
}

export function swigluReference({ gate, up }: SwigluInputs): Tensor {
  return mul(mul(gate, sigmoid(gate)), up);
}

/** With s = σ(gate): dgate = dy·up·s·(1 + gate·(1 − s)), dup = dy·gate·s. */
export function swigluGradReference({ gate, up, dy }: SwigluInputs & { dy: Tensor2D }): Tensor[] {
  const s = sigmoid(gate);
  const slope = mul(s, add(mul(gate, sub(1, s)), 1));
  return [mul(mul(dy, up), slope), mul(dy, mul(gate, s))];
}

/** e^(−x²/2) */
function bell(x: Tensor): Tensor {
  return exp(mul(square(x), -0.5));
}

/** Φ(x). tfjs's own erf is off by 1.5e-7. */
function distribution(x: Tensor): Tensor {
  const u = div(1, add(mul(abs(x), tailScale), 1));
  const series = tailCoefficients.reduceRight<Tensor>((sum, coefficient) => mul(add(sum, coefficient), u), mul(u, 0));
  const tail = mul(series, bell(x));
  return where(less(x, 0), tail, sub(1, tail));
}

/** σ of the tanh form's argument, of a limited x. */
function gate(x: Tensor): Tensor {
  return sigmoid(mul(x, add(mul(square(x), tanhForm.cubic), tanhForm.linear)));
}

export function geluReference({ x }: { x: Tensor }, { form }: GeluAttributes): Tensor {
  return mul(x, form === 'exact' ? distribution(x) : gate(clipByValue(x, -tanhFormLimit, tanhFormLimit)));
}

/** exact: dy·(Φ + x·φ); tanh, with s = σ(a(x)): dy·(s + x·s·(1 − s)·a′). */
export function geluGradReference({ x, dy }: { x: Tensor; dy: Tensor }, { form }: GeluAttributes): Tensor {
  if (form === 'exact') return mul(dy, add(distribution(x), mul(mul(x, densityAtZero), bell(x))));
  const limited = clipByValue(x, -tanhFormLimit, tanhFormLimit);
  const s = gate(limited);
  const steepness = add(mul(square(limited), 3 * tanhForm.cubic), tanhForm.linear);
  return mul(dy, add(s, mul(mul(limited, steepness), mul(s, sub(1, s)))));
}

export function gegluReference({ gate, up }: SwigluInputs, attributes: GeluAttributes): Tensor {
  return mul(geluReference({ x: gate }, attributes), up);
}

export function gegluGradReference({ gate, up, dy }: SwigluInputs & { dy: Tensor2D }, attributes: GeluAttributes): Tensor[] {
  return [geluGradReference({ x: gate, dy: mul(dy, up) }, attributes), mul(dy, geluReference({ x: gate }, attributes))];
}

export function registerReference(backend: BackendName): void {
  registerReferenceKernel(kernels.Swiglu, backend, swigluReference);
  registerReferenceKernel(kernels.SwigluGrad, backend, swigluGradReference);
  registerReferenceKernel(kernels.Geglu, backend, gegluReference);
  registerReferenceKernel(kernels.GegluGrad, backend, gegluGradReference);
  registerReferenceKernel(kernels.Gelu, backend, geluReference);
  registerReferenceKernel(kernels.GeluGrad, backend, geluGradReference);
}
