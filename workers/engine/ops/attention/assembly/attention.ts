/**
 * Attention, causal or both ways, over blocks of query rows: scores of 8 (forward) or 32 (backward) queries at a time, never more, so memory
 * is linear in the context. Chunk c is pair start + c of a sequence and a key-value head, with all of its query heads; it packs keys and
 * values once and sums dk and dv itself, first head first.
 */
import { exp4, logarithm, madd, maxLanes, sumLanes, tanh4 } from '../../../wasm/assembly/simd';
import { packPlainBlock, packTransposedBlock, panelsOf, TILE, tileColumns, tileRows } from '../../linear/assembly/product';

/** Query rows in a block of the backward pass. */
const BLOCK: i32 = 32;
const LOWEST: f32 = -3.4028234663852886e38;

/** Last key that a query at this position may see, and the first behind it in eights that none of a tile from this position on sees. */
@inline
function lastKey(position: i32, context: i32, window: i32, both: i32): i32 {
  return both ? min(context, position + window) - 1 : position;
}

@inline
function endOfKeys(first: i32, context: i32, window: i32, both: i32): i32 {
  return both ? (min(context, first + TILE - 1 + window) + 7) & ~7 : first + TILE;
}

/** First key, in eights, that a query at this position or a later one may see. */
@inline
function lowestKey(position: i32, window: i32): i32 {
  return max(0, position - window + 1) & ~7;
}

/** Does the sequence begin with virtual tokens, which every document sees (index.ts)? Then all keys are looked at, whatever the window. */
@inline
function leads(documents: usize): bool {
  return documents != 0 && load<i32>(documents) < 0;
}

/** Scores of keys behind `last`, before the window or of other documents become −∞-like. Keys stand at low … columns − 1. */
function maskRow(scores: usize, low: i32, columns: i32, position: i32, last: i32, window: i32, documents: usize): void {
  const lowest = f32x4.splat(LOWEST);
  if (documents) {
    const own = i32x4.splat(load<i32>(documents + (<usize>position << 2)));
    for (let j = low; j <= last; j += 4) {
      const at = <usize>j << 2;
      if (j + 4 <= last + 1) {
        const other = v128.load(documents + at);
        const same = v128.or(i32x4.eq(other, own), i32x4.shr_s(other, 31));
        v128.store(scores + at, v128.bitselect(v128.load(scores + at), lowest, same));
      } else {
        for (let i = j; i <= last; i++) {
          const other = load<i32>(documents + (<usize>i << 2));
          if (other >= 0 && other != load<i32>(documents + (<usize>position << 2))) store<f32>(scores + (<usize>i << 2), LOWEST);
        }
      }
    }
  }
  for (let j = last + 1; j < columns; j++) store<f32>(scores + (<usize>j << 2), LOWEST);
  let begin = low;
  if (leads(documents)) {
    const from = load<i32>(documents + (<usize>position << 2));
    for (; begin <= position; begin++) {
      const key = load<i32>(documents + (<usize>begin << 2));
      if (key >= 0) break;
      const distance = from < 0 ? position - begin : position - from - key;
      if (distance >= window) store<f32>(scores + (<usize>begin << 2), LOWEST);
    }
  }
  for (let j = begin; j <= position - window; j++) store<f32>(scores + (<usize>j << 2), LOWEST);
}

/** Products become those whose scaled scores are cap · tanh(score / cap). */
function capRow(scores: usize, low: i32, columns: i32, scale: f32, cap: f32): void {
  const inner = f32x4.splat(scale / cap);
  const outer = f32x4.splat(cap / scale);
  for (let j = low; j < columns; j += 4) {
    const cell = scores + (<usize>j << 2);
    v128.store(cell, f32x4.mul(tanh4(f32x4.mul(v128.load(cell), inner)), outer));
  }
}

/** Packs keys or values [context, size] (rows of ld floats) with the keys as columns: panels of 8 keys, [size, 8] each. */
@inline
function packKeys(source: usize, ld: i32, context: i32, size: i32, packed: usize): void {
  packTransposedBlock(source, ld, context, size, 0, panelsOf(context), packed);
}

/** Packs them with the components as columns: panels of 8 components, [padded, 8] each, zero rows from context to padded. */
function packComponents(source: usize, ld: i32, context: i32, padded: i32, size: i32, packed: usize): void {
  const panels = panelsOf(size);
  for (let panel = 0; panel < panels; panel++) {
    const target = packed + ((<usize>panel * padded) << 5);
    packPlainBlock(source + (<usize>panel << 5), ld, size - (panel << 3), context, 0, 1, target);
    memory.fill(target + (<usize>context << 5), 0, <usize>(padded - context) << 5);
  }
}

/** Scratch in bytes: 256 + 4·(padded·(sizeUp + sizeUp) + 8·padded + 8·sizeUp), padded and sizeUp being context and size in eights. */
export function attention(
  q: usize, k: usize, v: usize, documents: usize, out: usize, lse: usize,
  context: i32, heads: i32, kvHeads: i32, size: i32, scale: f32, cap: f32, window: i32, both: i32, start: i32, chunk: i32, scratch: usize,
): void {
  const sequence = (start + chunk) / kvHeads;
  const kvHead = (start + chunk) % kvHeads;
  const group = heads / kvHeads;
  const width = heads * size;
  const kvWidth = kvHeads * size;
  const padded = panelsOf(context) << 3;
  const sizeUp = panelsOf(size) << 3;
  const row0 = sequence * context;
  const keys = scratch + 256;
  const values = keys + ((<usize>padded * sizeUp) << 2);
  const scores = values + ((<usize>padded * sizeUp) << 2);
  const tile = scores + ((<usize>padded) << 5);
  const kvOffset = (<usize>row0 * kvWidth + kvHead * size) << 2;
  packKeys(k + kvOffset, kvWidth, context, size, keys);
  packComponents(v + kvOffset, kvWidth, context, padded, size, values);
  const own = documents ? documents + (<usize>row0 << 2) : 0;
  const reach = leads(own) ? context : window;
  for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
    for (let first = 0; first < context; first += TILE) {
      const rows = min(TILE, context - first);
      const low = lowestKey(first, reach);
      const columns = endOfKeys(first, context, reach, both);
      const at = (<usize>(row0 + first) * width + head * size) << 2;
      for (let panel = low >> 3; panel < columns >> 3; panel++)
        tileRows(size, q + at, width, keys + ((<usize>panel * size) << 5), scores + (<usize>panel << 5), padded, rows, TILE, false, scratch);
      for (let r = 0; r < rows; r++) {
        const line = scores + ((<usize>r * padded) << 2);
        if (cap > 0) capRow(line, low, columns, scale, cap);
        maskRow(line, low, columns, first + r, lastKey(first + r, context, window, both), window, own);
        let highest = f32x4.splat(LOWEST);
        for (let j = low; j < columns; j += 4) highest = f32x4.max(highest, v128.load(line + (<usize>j << 2)));
        const top = maxLanes(highest) * scale;
        const tops = f32x4.splat(top);
        const scales = f32x4.splat(scale);
        let sums = f32x4.splat(0);
        for (let j = low; j < columns; j += 4) {
          const cell = line + (<usize>j << 2);
          const e = exp4(f32x4.sub(f32x4.mul(v128.load(cell), scales), tops));
          sums = f32x4.add(sums, e);
          v128.store(cell, e);
        }
        const sum = sumLanes(sums);
        store<f32>(lse + (<usize>((row0 + first + r) * heads + head) << 2), top + <f32>logarithm(<f64>sum));
        const share = f32x4.splat(<f32>1.0 / sum);
        for (let j = low; j < columns; j += 4) {
          const cell = line + (<usize>j << 2);
          v128.store(cell, f32x4.mul(v128.load(cell), share));
        }
      }
      for (let panel = 0; panel < sizeUp >> 3; panel++)
        tileRows(
          columns - low, scores + (<usize>low << 2), padded, values + (<usize>(panel * padded + low) << 5), out + at + (<usize>panel << 5), width,
          rows, min(TILE, size - (panel << 3)), false, scratch,
        );
    }
  }
}

function dot(a: usize, b: usize, count: i32): f32 {
  let s = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4) s = madd(v128.load(a + (<usize>i << 2)), v128.load(b + (<usize>i << 2)), s);
  let sum = sumLanes(s);
  for (; i < count; i++) sum += load<f32>(a + (<usize>i << 2)) * load<f32>(b + (<usize>i << 2));
  return sum;
}

function clearRows(target: usize, rows: i32, width: i32, size: i32): void {
  for (let r = 0; r < rows; r++) memory.fill(target + ((<usize>r * width) << 2), 0, <usize>size << 2);
}

/** Scratch in bytes: 256 + 4·(3·padded·sizeUp + 2·BLOCK·padded + 2·BLOCK·sizeUp). */
export function attentionGrad(
  q: usize, k: usize, v: usize, documents: usize, out: usize, lse: usize, dout: usize, dq: usize, dk: usize, dv: usize,
  context: i32, heads: i32, kvHeads: i32, size: i32, scale: f32, cap: f32, window: i32, both: i32, start: i32, chunk: i32, scratch: usize,
): void {
  const sequence = (start + chunk) / kvHeads;
  const kvHead = (start + chunk) % kvHeads;
  const group = heads / kvHeads;
  const width = heads * size;
  const kvWidth = kvHeads * size;
  const padded = panelsOf(context) << 3;
  const panels = panelsOf(size);
  const row0 = sequence * context;
  const area = (<usize>padded * (panels << 3)) << 2;
  const keys = scratch + 256;
  const values = keys + area;
  const keyRows = values + area;
  const weights = keyRows + area;
  const slopes = weights + ((<usize>padded * BLOCK) << 2);
  const queryRows = slopes + ((<usize>padded * BLOCK) << 2);
  const doutRows = queryRows + ((<usize>panels * BLOCK) << 5);
  const kvOffset = (<usize>row0 * kvWidth + kvHead * size) << 2;
  packKeys(k + kvOffset, kvWidth, context, size, keys);
  packKeys(v + kvOffset, kvWidth, context, size, values);
  packComponents(k + kvOffset, kvWidth, context, padded, size, keyRows);
  clearRows(dk + kvOffset, context, kvWidth, size);
  clearRows(dv + kvOffset, context, kvWidth, size);
  const own = documents ? documents + (<usize>row0 << 2) : 0;
  const seen = leads(own) ? context : window;
  const scales = f32x4.splat(scale);
  for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
    for (let block = 0; block < context; block += BLOCK) {
      const blockRows = min(BLOCK, context - block);
      const reach = both ? padded : min(block + BLOCK, padded);
      const lowest = lowestKey(block, seen);
      const blockAt = (<usize>(row0 + block) * width + head * size) << 2;
      packPlainBlock(q + blockAt, width, size, blockRows, 0, panels, queryRows);
      packPlainBlock(dout + blockAt, width, size, blockRows, 0, panels, doutRows);
      for (let first = block; first < block + blockRows; first += TILE) {
        const rows = min(TILE, context - first);
        const low = lowestKey(first, seen);
        const columns = endOfKeys(first, context, seen, both);
        const at = (<usize>(row0 + first) * width + head * size) << 2;
        const p = weights + ((<usize>(first - block) * padded) << 2);
        const ds = slopes + ((<usize>(first - block) * padded) << 2);
        for (let panel = low >> 3; panel < columns >> 3; panel++) {
          tileRows(size, q + at, width, keys + ((<usize>panel * size) << 5), p + (<usize>panel << 5), padded, rows, TILE, false, scratch);
          tileRows(size, dout + at, width, values + ((<usize>panel * size) << 5), ds + (<usize>panel << 5), padded, rows, TILE, false, scratch);
        }
        for (let r = 0; r < rows; r++) {
          const line = p + ((<usize>r * padded) << 2);
          const slope = ds + ((<usize>r * padded) << 2);
          const rowAt = at + ((<usize>r * width) << 2);
          if (cap > 0) capRow(line, low, columns, scale, cap);
          maskRow(line, low, columns, first + r, lastKey(first + r, context, window, both), window, own);
          const norm = f32x4.splat(load<f32>(lse + (<usize>((row0 + first + r) * heads + head) << 2)));
          const mean = f32x4.splat(dot(dout + rowAt, out + rowAt, size));
          for (let j = low; j < columns; j += 4) {
            const cell = <usize>j << 2;
            const score = f32x4.mul(v128.load(line + cell), scales);
            const weight = exp4(f32x4.sub(score, norm));
            v128.store(line + cell, weight);
            let ds4 = f32x4.mul(f32x4.mul(weight, f32x4.sub(v128.load(slope + cell), mean)), scales);
            if (cap > 0) {
              // The cap's own slope; what is masked is no score.
              const bent = f32x4.max(f32x4.div(score, f32x4.splat(cap)), f32x4.splat(-1.0));
              ds4 = f32x4.mul(ds4, f32x4.sub(f32x4.splat(1.0), f32x4.mul(bent, bent)));
            }
            v128.store(slope + cell, ds4);
          }
          // What this tile's queries do not see, other queries of the block may.
          const before = <usize>(low - lowest) << 2;
          memory.fill(line + (<usize>lowest << 2), 0, before);
          memory.fill(slope + (<usize>lowest << 2), 0, before);
          const rest = <usize>(reach - columns) << 2;
          memory.fill(line + (<usize>columns << 2), 0, rest);
          memory.fill(slope + (<usize>columns << 2), 0, rest);
        }
        for (let panel = 0; panel < panels; panel++)
          tileRows(
            columns - low, ds + (<usize>low << 2), padded, keyRows + (<usize>(panel * padded + low) << 5), dq + at + (<usize>panel << 5), width,
            rows, min(TILE, size - (panel << 3)), false, scratch,
          );
      }
      const end = both ? context : min(block + blockRows, context);
      for (let key = lowest; key < end; key += TILE) {
        const rows = min(TILE, context - key);
        const target = kvOffset + ((<usize>key * kvWidth) << 2);
        for (let panel = 0; panel < panels; panel++) {
          const columns = min(TILE, size - (panel << 3));
          const span = (<usize>panel * blockRows) << 5;
          const to = target + (<usize>panel << 5);
          tileColumns(blockRows, weights + (<usize>key << 2), padded, doutRows + span, dv + to, kvWidth, rows, columns, true, scratch);
          tileColumns(blockRows, slopes + (<usize>key << 2), padded, queryRows + span, dk + to, kvWidth, rows, columns, true, scratch);
        }
      }
    }
  }
}
