/** Soft-max rows of a block of logits [rows, vocabulary]. A chunk is a block of rows; products with the head are jobs of their own. */
import { exp4, loadPart, logarithm, maxLanes, storePart, sumLanes, tanh4 } from '../../../wasm/assembly/simd';

const LOWEST: f32 = -3.4028234663852886e38;

function rowMaximum(row: usize, width: i32): f32 {
  let m0 = f32x4.splat(LOWEST);
  let m1 = f32x4.splat(LOWEST);
  let i = 0;
  for (; i + 8 <= width; i += 8) {
    m0 = f32x4.max(m0, v128.load(row + (<usize>i << 2)));
    m1 = f32x4.max(m1, v128.load(row + (<usize>i << 2), 16));
  }
  let highest = maxLanes(f32x4.max(m0, m1));
  for (; i < width; i++) highest = max(highest, load<f32>(row + (<usize>i << 2)));
  return highest;
}

function sumOfExp(row: usize, width: i32, highest: f32): f32 {
  const shift = f32x4.splat(highest);
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let i = 0;
  for (; i + 8 <= width; i += 8) {
    s0 = f32x4.add(s0, exp4(f32x4.sub(v128.load(row + (<usize>i << 2)), shift)));
    s1 = f32x4.add(s1, exp4(f32x4.sub(v128.load(row + (<usize>i << 2), 16), shift)));
  }
  let sum = sumLanes(f32x4.add(s0, s1));
  for (; i < width; i++) sum += f32x4.extract_lane(exp4(f32x4.sub(v128.load32_splat(row + (<usize>i << 2)), shift)), 0);
  return sum;
}

/** Logits become cap · tanh(logit / cap). */
export function capRows(logits: usize, cap: f32, rows: i32, vocabulary: i32, blockRows: i32, chunk: i32, scratch: usize): void {
  const first = chunk * blockRows;
  const count = (min(first + blockRows, rows) - first) * vocabulary;
  const from = logits + ((<usize>first * vocabulary) << 2);
  const caps = f32x4.splat(cap);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const cell = from + (<usize>i << 2);
    v128.store(cell, f32x4.mul(tanh4(f32x4.div(v128.load(cell), caps)), caps));
  }
  if (i < count) {
    const cell = from + (<usize>i << 2);
    storePart(cell, f32x4.mul(tanh4(f32x4.div(loadPart(cell, count - i), caps)), caps), count - i);
  }
}

/** The slope of a cap, given what it made of a logit. */
@inline
function capSlope4(capped: v128, cap: f32): v128 {
  const ratio = f32x4.div(capped, f32x4.splat(cap));
  return f32x4.sub(f32x4.splat(1.0), f32x4.mul(ratio, ratio));
}

/** nll and lse of rows; a target outside the vocabulary (−1) is not predicted: nll 0. */
export function crossEntropyRows(logits: usize, targets: usize, nll: usize, lse: usize, rows: i32, vocabulary: i32, blockRows: i32, chunk: i32, scratch: usize): void {
  const end = min((chunk + 1) * blockRows, rows);
  for (let r = chunk * blockRows; r < end; r++) {
    const row = logits + ((<usize>r * vocabulary) << 2);
    const at = <usize>r << 2;
    const highest = rowMaximum(row, vocabulary);
    const norm = highest + <f32>logarithm(<f64>sumOfExp(row, vocabulary, highest));
    const target = load<u32>(targets + at);
    store<f32>(lse + at, norm);
    store<f32>(nll + at, target < <u32>vocabulary ? norm - load<f32>(row + (<usize>target << 2)) : 0);
  }
}

/**
 * Logits become their gradient in place: (soft-max − one-hot)·dnll, zero where nothing is predicted. With a cap above 0 the logits are
 * those that it made, and the gradient is of those before it.
 */
export function crossEntropyGradRows(logits: usize, targets: usize, lse: usize, dnll: usize, cap: f32, rows: i32, vocabulary: i32, blockRows: i32, chunk: i32, scratch: usize): void {
  const end = min((chunk + 1) * blockRows, rows);
  for (let r = chunk * blockRows; r < end; r++) {
    const row = logits + ((<usize>r * vocabulary) << 2);
    const at = <usize>r << 2;
    const target = load<u32>(targets + at);
    const slope = load<f32>(dnll + at);
    if (target >= <u32>vocabulary || slope == 0) {
      memory.fill(row, 0, <usize>vocabulary << 2);
      continue;
    }
    const shift = v128.load32_splat(lse + at);
    const slopes = f32x4.splat(slope);
    const hit = row + (<usize>target << 2);
    let hitSlope = slope;
    let i = 0;
    if (cap > 0) {
      hitSlope = slope * f32x4.extract_lane(capSlope4(v128.load32_splat(hit), cap), 0);
      for (; i + 4 <= vocabulary; i += 4) {
        const cell = row + (<usize>i << 2);
        const logit = v128.load(cell);
        v128.store(cell, f32x4.mul(f32x4.mul(exp4(f32x4.sub(logit, shift)), slopes), capSlope4(logit, cap)));
      }
      if (i < vocabulary) {
        const cell = row + (<usize>i << 2);
        const logit = loadPart(cell, vocabulary - i);
        storePart(cell, f32x4.mul(f32x4.mul(exp4(f32x4.sub(logit, shift)), slopes), capSlope4(logit, cap)), vocabulary - i);
      }
    } else {
      for (; i + 4 <= vocabulary; i += 4) {
        const cell = row + (<usize>i << 2);
        v128.store(cell, f32x4.mul(exp4(f32x4.sub(v128.load(cell), shift)), slopes));
      }
      if (i < vocabulary) {
        const cell = row + (<usize>i << 2);
        storePart(cell, f32x4.mul(exp4(f32x4.sub(loadPart(cell, vocabulary - i), shift)), slopes), vocabulary - i);
      }
    }
    store<f32>(hit, load<f32>(hit) - hitSlope);
  }
}

/**
 * Both at once, with one soft-max: nll and lse of rows, and their logits turned into the gradient for the given dnll. The
 * exponentials are kept in place of the logits in between.
 */
export function crossEntropyTrainRows(logits: usize, targets: usize, dnll: usize, nll: usize, lse: usize, rows: i32, vocabulary: i32, blockRows: i32, chunk: i32, scratch: usize): void {
  const end = min((chunk + 1) * blockRows, rows);
  for (let r = chunk * blockRows; r < end; r++) {
    const row = logits + ((<usize>r * vocabulary) << 2);
    const at = <usize>r << 2;
    const target = load<u32>(targets + at);
    const known = target < <u32>vocabulary;
    const wanted = known ? load<f32>(row + (<usize>target << 2)) : 0;
    const highest = rowMaximum(row, vocabulary);
    const shift = f32x4.splat(highest);
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    let i = 0;
    for (; i + 8 <= vocabulary; i += 8) {
      const cell = row + (<usize>i << 2);
      const e0 = exp4(f32x4.sub(v128.load(cell), shift));
      const e1 = exp4(f32x4.sub(v128.load(cell, 16), shift));
      v128.store(cell, e0);
      v128.store(cell, e1, 16);
      s0 = f32x4.add(s0, e0);
      s1 = f32x4.add(s1, e1);
    }
    let sum = sumLanes(f32x4.add(s0, s1));
    for (; i < vocabulary; i++) {
      const cell = row + (<usize>i << 2);
      const e = f32x4.extract_lane(exp4(f32x4.sub(v128.load32_splat(cell), shift)), 0);
      store<f32>(cell, e);
      sum += e;
    }
    const norm = highest + <f32>logarithm(<f64>sum);
    store<f32>(lse + at, norm);
    store<f32>(nll + at, known ? norm - wanted : 0);
    const slope = load<f32>(dnll + at);
    if (!known || slope == 0) {
      memory.fill(row, 0, <usize>vocabulary << 2);
      continue;
    }
    const factor = f32x4.splat(slope / sum);
    for (i = 0; i + 4 <= vocabulary; i += 4) {
      const cell = row + (<usize>i << 2);
      v128.store(cell, f32x4.mul(v128.load(cell), factor));
    }
    for (; i < vocabulary; i++) {
      const cell = row + (<usize>i << 2);
      store<f32>(cell, load<f32>(cell) * (slope / sum));
    }
    const hit = row + (<usize>target << 2);
    store<f32>(hit, load<f32>(hit) - slope);
  }
}
