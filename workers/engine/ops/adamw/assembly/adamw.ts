/** AdamW in place. A chunk is a block of elements. */
import { loadPart, madd, storePart } from '../../../wasm/assembly/simd';

/**
 * m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², θ ← keep·θ − rate·m/(√v/root + ε) with g scaled by the float at `clipScale`.
 * keep = 1 − lr·decay, rate = lr/(1−β₁ᵗ), root = √(1−β₂ᵗ). `still`: leave θ as it is.
 */
export function adamw(
  parameter: usize, gradient: usize, first: usize, second: usize, clipScale: usize, count: i32, beta1: f32, rest1: f32, beta2: f32, rest2: f32,
  epsilon: f32, keep: f32, rate: f32, root: f32, still: i32, block: i32, chunk: i32, scratch: usize,
): void {
  const end = min((chunk + 1) * block, count);
  const clip = v128.load32_splat(clipScale);
  for (let i = chunk * block; i < end; i += 4) {
    const at = <usize>i << 2;
    const left = end - i;
    const whole = left >= 4;
    const g = f32x4.mul(whole ? v128.load(gradient + at) : loadPart(gradient + at, left), clip);
    const m0 = whole ? v128.load(first + at) : loadPart(first + at, left);
    const v0 = whole ? v128.load(second + at) : loadPart(second + at, left);
    const m = madd(m0, f32x4.splat(beta1), f32x4.mul(g, f32x4.splat(rest1)));
    const v = madd(v0, f32x4.splat(beta2), f32x4.mul(f32x4.mul(g, g), f32x4.splat(rest2)));
    if (whole) {
      v128.store(first + at, m);
      v128.store(second + at, v);
    } else {
      storePart(first + at, m, left);
      storePart(second + at, v, left);
    }
    if (still) continue;
    const p = whole ? v128.load(parameter + at) : loadPart(parameter + at, left);
    const size = f32x4.add(f32x4.div(f32x4.sqrt(v), f32x4.splat(root)), f32x4.splat(epsilon));
    const next = f32x4.sub(f32x4.mul(p, f32x4.splat(keep)), f32x4.mul(f32x4.div(m, size), f32x4.splat(rate)));
    if (whole) v128.store(parameter + at, next);
    else storePart(parameter + at, next, left);
  }
}
