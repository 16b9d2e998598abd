/**
 * A quantised weight (src/core/model/quantisation.ts) as the right operand of a product: packing it into panels turns its codes into numbers, a
 * few rows at a time, so that no more of it than the panels is ever float32.
 */
import { DEPTH, packPlainBlock, packTransposedBlock, panelsOf, TILE } from './product';

/** Formats, as wasm.ts numbers them. */
const INT8: i32 = 1;

/** Bytes before the mean of nf4's magnitudes: its levels and the values of an 8-bit number. */
const LEVELS: usize = 16 << 2;
const TABLES: usize = (16 + 256) << 2;

/** Weights first … first + count − 1 of a matrix of `size` in rows of `width`, all of one row, to `target`. */
function unpack(weight: usize, format: i32, size: i32, width: i32, first: i32, count: i32, target: usize): void {
  if (format == INT8) unpackBytes(weight, size / width, first / width, first, count, target);
  else unpackNf4(weight, size, first, count, target);
}

function unpackBytes(weight: usize, rows: i32, row: i32, first: i32, count: i32, target: usize): void {
  const scale = load<f32>(weight + (<usize>row << 2));
  const scales = f32x4.splat(scale);
  const codes = weight + (<usize>rows << 2) + first;
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    const whole = v128.load_ext<i8>(codes + i);
    const at = target + (<usize>i << 2);
    v128.store(at, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(whole)), scales));
    v128.store(at, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(whole)), scales), 16);
  }
  for (; i < count; i++) store<f32>(target + (<usize>i << 2), <f32>load<i8>(codes + i) * scale);
}

function unpackNf4(weight: usize, size: i32, first: i32, count: i32, target: usize): void {
  const blocks = (size + 63) >> 6;
  const mean = load<f32>(weight + TABLES);
  const nested = weight + TABLES + 4;
  const numbers = nested + (<usize>((blocks + 255) >> 8) << 2);
  const codes = numbers + (<usize>((blocks + 3) >> 2) << 2);
  const end = first + count;
  let at = first;
  while (at < end) {
    const block = at >> 6;
    const number = <usize>load<u8>(numbers + block);
    const magnitude = load<f32>(weight + LEVELS + (number << 2)) * load<f32>(nested + (<usize>(block >> 8) << 2)) + mean;
    const stop = min(end, (block + 1) << 6);
    if ((at & 1) != 0) {
      store<f32>(target, level(weight, load<u8>(codes + (at >> 1)) & 15) * magnitude);
      target += 4;
      at++;
    }
    for (; at + 2 <= stop; at += 2) {
      const pair = load<u8>(codes + (at >> 1));
      store<f32>(target, level(weight, pair >> 4) * magnitude);
      store<f32>(target, level(weight, pair & 15) * magnitude, 4);
      target += 8;
    }
    if (at < stop) {
      store<f32>(target, level(weight, load<u8>(codes + (at >> 1)) >> 4) * magnitude);
      target += 4;
      at++;
    }
  }
}

@inline
function level(weight: usize, code: u8): f32 {
  return load<f32>(weight + (<usize>code << 2));
}

/** As packTransposed: B(k,n) = weight[n·depth + k]. Scratch: 8 rows of DEPTH floats. */
export function packQuantisedTransposed(
  weight: usize, format: i32, columns: i32, depth: i32, packed: usize, blockPanels: i32, chunk: i32, scratch: usize,
): void {
  const panels = panelsOf(columns);
  const from = chunk * blockPanels;
  const to = min(from + blockPanels, panels);
  for (let k = 0; k < depth; k += DEPTH) {
    const steps = min(DEPTH, depth - k);
    const block = packed + ((<usize>k * panels) << 5);
    for (let panel = from; panel < to; panel++) {
      const first = panel << 3;
      const count = min(TILE, columns - first);
      for (let n = 0; n < count; n++)
        unpack(weight, format, columns * depth, depth, (first + n) * depth + k, steps, scratch + ((<usize>n * steps) << 2));
      packTransposedBlock(scratch, steps, count, steps, 0, 1, block + ((<usize>panel * steps) << 5));
    }
  }
}

/** As packPlain: B(k,n) = weight[k·columns + n]. Scratch: 8·blockPanels floats. */
export function packQuantisedPlain(
  weight: usize, format: i32, columns: i32, depth: i32, packed: usize, blockPanels: i32, chunk: i32, scratch: usize,
): void {
  const panels = panelsOf(columns);
  const from = chunk * blockPanels;
  const to = min(from + blockPanels, panels);
  const first = from << 3;
  const count = min(to << 3, columns) - first;
  for (let k = 0; k < depth; k += DEPTH) {
    const steps = min(DEPTH, depth - k);
    const block = packed + ((<usize>k * panels) << 5);
    for (let step = 0; step < steps; step++) {
      unpack(weight, format, columns * depth, columns, (k + step) * columns + first, count, scratch);
      for (let panel = from; panel < to; panel++) {
        const place = (panel - from) << 3;
        packPlainBlock(
          scratch + (<usize>place << 2), TILE, min(TILE, count - place), 1, 0, 1, block + ((<usize>(panel * steps + step)) << 5),
        );
      }
    }
  }
}
