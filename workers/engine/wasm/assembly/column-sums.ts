/** Sums over rows: blocks of rows first, then the blocks' sums in their order, so that threads change no bit. */

/** This chunk's block of rows of x [rows, width], summed into row `chunk` of partial [chunks, width]. */
export function columnSums(x: usize, partial: usize, rows: i32, width: i32, blockRows: i32, chunk: i32, scratch: usize): void {
  const first = chunk * blockRows;
  sumRows(x + ((<usize>first * width) << 2), min(blockRows, rows - first), width, partial + ((<usize>chunk * width) << 2));
}

/** total [width] = Σ of the rows of partial [count, width], from the first to the last. One chunk. */
export function sumPartials(partial: usize, count: i32, width: i32, total: usize, chunk: i32, scratch: usize): void {
  sumRows(partial, count, width, total);
}

function sumRows(x: usize, count: i32, width: i32, total: usize): void {
  memory.copy(total, x, <usize>width << 2);
  for (let row = 1; row < count; row++) {
    const from = x + ((<usize>row * width) << 2);
    let i = 0;
    for (; i + 4 <= width; i += 4) {
      const at = <usize>i << 2;
      v128.store(total + at, f32x4.add(v128.load(total + at), v128.load(from + at)));
    }
    for (; i < width; i++) {
      const at = <usize>i << 2;
      store<f32>(total + at, load<f32>(total + at) + load<f32>(from + at));
    }
  }
}
