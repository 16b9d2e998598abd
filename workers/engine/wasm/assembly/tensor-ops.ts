/** Plain element-wise kernels. */
import { loadPart, storePart } from './simd';

/** y = a + b. A chunk is a block of elements. */
export function add(a: usize, b: usize, y: usize, count: i32, block: i32, chunk: i32, scratch: usize): void {
  const end = min((chunk + 1) * block, count);
  let i = chunk * block;
  for (; i + 4 <= end; i += 4) {
    const at = <usize>i << 2;
    v128.store(y + at, f32x4.add(v128.load(a + at), v128.load(b + at)));
  }
  if (i < end) {
    const at = <usize>i << 2;
    storePart(y + at, f32x4.add(loadPart(a + at, end - i), loadPart(b + at, end - i)), end - i);
  }
}

/** A tensor's bytes elsewhere. One chunk. */
export function copy(from: usize, to: usize, bytes: usize, chunk: i32, scratch: usize): void {
  memory.copy(to, from, bytes);
}
