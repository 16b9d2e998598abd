import { add, mul, sigmoid, sub } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../api';
import { registerReferenceKernel } from '../kernel';
import { kernels } from '../kernels';

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

export function registerReference(backend: BackendName): void {
  registerReferenceKernel(kernels.Swiglu, backend, swigluReference);
  registerReferenceKernel(kernels.SwigluGrad, backend, swigluGradReference);
}
