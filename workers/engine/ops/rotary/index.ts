/** Rotary position embedding (Su et al., arXiv 2104.09864) in transformers' half-split pairing: component i is rotated with i + r/2. */
import { add, concat, mul, neg, reshape, slice, sub } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../../src/contract/device';
import { kernels } from '../kernels';
import { defineGradient, registerReferenceKernel, runKernel } from '../registry';

export interface RotaryAttributes {
  context: number;
  heads: number;
  /** Rotate by −angle. */
  inverse: boolean;
}

/**
 * x [N,heads·h], cos and sin [context,r] → x rotated by the angles of position n mod context. r is even and ≤ h: the first r components
 * of each head are rotated, the others are left as they are (GPT-NeoX's rotary_pct).
 */
export function rotary(x: Tensor2D, cos: Tensor2D, sin: Tensor2D, { context, heads }: { context: number; heads: number }): Tensor2D {
  return runKernel(kernels.Rotary, { x, cos, sin }, { context, heads, inverse: false });
}

defineGradient<RotaryAttributes>({
  kernel: kernels.Rotary,
  saveInputs: ['cos', 'sin'],
  // A rotation's transpose is the rotation by −angle.
  gradient: ([dy], [cos, sin], attributes) => ({
    x: () => runKernel(kernels.Rotary, { x: dy, cos, sin }, { ...attributes, inverse: !attributes.inverse }),
  }),
});

export function rotaryReference(
  { x, cos, sin }: { x: Tensor2D; cos: Tensor2D; sin: Tensor2D },
  { context, heads, inverse }: RotaryAttributes,
): Tensor {
  const [rows, width] = x.shape;
  const rotated = cos.shape[1];
  const half = rotated / 2;
  const split = reshape(x, [rows / context, context, heads, width / heads]);
  const part = (from: number, count: number) => slice(split, [0, 0, 0, from], [-1, -1, -1, count]);
  const partner = concat([neg(part(half, half)), part(0, half)], 3);
  const along = mul(part(0, rotated), reshape(cos, [1, context, 1, rotated]));
  const across = mul(partner, reshape(sin, [1, context, 1, rotated]));
  const result = inverse ? sub(along, across) : add(along, across);
  return reshape(rotated * heads === width ? result : concat([result, part(rotated, width / heads - rotated)], 3), [rows, width]);
}

export function registerReference(backend: BackendName): void {
  registerReferenceKernel(kernels.Rotary, backend, rotaryReference);
}
