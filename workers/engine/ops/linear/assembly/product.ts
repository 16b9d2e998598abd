/**
 * Matrix products in blocks. The right operand B [K,N] is packed once into panels of 8 columns (a job of its own, shared by all
 * threads); then a chunk computes `blockRows` rows of C by `blockPanels` panels. Packed layout: blocks of DEPTH steps of k;
 * within a block panel after panel; within a panel row k holds its 8 columns, zeros where the matrix has ended.
 */
import { microColumns, microRows } from '../../../wasm/build/assembly/microkernel';

/** Steps of k in a block: a panel (12 KiB) and the rows of A it meets stay in the first-level cache. */
export const DEPTH: i32 = 384;
/** Floats in a tile's side and in a panel's row. */
export const TILE: i32 = 8;

@inline
export function panelsOf(columns: i32): i32 {
  return (columns + TILE - 1) >> 3;
}

/** Packs panels from..to of one block of k of B(k,n) = source[n·ld + k] (a weight in Hugging Face's layout). */
export function packTransposedBlock(source: usize, ld: i32, columns: i32, depth: i32, from: i32, to: i32, packed: usize): void {
  const stride = <usize>ld << 2;
  for (let panel = from; panel < to; panel++) {
    let target = packed + ((<usize>panel * depth) << 5);
    const first = panel << 3;
    const base = source + <usize>first * stride;
    const count = min(TILE, columns - first);
    let k = 0;
    if (count == TILE) {
      for (; k + 4 <= depth; k += 4) {
        const at = base + (<usize>k << 2);
        transpose4(at, stride, target);
        transpose4(at + 4 * stride, stride, target + 16);
        target += 128;
      }
    }
    for (; k < depth; k++) {
      for (let n = 0; n < TILE; n++)
        store<f32>(target + (<usize>n << 2), n < count ? load<f32>(base + <usize>n * stride + (<usize>k << 2)) : 0);
      target += 32;
    }
  }
}

/** Four rows of four floats at `source`, as columns at `target`, whose rows are 32 bytes apart. */
@inline
function transpose4(source: usize, stride: usize, target: usize): void {
  const r0 = v128.load(source);
  const r1 = v128.load(source + stride);
  const r2 = v128.load(source + 2 * stride);
  const r3 = v128.load(source + 3 * stride);
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(target, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(target, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7), 32);
  v128.store(target, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5), 64);
  v128.store(target, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7), 96);
}

/** Packs panels from..to of one block of k of B(k,n) = source[k·ld + n]. */
export function packPlainBlock(source: usize, ld: i32, columns: i32, depth: i32, from: i32, to: i32, packed: usize): void {
  const stride = <usize>ld << 2;
  for (let panel = from; panel < to; panel++) {
    let target = packed + ((<usize>panel * depth) << 5);
    const first = panel << 3;
    let at = source + (<usize>first << 2);
    const count = min(TILE, columns - first);
    for (let k = 0; k < depth; k++) {
      if (count == TILE) {
        v128.store(target, v128.load(at));
        v128.store(target, v128.load(at, 16), 16);
      } else {
        for (let n = 0; n < TILE; n++) store<f32>(target + (<usize>n << 2), n < count ? load<f32>(at + (<usize>n << 2)) : 0);
      }
      at += stride;
      target += 32;
    }
  }
}

/** Chunk c packs panels c·blockPanels … of all of B(k,n) = source[n·ld + k]. */
export function packTransposed(source: usize, ld: i32, columns: i32, depth: i32, packed: usize, blockPanels: i32, chunk: i32, scratch: usize): void {
  const panels = panelsOf(columns);
  const from = chunk * blockPanels;
  const to = min(from + blockPanels, panels);
  for (let k = 0; k < depth; k += DEPTH)
    packTransposedBlock(
      source + (<usize>k << 2), ld, columns, min(DEPTH, depth - k), from, to, packed + ((<usize>k * panels) << 5),
    );
}

/** Chunk c packs panels c·blockPanels … of all of B(k,n) = source[k·ld + n]. */
export function packPlain(source: usize, ld: i32, columns: i32, depth: i32, packed: usize, blockPanels: i32, chunk: i32, scratch: usize): void {
  const panels = panelsOf(columns);
  const from = chunk * blockPanels;
  const to = min(from + blockPanels, panels);
  for (let k = 0; k < depth; k += DEPTH)
    packPlainBlock(
      source + <usize>k * (<usize>ld << 2), ld, columns, min(DEPTH, depth - k), from, to, packed + ((<usize>k * panels) << 5),
    );
}

/** Adds to, or writes, the top left `rows` by `columns` of an 8×8 tile. */
function placeTile(tile: usize, rows: i32, columns: i32, c: usize, ldc: i32, accumulate: bool): void {
  for (let m = 0; m < rows; m++) {
    const target = c + ((<usize>m * ldc) << 2);
    for (let n = 0; n < columns; n++) {
      const at = <usize>n << 2;
      const value = load<f32>(tile + ((<usize>m) << 5) + at);
      store<f32>(target + at, accumulate ? load<f32>(target + at) + value : value);
    }
  }
}

/** One tile of C, A in rows; `tile` is 256 bytes of scratch for tiles that the matrix's edge cuts. */
@inline
export function tileRows(depth: i32, a: usize, lda: i32, b: usize, c: usize, ldc: i32, rows: i32, columns: i32, accumulate: bool, tile: usize): void {
  if (rows == TILE && columns == TILE) microRows(depth, a, lda, TILE, b, c, ldc, accumulate);
  else {
    microRows(depth, a, lda, rows, b, tile, TILE, false);
    placeTile(tile, rows, columns, c, ldc, accumulate);
  }
}

/** One tile of C, A transposed; all 8 floats of a row of A must be readable. */
@inline
export function tileColumns(depth: i32, a: usize, lda: i32, b: usize, c: usize, ldc: i32, rows: i32, columns: i32, accumulate: bool, tile: usize): void {
  if (rows == TILE && columns == TILE) microColumns(depth, a, lda, b, c, ldc, accumulate);
  else {
    microColumns(depth, a, lda, b, tile, TILE, false);
    placeTile(tile, rows, columns, c, ldc, accumulate);
  }
}

/** Fills a block of C with residual + bias (either may be absent: 0) before products are added to it. */
function startBlock(c: usize, ldc: i32, m0: i32, m1: i32, n0: i32, n1: i32, bias: usize, residual: usize): void {
  const bytes = <usize>(n1 - n0) << 2;
  for (let m = m0; m < m1; m++) {
    const offset = (<usize>m * ldc + n0) << 2;
    if (residual) memory.copy(c + offset, residual + offset, bytes);
    else memory.copy(c + offset, bias + (<usize>n0 << 2), bytes);
    if (residual != 0 && bias != 0) {
      for (let n: usize = 0; n < bytes; n += 4)
        store<f32>(c + offset + n, load<f32>(c + offset + n) + load<f32>(bias + (<usize>n0 << 2) + n));
    }
  }
}

/**
 * C [M,N] = A [M,K] · B + bias + residual, or C += A · B. Chunks run over blocks of rows within blocks of panels.
 * bias [N] and residual [M,N, as C] are addresses, 0 when absent. Scratch: 256 bytes.
 */
export function productRows(
  a: usize, lda: i32, m: i32, packed: usize, n: i32, depth: i32, bias: usize, residual: usize, c: usize, ldc: i32, accumulate: i32,
  blockRows: i32, blockPanels: i32, chunk: i32, scratch: usize,
): void {
  const rowBlocks = (m + blockRows - 1) / blockRows;
  const panels = panelsOf(n);
  const m0 = (chunk % rowBlocks) * blockRows;
  const m1 = min(m0 + blockRows, m);
  const p0 = (chunk / rowBlocks) * blockPanels;
  const p1 = min(p0 + blockPanels, panels);
  let add = accumulate != 0;
  if (bias != 0 || residual != 0) {
    startBlock(c, ldc, m0, m1, p0 << 3, min(p1 << 3, n), bias, residual);
    add = true;
  }
  for (let k = 0; k < depth; k += DEPTH) {
    const steps = min(DEPTH, depth - k);
    const block = packed + ((<usize>k * panels) << 5);
    for (let panel = p0; panel < p1; panel++) {
      const b = block + ((<usize>panel * steps) << 5);
      const columns = min(TILE, n - (panel << 3));
      for (let row = m0; row < m1; row += TILE)
        tileRows(
          steps, a + ((<usize>row * lda + k) << 2), lda, b, c + ((<usize>row * ldc + (panel << 3)) << 2), ldc,
          min(TILE, m1 - row), columns, add, scratch,
        );
    }
    add = true;
  }
}

/** Copies rows k of A's columns m0..m1 (A(m,k) = a[k·lda + m]) to tiles [tile][k][8], zeros after the last column. */
function packTiles(a: usize, lda: i32, m0: i32, m1: i32, depth: i32, target: usize): void {
  const whole = (m1 - m0) & ~7;
  const span = <usize>depth << 5;
  for (let k = 0; k < depth; k++) {
    const from = a + ((<usize>k * lda + m0) << 2);
    let to = target + (<usize>k << 5);
    for (let m = 0; m < whole; m += TILE) {
      v128.store(to, v128.load(from + (<usize>m << 2)));
      v128.store(to, v128.load(from + (<usize>m << 2), 16), 16);
      to += span;
    }
    if (m0 + whole < m1) {
      for (let m = 0; m < TILE; m++)
        store<f32>(to + (<usize>m << 2), m0 + whole + m < m1 ? load<f32>(from + (<usize>(whole + m) << 2)) : 0);
    }
  }
}

/** C [M,N] = Aᵀ·B or C += Aᵀ·B with A [K,M]; else as productRows. Scratch: 256 bytes + blockRows · DEPTH floats (rows in eights). */
export function productColumns(
  a: usize, lda: i32, m: i32, packed: usize, n: i32, depth: i32, c: usize, ldc: i32, accumulate: i32,
  blockRows: i32, blockPanels: i32, chunk: i32, scratch: usize,
): void {
  const rowBlocks = (m + blockRows - 1) / blockRows;
  const panels = panelsOf(n);
  const m0 = (chunk % rowBlocks) * blockRows;
  const m1 = min(m0 + blockRows, m);
  const p0 = (chunk / rowBlocks) * blockPanels;
  const p1 = min(p0 + blockPanels, panels);
  const tiles = scratch + 256;
  let add = accumulate != 0;
  for (let k = 0; k < depth; k += DEPTH) {
    const steps = min(DEPTH, depth - k);
    const block = packed + ((<usize>k * panels) << 5);
    packTiles(a + ((<usize>k * lda) << 2), lda, m0, m1, steps, tiles);
    for (let panel = p0; panel < p1; panel++) {
      const b = block + ((<usize>panel * steps) << 5);
      const columns = min(TILE, n - (panel << 3));
      let from = tiles;
      for (let row = m0; row < m1; row += TILE) {
        tileColumns(
          steps, from, TILE, b, c + ((<usize>row * ldc + (panel << 3)) << 2), ldc, min(TILE, m1 - row), columns, add, scratch,
        );
        from += <usize>steps << 5;
      }
    }
    add = true;
  }
}
