/** RMSNorm and its gradient, row by row. A chunk is a block of rows. */
import { madd, sumLanes } from '../../../wasm/assembly/simd';

function inverseRms(x: usize, width: i32, epsilon: f32): f32 {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let i = 0;
  for (; i + 8 <= width; i += 8) {
    const a = v128.load(x + (<usize>i << 2));
    const b = v128.load(x + (<usize>i << 2), 16);
    s0 = madd(a, a, s0);
    s1 = madd(b, b, s1);
  }
  let sum = sumLanes(f32x4.add(s0, s1));
  for (; i < width; i++) {
    const a = load<f32>(x + (<usize>i << 2));
    sum += a * a;
  }
  return 1.0 / sqrt<f32>(sum / <f32>width + epsilon);
}

export function rmsNorm(x: usize, weight: usize, y: usize, rows: i32, width: i32, epsilon: f32, blockRows: i32, chunk: i32, scratch: usize): void {
  const end = min((chunk + 1) * blockRows, rows);
  for (let row = chunk * blockRows; row < end; row++) {
    const offset = (<usize>row * width) << 2;
    const from = x + offset;
    const to = y + offset;
    const inverse = inverseRms(from, width, epsilon);
    const factor = f32x4.splat(inverse);
    let i = 0;
    for (; i + 4 <= width; i += 4) {
      const at = <usize>i << 2;
      v128.store(to + at, f32x4.mul(f32x4.mul(v128.load(from + at), factor), v128.load(weight + at)));
    }
    for (; i < width; i++) {
      const at = <usize>i << 2;
      store<f32>(to + at, load<f32>(from + at) * inverse * load<f32>(weight + at));
    }
  }
}

/** dx + beside (an address, 0 when absent), and this chunk's share of dweight in row `chunk` of partial [chunks, width]. */
export function rmsNormGrad(
  x: usize, weight: usize, dy: usize, beside: usize, dx: usize, partial: usize, rows: i32, width: i32, epsilon: f32,
  blockRows: i32, chunk: i32, scratch: usize,
): void {
  const end = min((chunk + 1) * blockRows, rows);
  const share = partial + ((<usize>chunk * width) << 2);
  memory.fill(share, 0, <usize>width << 2);
  for (let row = chunk * blockRows; row < end; row++) {
    const offset = (<usize>row * width) << 2;
    const xr = x + offset;
    const gr = dy + offset;
    const to = dx + offset;
    const inverse = inverseRms(xr, width, epsilon);
    const factor = f32x4.splat(inverse);
    let dots = f32x4.splat(0);
    let i = 0;
    for (; i + 4 <= width; i += 4) {
      const at = <usize>i << 2;
      const xv = v128.load(xr + at);
      const g = v128.load(gr + at);
      dots = madd(f32x4.mul(g, v128.load(weight + at)), xv, dots);
      v128.store(share + at, madd(f32x4.mul(xv, factor), g, v128.load(share + at)));
    }
    let dot = sumLanes(dots);
    for (; i < width; i++) {
      const at = <usize>i << 2;
      const xv = load<f32>(xr + at);
      const g = load<f32>(gr + at);
      dot += g * load<f32>(weight + at) * xv;
      store<f32>(share + at, load<f32>(share + at) + xv * inverse * g);
    }
    // dx = (g·w − x · mean(g·w·x)/rms²) / rms
    const pull = (inverse * inverse * dot) / <f32>width;
    const pulls = f32x4.splat(pull);
    for (i = 0; i + 4 <= width; i += 4) {
      const at = <usize>i << 2;
      const gw = f32x4.mul(v128.load(gr + at), v128.load(weight + at));
      const own = f32x4.mul(f32x4.sub(gw, f32x4.mul(v128.load(xr + at), pulls)), factor);
      v128.store(to + at, beside ? f32x4.add(own, v128.load(beside + offset + at)) : own);
    }
    for (; i < width; i++) {
      const at = <usize>i << 2;
      const own = (load<f32>(gr + at) * load<f32>(weight + at) - load<f32>(xr + at) * pull) * inverse;
      store<f32>(to + at, beside ? own + load<f32>(beside + offset + at) : own);
    }
  }
}
