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
  // Each plane has one of the four bytes of all 16 levels.
  const levels0 = v128.load(weight);
  const levels1 = v128.load(weight, 16);
  const levels2 = v128.load(weight, 32);
  const levels3 = v128.load(weight, 48);
  const first0 = i8x16.shuffle(levels0, levels1, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
  const last0 = i8x16.shuffle(levels2, levels3, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
  const first1 = i8x16.shuffle(levels0, levels1, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
  const last1 = i8x16.shuffle(levels2, levels3, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
  const plane0 = i64x2.shuffle(first0, last0, 0, 2);
  const plane1 = i64x2.shuffle(first0, last0, 1, 3);
  const plane2 = i64x2.shuffle(first1, last1, 0, 2);
  const plane3 = i64x2.shuffle(first1, last1, 1, 3);
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
    const magnitudes = f32x4.splat(magnitude);
    // Sixteen codes choose the bytes of their levels, one plane after the other, which are then put together.
    for (; at + 16 <= stop; at += 16) {
      const pairs = v128.load64_zero(codes + (at >> 1));
      const high = i8x16.shr_u(pairs, 4);
      const low = v128.and(pairs, i8x16.splat(15));
      const chosen = i8x16.shuffle(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const byte0 = i8x16.swizzle(plane0, chosen);
      const byte1 = i8x16.swizzle(plane1, chosen);
      const byte2 = i8x16.swizzle(plane2, chosen);
      const byte3 = i8x16.swizzle(plane3, chosen);
      const first01 = i8x16.shuffle(byte0, byte1, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const last01 = i8x16.shuffle(byte0, byte1, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      const first23 = i8x16.shuffle(byte2, byte3, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const last23 = i8x16.shuffle(byte2, byte3, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      v128.store(target, f32x4.mul(i16x8.shuffle(first01, first23, 0, 8, 1, 9, 2, 10, 3, 11), magnitudes));
      v128.store(target, f32x4.mul(i16x8.shuffle(first01, first23, 4, 12, 5, 13, 6, 14, 7, 15), magnitudes), 16);
      v128.store(target, f32x4.mul(i16x8.shuffle(last01, last23, 0, 8, 1, 9, 2, 10, 3, 11), magnitudes), 32);
      v128.store(target, f32x4.mul(i16x8.shuffle(last01, last23, 4, 12, 5, 13, 6, 14, 7, 15), magnitudes), 48);
      target += 64;
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
