/** SwiGLU and its gradient over flat arrays. A chunk is a block of elements. */
import { exp4, loadPart, madd, storePart } from '../../../wasm/assembly/simd';

@inline
export function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1.0);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}

export function swiglu(gate: usize, up: usize, y: usize, count: i32, block: i32, chunk: i32, scratch: usize): void {
  const end = min((chunk + 1) * block, count);
  let i = chunk * block;
  for (; i + 4 <= end; i += 4) {
    const at = <usize>i << 2;
    const g = v128.load(gate + at);
    v128.store(y + at, f32x4.mul(f32x4.mul(g, sigmoid4(g)), v128.load(up + at)));
  }
  if (i < end) {
    const at = <usize>i << 2;
    const g = loadPart(gate + at, end - i);
    storePart(y + at, f32x4.mul(f32x4.mul(g, sigmoid4(g)), loadPart(up + at, end - i)), end - i);
  }
}

@inline
function gateSlope(g: v128, s: v128): v128 {
  // d silu / dg = s·(1 + g·(1 − s))
  return f32x4.mul(s, madd(g, f32x4.sub(f32x4.splat(1.0), s), f32x4.splat(1.0)));
}

export function swigluGrad(gate: usize, up: usize, dy: usize, dgate: usize, dup: usize, count: i32, block: i32, chunk: i32, scratch: usize): void {
  const end = min((chunk + 1) * block, count);
  let i = chunk * block;
  for (; i + 4 <= end; i += 4) {
    const at = <usize>i << 2;
    const g = v128.load(gate + at);
    const s = sigmoid4(g);
    const d = v128.load(dy + at);
    v128.store(dup + at, f32x4.mul(d, f32x4.mul(g, s)));
    v128.store(dgate + at, f32x4.mul(f32x4.mul(d, v128.load(up + at)), gateSlope(g, s)));
  }
  if (i < end) {
    const at = <usize>i << 2;
    const left = end - i;
    const g = loadPart(gate + at, left);
    const s = sigmoid4(g);
    const d = loadPart(dy + at, left);
    storePart(dup + at, f32x4.mul(d, f32x4.mul(g, s)), left);
    storePart(dgate + at, f32x4.mul(f32x4.mul(d, loadPart(up + at, left)), gateSlope(g, s)), left);
  }
}
