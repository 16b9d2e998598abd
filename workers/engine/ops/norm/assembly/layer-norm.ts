/** Layer norm and its gradient, row by row. A chunk is a block of rows. */
import { madd, sumLanes } from '../../../wasm/assembly/simd';

function meanOf(x: usize, width: i32): f32 {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let i = 0;
  for (; i + 8 <= width; i += 8) {
    s0 = f32x4.add(s0, v128.load(x + (<usize>i << 2)));
    s1 = f32x4.add(s1, v128.load(x + (<usize>i << 2), 16));
  }
  let sum = sumLanes(f32x4.add(s0, s1));
  for (; i < width; i++) sum += load<f32>(x + (<usize>i << 2));
  return sum / <f32>width;
}

/** 1/√(variance + ε): squares of deviations, since mean(x²) − mean² loses the digits of a row far from 0. */
function inverseDeviation(x: usize, width: i32, mean: f32, epsilon: f32): f32 {
  const means = f32x4.splat(mean);
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let i = 0;
  for (; i + 8 <= width; i += 8) {
    const a = f32x4.sub(v128.load(x + (<usize>i << 2)), means);
    const b = f32x4.sub(v128.load(x + (<usize>i << 2), 16), means);
    s0 = madd(a, a, s0);
    s1 = madd(b, b, s1);
  }
  let sum = sumLanes(f32x4.add(s0, s1));
  for (; i < width; i++) {
    const a = load<f32>(x + (<usize>i << 2)) - mean;
    sum += a * a;
  }
  return 1.0 / sqrt<f32>(sum / <f32>width + epsilon);
}

export function layerNorm(
  x: usize, weight: usize, bias: usize, y: usize, rows: i32, width: i32, epsilon: f32, blockRows: i32, chunk: i32, scratch: usize,
): void {
  const end = min((chunk + 1) * blockRows, rows);
  for (let row = chunk * blockRows; row < end; row++) {
    const offset = (<usize>row * width) << 2;
    const from = x + offset;
    const to = y + offset;
    const mean = meanOf(from, width);
    const inverse = inverseDeviation(from, width, mean, epsilon);
    const means = f32x4.splat(mean);
    const factor = f32x4.splat(inverse);
    let i = 0;
    for (; i + 4 <= width; i += 4) {
      const at = <usize>i << 2;
      const normed = f32x4.mul(f32x4.sub(v128.load(from + at), means), factor);
      v128.store(to + at, madd(normed, v128.load(weight + at), v128.load(bias + at)));
    }
    for (; i < width; i++) {
      const at = <usize>i << 2;
      store<f32>(to + at, (load<f32>(from + at) - mean) * inverse * load<f32>(weight + at) + load<f32>(bias + at));
    }
  }
}

/** dx, and this chunk's shares of dweight and dbias in row `chunk` of partials [chunks, width]. */
export function layerNormGrad(
  x: usize, weight: usize, dy: usize, dx: usize, weightPartial: usize, biasPartial: usize, rows: i32, width: i32, epsilon: f32,
  blockRows: i32, chunk: i32, scratch: usize,
): void {
  const end = min((chunk + 1) * blockRows, rows);
  const toWeight = weightPartial + ((<usize>chunk * width) << 2);
  const toBias = biasPartial + ((<usize>chunk * width) << 2);
  memory.fill(toWeight, 0, <usize>width << 2);
  memory.fill(toBias, 0, <usize>width << 2);
  for (let row = chunk * blockRows; row < end; row++) {
    const offset = (<usize>row * width) << 2;
    const xr = x + offset;
    const gr = dy + offset;
    const to = dx + offset;
    const mean = meanOf(xr, width);
    const inverse = inverseDeviation(xr, width, mean, epsilon);
    const means = f32x4.splat(mean);
    const factor = f32x4.splat(inverse);
    let sums = f32x4.splat(0);
    let dots = f32x4.splat(0);
    let i = 0;
    for (; i + 4 <= width; i += 4) {
      const at = <usize>i << 2;
      const normed = f32x4.mul(f32x4.sub(v128.load(xr + at), means), factor);
      const g = v128.load(gr + at);
      const scaled = f32x4.mul(g, v128.load(weight + at));
      sums = f32x4.add(sums, scaled);
      dots = madd(scaled, normed, dots);
      v128.store(toWeight + at, madd(normed, g, v128.load(toWeight + at)));
      v128.store(toBias + at, f32x4.add(v128.load(toBias + at), g));
    }
    let sum = sumLanes(sums);
    let dot = sumLanes(dots);
    for (; i < width; i++) {
      const at = <usize>i << 2;
      const normed = (load<f32>(xr + at) - mean) * inverse;
      const g = load<f32>(gr + at);
      const scaled = g * load<f32>(weight + at);
      sum += scaled;
      dot += scaled * normed;
      store<f32>(toWeight + at, load<f32>(toWeight + at) + normed * g);
      store<f32>(toBias + at, load<f32>(toBias + at) + g);
    }
    // dx = (g·w − mean(g·w) − x̂·mean(g·w·x̂)) / √(variance + ε)
    const level = sum / <f32>width;
    const pull = dot / <f32>width;
    const levels = f32x4.splat(level);
    const pulls = f32x4.splat(pull);
    for (i = 0; i + 4 <= width; i += 4) {
      const at = <usize>i << 2;
      const normed = f32x4.mul(f32x4.sub(v128.load(xr + at), means), factor);
      const scaled = f32x4.sub(f32x4.mul(v128.load(gr + at), v128.load(weight + at)), levels);
      v128.store(to + at, f32x4.mul(f32x4.sub(scaled, f32x4.mul(normed, pulls)), factor));
    }
    for (; i < width; i++) {
      const at = <usize>i << 2;
      const normed = (load<f32>(xr + at) - mean) * inverse;
      store<f32>(to + at, (load<f32>(gr + at) * load<f32>(weight + at) - level - normed * pull) * inverse);
    }
  }
}
