/** GELU, exact and in its tanh form, alone or as the gate of GEGLU, and its gradient over flat arrays. A chunk is a block of elements. */
import { exp4, loadPart, madd, storePart } from '../../../wasm/assembly/simd';
import { sigmoid4 } from './swiglu';

/** e^(−x²/2) */
@inline
function bell4(x: v128): v128 {
  return exp4(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5)));
}

/** Φ(x), given e^(−x²/2): formula and coefficients of ../normal.ts. */
@inline
function distribution4(x: v128, bell: v128): v128 {
  const one = f32x4.splat(1.0);
  const u = f32x4.div(one, madd(f32x4.abs(x), f32x4.splat(0.35), one));
  let p = madd(f32x4.splat(-0.02914399281144142), u, f32x4.splat(0.14396299421787262));
  p = madd(p, u, f32x4.splat(-0.2556977868080139));
  p = madd(p, u, f32x4.splat(0.15915712714195251));
  p = madd(p, u, f32x4.splat(-0.023099368438124657));
  p = madd(p, u, f32x4.splat(0.1055041179060936));
  p = madd(p, u, f32x4.splat(0.11983371526002884));
  p = madd(p, u, f32x4.splat(0.13986177742481232));
  p = madd(p, u, f32x4.splat(0.13962140679359436));
  const tail = f32x4.mul(f32x4.mul(p, u), bell);
  return v128.bitselect(tail, f32x4.sub(one, tail), f32x4.lt(x, f32x4.splat(0)));
}

/** x kept where the tanh form's argument stays finite. */
@inline
function limited4(x: v128): v128 {
  return f32x4.min(f32x4.max(x, f32x4.splat(-12.0)), f32x4.splat(12.0));
}

/** σ(2√(2/π)·(x + 0.044715x³)) of a limited x. */
@inline
function gate4(x: v128): v128 {
  const factor = madd(f32x4.mul(x, x), f32x4.splat(0.07135481627260025), f32x4.splat(1.5957691216057308));
  return sigmoid4(f32x4.mul(x, factor));
}

@inline
function gelu4(x: v128, exact: bool): v128 {
  return f32x4.mul(x, exact ? distribution4(x, bell4(x)) : gate4(limited4(x)));
}

@inline
function slope4(x: v128, exact: bool): v128 {
  if (exact) {
    // Φ(x) + x·φ(x)
    const bell = bell4(x);
    return madd(f32x4.mul(x, f32x4.splat(0.3989422804014327)), bell, distribution4(x, bell));
  }
  // σ + x·σ·(1 − σ)·d(argument)/dx
  const t = limited4(x);
  const s = gate4(t);
  const steepness = madd(f32x4.mul(t, t), f32x4.splat(0.21406444881780075), f32x4.splat(1.5957691216057308));
  const open = f32x4.mul(s, f32x4.sub(f32x4.splat(1.0), s));
  return madd(f32x4.mul(t, steepness), open, s);
}

export function gelu(x: usize, y: usize, count: i32, exact: i32, block: i32, chunk: i32, scratch: usize): void {
  const end = min((chunk + 1) * block, count);
  const form = exact != 0;
  let i = chunk * block;
  for (; i + 4 <= end; i += 4) {
    const at = <usize>i << 2;
    v128.store(y + at, gelu4(v128.load(x + at), form));
  }
  if (i < end) {
    const at = <usize>i << 2;
    storePart(y + at, gelu4(loadPart(x + at, end - i), form), end - i);
  }
}

export function geluGrad(x: usize, dy: usize, dx: usize, count: i32, exact: i32, block: i32, chunk: i32, scratch: usize): void {
  const end = min((chunk + 1) * block, count);
  const form = exact != 0;
  let i = chunk * block;
  for (; i + 4 <= end; i += 4) {
    const at = <usize>i << 2;
    v128.store(dx + at, f32x4.mul(v128.load(dy + at), slope4(v128.load(x + at), form)));
  }
  if (i < end) {
    const at = <usize>i << 2;
    storePart(dx + at, f32x4.mul(loadPart(dy + at, end - i), slope4(loadPart(x + at, end - i), form)), end - i);
  }
}

export function geglu(gate: usize, up: usize, y: usize, count: i32, exact: i32, block: i32, chunk: i32, scratch: usize): void {
  const end = min((chunk + 1) * block, count);
  const form = exact != 0;
  let i = chunk * block;
  for (; i + 4 <= end; i += 4) {
    const at = <usize>i << 2;
    v128.store(y + at, f32x4.mul(gelu4(v128.load(gate + at), form), v128.load(up + at)));
  }
  if (i < end) {
    const at = <usize>i << 2;
    storePart(y + at, f32x4.mul(gelu4(loadPart(gate + at, end - i), form), loadPart(up + at, end - i)), end - i);
  }
}

export function gegluGrad(
  gate: usize, up: usize, dy: usize, dgate: usize, dup: usize, count: i32, exact: i32, block: i32, chunk: i32, scratch: usize,
): void {
  const end = min((chunk + 1) * block, count);
  const form = exact != 0;
  let i = chunk * block;
  for (; i + 4 <= end; i += 4) {
    const at = <usize>i << 2;
    const g = v128.load(gate + at);
    const d = v128.load(dy + at);
    v128.store(dup + at, f32x4.mul(d, gelu4(g, form)));
    v128.store(dgate + at, f32x4.mul(f32x4.mul(d, v128.load(up + at)), slope4(g, form)));
  }
  if (i < end) {
    const at = <usize>i << 2;
    const left = end - i;
    const g = loadPart(gate + at, left);
    const d = loadPart(dy + at, left);
    storePart(dup + at, f32x4.mul(d, gelu4(g, form)), left);
    storePart(dgate + at, f32x4.mul(f32x4.mul(d, loadPart(up + at, left)), slope4(g, form)), left);
  }
}
