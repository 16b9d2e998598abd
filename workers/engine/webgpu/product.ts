/** Matrix products: C [rows,columns] = A·B over `depth`, for any layout of A and B and parts of larger tensors. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuEngine } from './engine';

/** A matrix of `sides` by depth within a tensor, floats counted from its start. */
export interface Operand {
  tensor: TensorInfo;
  /** Which index moves by one float: `depth`, at offset + side·stride + depth, or `side`, at offset + depth·stride + side. */
  contiguous: 'depth' | 'side';
  stride: number;
  offset?: number;
}

export interface Product {
  /** Its sides are C's rows. */
  a: Operand;
  /** Its sides are C's columns. */
  b: Operand;
  rows: number;
  columns: number;
  depth: number;
  /** C in rows of `columns`, from float `offset` on. */
  c: { tensor: TensorInfo; offset?: number };
  /** [columns] */
  bias?: TensorInfo | undefined;
  /** Added to C, which is all of its tensor: [rows,columns]. */
  residual?: TensorInfo | undefined;
  /** Adds to what C holds. */
  accumulate?: boolean;
}

interface Loading {
  operand: 'a' | 'b';
  vector: boolean;
  contiguous: Operand['contiguous'];
  sides: 'rows' | 'columns';
  /** The depth may end within the four. */
  ends: boolean;
}

export function multiply(engine: WebgpuEngine, product: Product): void {
  const { a, b, c, rows, columns, depth, bias, residual, accumulate = false } = product;
  const shared = engine.tiles === 'workgroup';
  const vectorA = loadsVectors(a, rows, depth);
  const vectorB = loadsVectors(b, columns, depth);
  const vectorC = columns % 4 === 0 && (c.offset ?? 0) % 4 === 0;
  const ends = shared || depth % 4 !== 0;
  const [tileRows, tileColumns] = shared ? sharedTile(rows, columns) : rows <= 4 ? [4, 8] : [8, 8];
  const loads: [Loading, Loading] = [
    { operand: 'a', vector: vectorA, contiguous: a.contiguous, sides: 'rows', ends },
    { operand: 'b', vector: vectorB, contiguous: b.contiguous, sides: 'columns', ends },
  ];
  const store = () => storing({ tileRows, tileColumns, shared, vector: vectorC, bias: !!bias, residual: !!residual, accumulate });
  const vectors = [
    ...(vectorA ? ['a'] : []),
    ...(vectorB ? ['b'] : []),
    ...(vectorC ? ['c', ...(bias ? ['bias'] : []), ...(residual ? ['residual'] : [])] : []),
  ];
  const threads = shared ? 8 : 4;
  engine.run({
    kernel: 'product',
    variant: JSON.stringify([engine.tiles, tileRows, tileColumns, loads, accumulate]),
    reads: { a: a.tensor, b: b.tensor, ...(bias ? { bias } : {}), ...(residual ? { residual } : {}) },
    writes: { c: c.tensor },
    vectors,
    integers: {
      rows,
      columns,
      depth,
      aStride: a.stride,
      aOffset: a.offset ?? 0,
      bStride: b.stride,
      bOffset: b.offset ?? 0,
      cOffset: c.offset ?? 0,
    },
    workgroupSize: threads * threads,
    groups: [Math.ceil(columns / (threads * tileColumns)), Math.ceil(rows / (threads * tileRows)), 1],
    ...(shared
      ? { declarations: () => sharedDeclarations(tileRows), body: () => sharedBody(tileRows, loads) + store() }
      : { body: () => registerBody(tileRows, tileColumns, loads) + store() }),
  });
}

function loadsVectors({ contiguous, stride, offset = 0 }: Operand, sides: number, depth: number): boolean {
  return (contiguous === 'depth' ? depth : sides) % 4 === 0 && stride % 4 === 0 && offset % 4 === 0;
}

/** A thread's tile: 8×8 where that leaves enough workgroups to fill a GPU, else 4×4. */
function sharedTile(rows: number, columns: number): [number, number] {
  return Math.ceil(rows / 64) * Math.ceil(columns / 64) >= 96 ? [8, 8] : [4, 4];
}

/**
 * Declares `name`0 … `name`3: four sides of the operand at depths k … k+3, zero beyond the depth. Sides beyond the last repeat
 * some other: their products are never stored.
 */
function load({ operand, vector, contiguous, sides, ends }: Loading, name: string, side: string): string {
  const [stride, offset] = [`params.${operand}Stride`, `params.${operand}Offset`];
  const four = [0, 1, 2, 3];
  if (vector && contiguous === 'depth') {
    const at = (i: number) =>
      `${operand}[(${offset} + min(${side} + ${i}u, params.${sides} - 1u) * ${stride} + ${ends ? 'min(k, params.depth - 4u)' : 'k'}) / 4u]`;
    const rows = four.map(
      (i) => `
    let ${name}Row${i} = ${ends ? `select(vec4<f32>(), ${at(i)}, k < params.depth)` : at(i)};`,
    );
    const turned = four.map(
      (i) => `
    let ${name}${i} = vec4<f32>(${four.map((j) => `${name}Row${j}[${i}]`).join(', ')});`,
    );
    return rows.join('') + turned.join('');
  }
  return four
    .map((i) => {
      const depth = ends ? `min(k + ${i}u, params.depth - 1u)` : `(k + ${i}u)`;
      const one = (j: number) => {
        const place = `min(${side} + ${j}u, params.${sides} - 1u)`;
        return contiguous === 'depth'
          ? `${operand}[${offset} + ${place} * ${stride} + ${depth}]`
          : `${operand}[${offset} + ${depth} * ${stride} + ${place}]`;
      };
      const value = vector
        ? `${operand}[(${offset} + ${depth} * ${stride} + min(${side}, params.${sides} - 4u)) / 4u]`
        : `vec4<f32>(${four.map(one).join(', ')})`;
      return `
    let ${name}${i} = ${ends ? `select(vec4<f32>(), ${value}, k + ${i}u < params.depth)` : value};`;
    })
    .join('');
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

function sums(tileRows: number, tileColumns: number): string {
  return range(tileRows)
    .flatMap((m) => range(tileColumns / 4).map((q) => `\n  var sum${m}_${q} = vec4<f32>();`))
    .join('');
}

/** Adds the products of one depth; `a(i)` and `b(i)` name vectors of four sides. */
function multiplyAdd(tileRows: number, tileColumns: number, a: (i: number) => string, b: (i: number) => string): string {
  return range(tileRows)
    .flatMap((m) => range(tileColumns / 4).map((q) => `\n    sum${m}_${q} += ${a(m >> 2)}[${m % 4}] * ${b(q)};`))
    .join('');
}

/** Each of 4×4 threads has a tile of its own and reads what it needs from global memory. */
function registerBody(tileRows: number, tileColumns: number, [a, b]: [Loading, Loading]): string {
  const steps = [0, 1, 2, 3].map((step) =>
    multiplyAdd(
      tileRows,
      tileColumns,
      (i) => `a${i}_${step}`,
      (i) => `b${i}_${step}`,
    ),
  );
  return `
  let row = (group.y * 4u + lane / 4u) * ${tileRows}u;
  let column = (group.x * 4u + lane % 4u) * ${tileColumns}u;
  if (row >= params.rows || column >= params.columns) { return; }
  ${sums(tileRows, tileColumns)}
  for (var k = 0u; k < params.depth; k += 4u) {
    ${range(tileRows / 4)
      .map((i) => load(a, `a${i}_`, `(row + ${4 * i}u)`))
      .join('')}
    ${range(tileColumns / 4)
      .map((i) => load(b, `b${i}_`, `(column + ${4 * i}u)`))
      .join('')}
    ${steps.join('')}
  }`;
}

/**
 * 8×8 threads bring a slab of A and of B into workgroup memory, a 4×4 block each, then every thread multiplies its part: for a
 * tile of 4 or 8, four rows at 4·threadRow and four more at 32 + 4·threadRow.
 */
function sharedBody(tile: number, [a, b]: [Loading, Loading]): string {
  const [sideBlocks, depthBlocks] = [2 * tile, 32 / tile];
  const slab = (loading: Loading, store: string, origin: string) => {
    const byDepth = loading.contiguous === 'depth';
    return `
    {
      let block = ${byDepth ? `lane / ${depthBlocks}u` : `lane % ${sideBlocks}u`};
      let depthBlock = ${byDepth ? `lane % ${depthBlocks}u` : `lane / ${sideBlocks}u`};
      let k = start + 4u * depthBlock;
      let side = ${origin} + 4u * block;
      ${load(loading, 'loaded', 'side')}
      ${[0, 1, 2, 3].map((i) => `${store}[(4u * depthBlock + ${i}u) * ${sideBlocks}u + block] = loaded${i};`).join('\n      ')}
    }`;
  };
  const parts = range(tile / 4);
  return `
  let threadRow = lane / 8u;
  let threadColumn = lane % 8u;
  let firstRow = group.y * ${8 * tile}u;
  let firstColumn = group.x * ${8 * tile}u;
  ${sums(tile, tile)}
  for (var start = 0u; start < params.depth; start += ${4 * depthBlocks}u) {
    ${slab(a, 'slabA', 'firstRow')}
    ${slab(b, 'slabB', 'firstColumn')}
    workgroupBarrier();
    for (var depth = 0u; depth < ${4 * depthBlocks}u; depth++) {
      ${parts.map((i) => `let a${i} = slabA[depth * ${sideBlocks}u + ${8 * i}u + threadRow];`).join('\n      ')}
      ${parts.map((i) => `let b${i} = slabB[depth * ${sideBlocks}u + ${8 * i}u + threadColumn];`).join('\n      ')}
      ${multiplyAdd(
        tile,
        tile,
        (i) => `a${i}`,
        (i) => `b${i}`,
      )}
    }
    workgroupBarrier();
  }
  let row = firstRow + 4u * threadRow;
  let column = firstColumn + 4u * threadColumn;`;
}

function sharedDeclarations(tile: number): string {
  const size = 2 * tile * 4 * (32 / tile);
  return `var<workgroup> slabA: array<vec4<f32>, ${size}>;\nvar<workgroup> slabB: array<vec4<f32>, ${size}>;`;
}

interface Storing {
  tileRows: number;
  tileColumns: number;
  shared: boolean;
  vector: boolean;
  bias: boolean;
  residual: boolean;
  accumulate: boolean;
}

/** Writes the thread's tile from `row` and `column` on. In the shared layout its second half lies 32 further. */
function storing({ tileRows, tileColumns, shared, vector, bias, residual, accumulate }: Storing): string {
  const apart = shared ? 32 : 4;
  const write = (m: number, q: number): string => {
    const columnAt = `(column + ${q * apart}u)`;
    const flat = `(r * params.columns + ${columnAt})`;
    const scalar = (i: number) => {
      const [c, at] = [`c[params.cOffset + ${flat} + ${i}u]`, `${columnAt} + ${i}u`];
      const extra = `${bias ? ` + bias[${at}]` : ''}${residual ? ` + residual[${flat} + ${i}u]` : ''}${accumulate ? ` + ${c}` : ''}`;
      return `if (${at} < params.columns) { ${c} = sum${m}_${q}[${i}]${extra}; }`;
    };
    if (!vector) return [0, 1, 2, 3].map(scalar).join('\n    ');
    const c = `c[(params.cOffset + ${flat}) / 4u]`;
    const extra = `${bias ? ` + bias[${columnAt} / 4u]` : ''}${residual ? ` + residual[${flat} / 4u]` : ''}${accumulate ? ` + ${c}` : ''}`;
    return `if (${columnAt} < params.columns) { ${c} = sum${m}_${q}${extra}; }`;
  };
  return range(tileRows)
    .map(
      (m) => `
  if (row + ${(m >> 2) * apart + (m % 4)}u < params.rows) {
    let r = row + ${(m >> 2) * apart + (m % 4)}u;
    ${range(tileColumns / 4)
      .map((q) => write(m, q))
      .join('\n    ')}
  }`,
    )
    .join('');
}
