/** Dropout by counter, four numbers at a time; the generator is that of ../random.ts. A chunk is a block of elements. */
import { loadPart, storePart } from '../../../wasm/assembly/simd';

@inline
function mix4(v: v128): v128 {
  let x = i32x4.mul(v128.xor(v, i32x4.shr_u(v, 16)), i32x4.splat(<i32>0x85ebca6b));
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 13)), i32x4.splat(<i32>0xc2b2ae35));
  return v128.xor(x, i32x4.shr_u(x, 16));
}

@inline
function mask4(counter: i32, first: v128, second: v128, limit: v128, kept: v128): v128 {
  const numbers = mix4(i32x4.add(mix4(v128.xor(i32x4.add(i32x4.splat(counter), i32x4(0, 1, 2, 3)), first)), second));
  return v128.and(kept, i32x4.ge_u(numbers, limit));
}

/** y = x · (draw ≥ limit ? kept : 0) */
export function dropout(
  x: usize, y: usize, count: i32, offset: u32, first: u32, second: u32, limit: u32, kept: f32, block: i32, chunk: i32, scratch: usize,
): void {
  const end = min((chunk + 1) * block, count);
  const firsts = i32x4.splat(first);
  const seconds = i32x4.splat(second);
  const limits = i32x4.splat(limit);
  const factor = f32x4.splat(kept);
  let i = chunk * block;
  for (; i + 4 <= end; i += 4) {
    const at = <usize>i << 2;
    v128.store(y + at, f32x4.mul(v128.load(x + at), mask4(offset + i, firsts, seconds, limits, factor)));
  }
  if (i < end) {
    const at = <usize>i << 2;
    storePart(y + at, f32x4.mul(loadPart(x + at, end - i), mask4(offset + i, firsts, seconds, limits, factor)), end - i);
  }
}
