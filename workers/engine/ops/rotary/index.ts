/** Rotary position embedding (Su et al., arXiv 2104.09864) in transformers' half-split pairing: component i turns with i + r/2. */
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { defineGradient, runKernel } from '../gradient';
import { kernels } from '../kernels';

export interface RotaryAttributes {
  context: number;
  heads: number;
  /** Rotate by −angle. */
  inverse: boolean;
}

/**
 * x [N,heads·h], cos and sin [context,r] → x turned by the angle of position n mod context. An even r ≤ h: the first r components
 * of each head turn, the others stay as they are (GPT-NeoX's rotary_pct).
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
