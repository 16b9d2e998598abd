/** Sum of squares in double precision, block by block, so that the partition never depends on the threads. */

/** partial[chunk] (f64) = Σ x² over the chunk's block. */
export function sumOfSquares(x: usize, count: i32, partial: usize, block: i32, chunk: i32, scratch: usize): void {
  const end = min((chunk + 1) * block, count);
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  let i = chunk * block;
  for (; i + 4 <= end; i += 4) {
    const v = v128.load(x + (<usize>i << 2));
    const a = f64x2.promote_low_f32x4(v);
    const b = f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  const lanes = f64x2.add(low, high);
  let sum = f64x2.extract_lane(lanes, 0) + f64x2.extract_lane(lanes, 1);
  for (; i < end; i++) {
    const v = <f64>load<f32>(x + (<usize>i << 2));
    sum += v * v;
  }
  store<f64>(partial + (<usize>chunk << 3), sum);
}

/** norm = √Σ partial. One chunk. */
export function rootOfSum(partial: usize, count: i32, norm: usize, chunk: i32, scratch: usize): void {
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) sum += load<f64>(partial + (<usize>i << 3));
  store<f32>(norm, <f32>Math.sqrt(sum));
}
