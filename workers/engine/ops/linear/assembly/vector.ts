/**
 * Products with few rows, as in generation, where a row meets every weight once: the weight is read where it lies, since packing it
 * would cost more than the product.
 */
import { madd, sumLanes } from '../../../wasm/assembly/simd';

/** Four dot products of x with consecutive rows of a weight, `stride` bytes apart. */
@inline
function dots(x: usize, w: usize, stride: usize, depth: i32, y: usize, bias: usize, residual: usize): void {
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(0);
  let b0 = f32x4.splat(0);
  let b1 = f32x4.splat(0);
  let c0 = f32x4.splat(0);
  let c1 = f32x4.splat(0);
  let d0 = f32x4.splat(0);
  let d1 = f32x4.splat(0);
  let k = 0;
  for (; k + 8 <= depth; k += 8) {
    const at = <usize>k << 2;
    const low = v128.load(x + at);
    const high = v128.load(x + at, 16);
    let from = w + at;
    a0 = madd(low, v128.load(from), a0);
    a1 = madd(high, v128.load(from, 16), a1);
    from += stride;
    b0 = madd(low, v128.load(from), b0);
    b1 = madd(high, v128.load(from, 16), b1);
    from += stride;
    c0 = madd(low, v128.load(from), c0);
    c1 = madd(high, v128.load(from, 16), c1);
    from += stride;
    d0 = madd(low, v128.load(from), d0);
    d1 = madd(high, v128.load(from, 16), d1);
  }
  let a = sumLanes(f32x4.add(a0, a1));
  let b = sumLanes(f32x4.add(b0, b1));
  let c = sumLanes(f32x4.add(c0, c1));
  let d = sumLanes(f32x4.add(d0, d1));
  for (; k < depth; k++) {
    const at = <usize>k << 2;
    const value = load<f32>(x + at);
    const from = w + at;
    a += value * load<f32>(from);
    b += value * load<f32>(from + stride);
    c += value * load<f32>(from + 2 * stride);
    d += value * load<f32>(from + 3 * stride);
  }
  place(y, a, bias, residual);
  place(y + 4, b, bias ? bias + 4 : 0, residual ? residual + 4 : 0);
  place(y + 8, c, bias ? bias + 8 : 0, residual ? residual + 8 : 0);
  place(y + 12, d, bias ? bias + 12 : 0, residual ? residual + 12 : 0);
}

@inline
function place(y: usize, value: f32, bias: usize, residual: usize): void {
  if (bias) value += load<f32>(bias);
  if (residual) value += load<f32>(residual);
  store<f32>(y, value);
}

function dot(x: usize, w: usize, depth: i32): f32 {
  let s = f32x4.splat(0);
  let k = 0;
  for (; k + 4 <= depth; k += 4) s = madd(v128.load(x + (<usize>k << 2)), v128.load(w + (<usize>k << 2)), s);
  let sum = sumLanes(s);
  for (; k < depth; k++) sum += load<f32>(x + (<usize>k << 2)) * load<f32>(w + (<usize>k << 2));
  return sum;
}

/** y [rows,columns] = x [rows,depth]·weight [columns,depth]ᵀ + bias + residual (addresses, 0 when absent). A chunk is a block of columns. */
export function vectorProduct(
  x: usize, rows: i32, weight: usize, columns: i32, depth: i32, bias: usize, residual: usize, y: usize, blockColumns: i32,
  chunk: i32, scratch: usize,
): void {
  const stride = <usize>depth << 2;
  const end = min((chunk + 1) * blockColumns, columns);
  for (let row = 0; row < rows; row++) {
    const from = x + <usize>row * stride;
    const offset = (<usize>row * columns) << 2;
    let column = chunk * blockColumns;
    for (; column + 4 <= end; column += 4) {
      const at = <usize>column << 2;
      dots(
        from, weight + <usize>column * stride, stride, depth, y + offset + at, bias ? bias + at : 0,
        residual ? residual + offset + at : 0,
      );
    }
    for (; column < end; column++) {
      const at = <usize>column << 2;
      place(y + offset + at, dot(from, weight + <usize>column * stride, depth), bias ? bias + at : 0, residual ? residual + offset + at : 0);
    }
  }
}
