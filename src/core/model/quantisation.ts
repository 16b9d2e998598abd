/**
 * Frozen weights in few bits (QLoRA, Dettmers et al., arXiv 2305.14314), as bitsandbytes stores them. `nf4`: a weight is one of 16 levels times
 * the largest magnitude of its block of 64; these, less their mean, are 8-bit numbers themselves, in blocks of 256 (double quantisation).
 * `int8`: a whole number times a 127th of the largest magnitude in its row. Blocks run along the rows of a map [out, in], one row after the other.
 *
 * A quantised matrix is one array of 32-bit words, which the products' kernels read as it is:
 *
 *     nf4:  16 levels | 256 values of an 8-bit number | mean of the blocks' magnitudes | scales of the blocks of 256 | 8-bit numbers | 4-bit codes
 *     int8: scales of the rows | 8-bit codes
 *
 * The first parts are float32; codes are packed from the lowest byte on, of two 4-bit codes in a byte the first is the higher.
 */
import type { ModelConfig } from './config';
import { namesOf } from './names';
import { modulesOf } from './parameters';

export type Quantisation = 'nf4' | 'int8';

/** Weights that share a magnitude, and magnitudes that share a scale. */
const BLOCK = 64;
const NESTED = 256;

/** Quantiles of the normal distribution, as bitsandbytes publishes them. */
const NF4_LEVELS = /* @__PURE__ */ Float32Array.of(
  ...[-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334],
  ...[-0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224],
  ...[0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1],
);

/**
 * What the 256 values of an 8-bit number stand for: signed dynamic quantisation (Dettmers, arXiv 1511.04561), whose fraction has the more bits the
 * larger it is.
 */
const DYNAMIC_MAP = /* @__PURE__ */ dynamicMap();

function dynamicMap(): Float32Array {
  const values = [0, 1];
  for (let exponent = 0; exponent < 7; exponent += 1) {
    const count = 2 ** exponent;
    const step = Math.fround(Math.fround(1 - Math.fround(0.1)) / count);
    // As torch.linspace has it: from the nearer end, each place rounded once.
    const boundary = (at: number) =>
      at < (count + 1) / 2 ? Math.fround(Math.fround(0.1) + step * at) : Math.fround(1 - step * (count - at));
    for (let at = 0; at < count; at += 1) {
      const mean = Math.fround(Math.fround(boundary(at) + boundary(at + 1)) / 2);
      const value = Math.fround(Math.fround(10 ** (exponent - 6)) * mean);
      values.push(value, -value);
    }
  }
  return Float32Array.from(values.sort((a, b) => a - b));
}

/** Where the parts of a quantised matrix begin, and its length; in words. */
interface QuantisedLayout {
  /** nf4: mean of the magnitudes. */
  mean: number;
  /** Float32 scales: of blocks of magnitudes, or of rows. */
  scales: number;
  /** nf4: the magnitudes' 8-bit numbers. */
  magnitudes: number;
  codes: number;
  words: number;
}

export function quantisedLayout(format: Quantisation, rows: number, columns: number): QuantisedLayout {
  const count = rows * columns;
  if (format === 'int8') return { mean: 0, scales: 0, magnitudes: 0, codes: rows, words: rows + Math.ceil(count / 4) };
  const blocks = Math.ceil(count / BLOCK);
  const mean = 16 + 256;
  const magnitudes = mean + 1 + Math.ceil(blocks / NESTED);
  const codes = magnitudes + Math.ceil(blocks / 4);
  return { mean, scales: mean + 1, magnitudes, codes, words: codes + Math.ceil(count / 8) };
}

/** @param data [rows, columns] */
export function quantise(format: Quantisation, data: Float32Array, rows: number, columns: number): Int32Array {
  const layout = quantisedLayout(format, rows, columns);
  const words = new Int32Array(layout.words);
  if (format === 'int8') quantiseRows(data, columns, words, layout);
  else quantiseBlocks(data, words, layout);
  return words;
}

function quantiseRows(data: Float32Array, columns: number, words: Int32Array, layout: QuantisedLayout): void {
  const scales = new Float32Array(words.buffer, 0, layout.codes);
  const codes = new Int8Array(words.buffer, 4 * layout.codes);
  for (const row of scales.keys()) {
    const largest = largestOf(data.subarray(row * columns, (row + 1) * columns));
    scales[row] = largest / 127;
    const factor = largest === 0 ? 0 : Math.fround(127 / largest);
    for (let at = row * columns; at < (row + 1) * columns; at += 1) codes[at] = roundToEven(Math.fround(data[at]! * factor));
  }
}

function quantiseBlocks(data: Float32Array, words: Int32Array, layout: QuantisedLayout): void {
  const floats = new Float32Array(words.buffer);
  const codes = new Uint8Array(words.buffer, 4 * layout.codes);
  floats.set(NF4_LEVELS);
  floats.set(DYNAMIC_MAP, NF4_LEVELS.length);
  const magnitudes = new Float32Array(Math.ceil(data.length / BLOCK));
  const bounds = boundsOf(NF4_LEVELS);
  eachBlock(
    data,
    BLOCK,
    bounds,
    (block, largest) => (magnitudes[block] = largest),
    (at, code) => {
      codes[at >> 1]! |= at % 2 === 0 ? code << 4 : code;
    },
  );
  const mean = Math.fround(magnitudes.reduce((sum, magnitude) => sum + magnitude, 0) / Math.max(1, magnitudes.length));
  floats[layout.mean] = mean;
  const numbers = new Uint8Array(words.buffer, 4 * layout.magnitudes);
  const apart = magnitudes.map((magnitude) => magnitude - mean);
  const place = (block: number, largest: number) => (floats[layout.scales + block] = largest);
  eachBlock(apart, NESTED, boundsOf(DYNAMIC_MAP), place, (at, code) => (numbers[at] = code));
}

/** Finds for each value, over the largest magnitude of its block, the nearest level; halfway it is the lower one. */
function eachBlock(
  data: Float32Array,
  size: number,
  bounds: Float32Array,
  visit: (block: number, largest: number) => void,
  place: (at: number, code: number) => void,
): void {
  for (let block = 0; block * size < data.length; block += 1) {
    const values = data.subarray(block * size, (block + 1) * size);
    const largest = largestOf(values);
    visit(block, largest);
    const factor = Math.fround(1 / Math.max(largest, 1e-38));
    for (let at = 0; at < values.length; at += 1) place(block * size + at, placeIn(bounds, Math.fround(values[at]! * factor)));
  }
}

function largestOf(values: Float32Array): number {
  let largest = 0;
  for (let at = 0; at < values.length; at += 1) largest = Math.max(largest, Math.abs(values[at]!));
  return largest;
}

/** Halfway between each level and the next. */
const boundsOf = (levels: Float32Array): Float32Array => levels.subarray(1).map((level, at) => (level + levels[at]!) / 2);

/** Number of bounds below a value. */
function placeIn(bounds: Float32Array, value: number): number {
  let [low, high] = [0, bounds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bounds[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}

/** [rows, columns] in float32: what the kernels compute with. */
export function dequantise(format: Quantisation, words: Int32Array, rows: number, columns: number): Float32Array {
  const layout = quantisedLayout(format, rows, columns);
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  const bytes = new Uint8Array(words.buffer, words.byteOffset, 4 * words.length);
  const codesFrom = 4 * layout.codes;
  if (format === 'int8')
    return Float32Array.from(
      { length: rows * columns },
      (_, at) => ((bytes[codesFrom + at]! << 24) >> 24) * floats[Math.floor(at / columns)]!,
    );
  return Float32Array.from({ length: rows * columns }, (_, at) => {
    const block = Math.floor(at / BLOCK);
    const apart = floats[NF4_LEVELS.length + bytes[4 * layout.magnitudes + block]!]! * floats[layout.scales + Math.floor(block / NESTED)]!;
    const magnitude = Math.fround(Math.fround(apart) + floats[layout.mean]!);
    const byte = bytes[codesFrom + (at >> 1)]!;
    return floats[at % 2 === 0 ? byte >> 4 : byte & 15]! * magnitude;
  });
}

/**
 * The parameters that are kept quantised under an adapter, with their shapes: the linear maps of the blocks. Embeddings and head stay as they are,
 * as bitsandbytes leaves them: a head's errors go straight into the logits, and a lookup reads few of its rows.
 */
export function quantisedParameters(config: ModelConfig): Map<string, [rows: number, columns: number]> {
  const { above } = namesOf(config.architecture);
  return new Map(
    modulesOf(config)
      .filter(({ name, kind }) => kind === 'linear' && !above.includes(name))
      .map(({ name, shape }) => [`${name}.weight`, shape as [number, number]]),
  );
}
