/** Matrix products: C [rows,columns] = Σ A·B over `depth`, for any layout of A and B and parts of larger tensors, several at a time. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Quantisation } from '../../../src/core/model/quantisation';
import type { WebgpuEngine } from './engine';
import { eachElement, unitFor } from './layout';

/** A matrix of `sides` by depth within a tensor, floats counted from its start. */
interface Operand {
  tensor: TensorInfo;
  /** Which index moves by one float: `depth`, at offset + side·stride + depth, or `side`, at offset + depth·stride + side. */
  contiguous: 'depth' | 'side';
  stride: number;
  offset?: number;
  /** All of a quantised matrix, in rows of `stride`. */
  quantised?: { format: Quantisation; size: number } | undefined;
}

interface Term {
  /** Its sides are C's rows. */
  a: Operand;
  /** Its sides are C's columns. */
  b: Operand;
  depth: number;
}

interface Target {
  rows: number;
  columns: number;
  /** C in rows of `columns`, from float `offset` on. */
  c: { tensor: TensorInfo; offset?: number };
  /** [columns] */
  bias?: TensorInfo | undefined;
  /** Added to C, which is all of its tensor: [rows,columns]. */
  residual?: TensorInfo | undefined;
  /** Adds to what C holds. */
  accumulate?: boolean;
}

/** C = A·B + bias + residual. */
export type Product = Term & Target;

/** C = Σ over its terms + bias + residual. */
export interface Sum extends Target {
  terms: readonly Term[];
}

interface Loading {
  array: string;
  vector: boolean;
  contiguous: Operand['contiguous'];
  /** Members of params. */
  sides: string;
  depth: string;
  stride: string;
  offset: string;
  /** The depth may end within the four. */
  ends: boolean;
  quantised: Quantisation | undefined;
}

export function multiply(engine: WebgpuEngine, { a, b, depth, ...target }: Product): void {
  multiplyAll(engine, [{ ...target, terms: [{ a, b, depth }] }]);
}

/** Workgroups that are too few for a large GPU, and the least depth that a part of a sum is worth. */
const FEW_GROUPS = 64;
const LEAST_DEPTH = 128;

/** Several sums in one dispatch; an adapter may bind 8 tensors, operands that are the same tensor counting once. */
export function multiplyAll(engine: WebgpuEngine, sums: readonly Sum[]): void {
  const shared = engine.tiles === 'workgroup';
  const most = (of: (sum: Sum) => number) => Math.max(...sums.map(of));
  const [tileRows, tileColumns] = shared ? sharedTile(sums) : most(({ rows }) => rows) <= 4 ? [4, 8] : [8, 8];
  const side = shared ? 8 : 4;
  const columns = Math.ceil(most((sum) => sum.columns) / (side * tileColumns));
  const rows = Math.ceil(most((sum) => sum.rows) / (side * tileRows));
  const parts = shared ? depthParts(sums, columns * rows) : 1;
  const slices = parts === 1 ? null : sums.map(({ rows: r, columns: c }) => engine.output([parts, r, c]));
  const targets = slices ? sums.map((sum, i) => ({ ...sum, c: { tensor: slices[i]! } })) : sums;
  dispatch(engine, targets, { tileRows, tileColumns, parts, groups: [columns, rows, sums.length * parts] });
  if (!slices) return;
  addSlices(engine, sums, slices, parts);
  engine.release(...slices);
}

/**
 * Into how many parts the depth is cut where the tiles alone would leave a large GPU idle: the gradient of a small weight is a sum over many
 * rows. Each part is written apart and the parts are added in their order, so that the same sums give the same bits.
 */
function depthParts(sums: readonly Sum[], groups: number): number {
  const plain = sums.every(({ terms, bias, residual, accumulate }) => terms.length === 1 && !bias && !residual && !accumulate);
  if (!plain || sums.some(({ c }) => (c.offset ?? 0) > 0)) return 1;
  const depth = Math.min(...sums.map(({ terms }) => terms[0]!.depth));
  return Math.max(1, Math.min(Math.floor(FEW_GROUPS / (groups * sums.length)), Math.floor(depth / LEAST_DEPTH)));
}

/** C = Σ of its slices [parts,rows,columns], from the first to the last. C's tensor may go on beyond its rows. */
function addSlices(engine: WebgpuEngine, sums: readonly Sum[], slices: readonly TensorInfo[], parts: number): void {
  const sizes = sums.map(({ rows, columns }) => rows * columns);
  const unit = unitFor(...sizes);
  const named = <T>(name: string, values: readonly T[]) => Object.fromEntries(values.map((value, i) => [`${name}${i}`, value]));
  const counts = sizes.map((size) => size / unit.width);
  const targets = sums.map(({ c }) => c.tensor);
  engine.run({
    kernel: 'product slices',
    variant: String(parts),
    reads: named('slices', slices),
    writes: named('c', targets),
    vectors: unit.width === 4 ? sums.flatMap((_, i) => [`slices${i}`, `c${i}`]) : [],
    integers: { count: Math.max(...counts), ...named('size', counts) },
    workgroupSize: eachElement.workgroupSize,
    groups: eachElement.groups(Math.max(...counts)),
    body: () => `${eachElement.begin}
  ${sums
    .map(
      (_, i) => `if (index < params.size${i}) {
    var sum = slices${i}[index];
    for (var part = 1u; part < ${parts}u; part++) { sum += slices${i}[part * params.size${i} + index]; }
    c${i}[index] = sum;
  }`,
    )
    .join('\n  ')}`,
  });
}

interface Tiling {
  tileRows: number;
  tileColumns: number;
  parts: number;
  groups: [number, number, number];
}

function dispatch(engine: WebgpuEngine, sums: readonly Sum[], { tileRows, tileColumns, parts, groups }: Tiling): void {
  const shared = engine.tiles === 'workgroup';
  const side = shared ? 8 : 4;
  const [reads, vectors]: [Record<string, TensorInfo>, string[]] = [{}, []];
  const known = new Map<object, string[]>();
  /** The name under which a tensor is bound, the same for each use of it. */
  const bind = (tensor: TensorInfo, vector: boolean): string => {
    const names = known.get(tensor.dataId) ?? [];
    known.set(tensor.dataId, names);
    return (names[Number(vector)] ??= (() => {
      const name = `x${Object.keys(reads).length}`;
      reads[name] = tensor;
      if (vector) vectors.push(name);
      return name;
    })());
  };
  const integers: Record<string, number> = {};
  const plans = sums.map((sum, i) => {
    const { rows, columns, c, bias, residual, accumulate = false } = sum;
    Object.assign(integers, { [`rows${i}`]: rows, [`columns${i}`]: columns, [`c${i}Offset`]: c.offset ?? 0 });
    const loads = sum.terms.map(({ a, b, depth }, j): [Loading, Loading] => {
      integers[`depth${i}_${j}`] = depth;
      const loading = (operand: Operand, name: 'a' | 'b'): Loading => {
        const [stride, offset] = [`${name}${i}_${j}Stride`, `${name}${i}_${j}Offset`];
        Object.assign(integers, { [stride]: operand.stride, [offset]: operand.offset ?? 0 });
        const vector = loadsVectors(operand, name === 'a' ? rows : columns, depth);
        const array = bind(operand.tensor, vector && !operand.quantised);
        if (operand.quantised) integers[`${array}Size`] = operand.quantised.size;
        return {
          array,
          vector,
          contiguous: operand.contiguous,
          sides: `params.${name === 'a' ? 'rows' : 'columns'}${i}`,
          depth: `params.depth${i}_${j}`,
          stride: `params.${stride}`,
          offset: `params.${offset}`,
          ends: shared || depth % 4 !== 0,
          quantised: operand.quantised?.format,
        };
      };
      return [loading(a, 'a'), loading(b, 'b')];
    });
    const vector = columns % 4 === 0 && (c.offset ?? 0) % 4 === 0;
    if (vector) vectors.push(`c${i}`);
    const store: Storing = {
      index: i,
      tileRows,
      tileColumns,
      shared,
      vector,
      bias: bias ? bind(bias, vector) : null,
      residual: residual ? bind(residual, vector) : null,
      accumulate,
      parts,
    };
    return { loads, store };
  });
  const one = (i: number): string => {
    const { loads, store } = plans[i]!;
    const text = (shared ? sharedBody : registerBody)({ index: i, tileRows, tileColumns, loads, parts }) + storing(store);
    return sums.length === 1 ? text : `if (group.z / ${parts}u == ${i}u) {${text}\n  }`;
  };
  engine.run({
    kernel: 'product',
    variant: JSON.stringify([engine.tiles, tileRows, tileColumns, parts, plans]),
    reads,
    writes: Object.fromEntries(sums.map(({ c }, i) => [`c${i}`, c.tensor])),
    vectors,
    integers,
    workgroupSize: side * side,
    groups,
    declarations: () => {
      const packed = plans.flatMap(({ loads }) => loads.flat()).filter(({ quantised }) => quantised !== undefined);
      return [...(shared ? [sharedDeclarations(tileRows)] : []), ...packed.map(quantisedAccess)].join('\n');
    },
    body: () => sums.map((_, i) => one(i)).join(' else '),
  });
}

function loadsVectors({ contiguous, stride, offset = 0 }: Operand, sides: number, depth: number): boolean {
  return (contiguous === 'depth' ? depth : sides) % 4 === 0 && stride % 4 === 0 && offset % 4 === 0;
}

/** A thread's tile: 8×8 where that leaves enough workgroups to fill a GPU, else 4×4. */
function sharedTile(sums: readonly Sum[]): [number, number] {
  const groups = sums.reduce((total, { rows, columns }) => total + Math.ceil(rows / 64) * Math.ceil(columns / 64), 0);
  return groups >= 96 ? [8, 8] : [4, 4];
}

/**
 * Declares `name`0 … `name`3: four sides of the operand at depths k … k+3, zero beyond the depth. Sides beyond the last repeat
 * some other: their products are never stored.
 */
function load(loading: Loading, name: string, side: string): string {
  const { array, vector, contiguous, sides, depth: end, stride, offset, ends, quantised } = loading;
  const four = [0, 1, 2, 3];
  const element = (index: string) => (quantised ? `${array}${vector ? 'Four' : 'One'}(${index})` : `${array}[${index}]`);
  if (vector && contiguous === 'depth') {
    const at = (i: number) =>
      element(`(${offset} + min(${side} + ${i}u, ${sides} - 1u) * ${stride} + ${ends ? `min(k, ${end} - 4u)` : 'k'}) / 4u`);
    const rows = four.map(
      (i) => `
    let ${name}Row${i} = ${ends ? `select(vec4<f32>(), ${at(i)}, k < ${end})` : at(i)};`,
    );
    const turned = four.map(
      (i) => `
    let ${name}${i} = vec4<f32>(${four.map((j) => `${name}Row${j}[${i}]`).join(', ')});`,
    );
    return rows.join('') + turned.join('');
  }
  return four
    .map((i) => {
      const depth = ends ? `min(k + ${i}u, ${end} - 1u)` : `(k + ${i}u)`;
      const one = (j: number) => {
        const place = `min(${side} + ${j}u, ${sides} - 1u)`;
        return contiguous === 'depth'
          ? element(`${offset} + ${place} * ${stride} + ${depth}`)
          : element(`${offset} + ${depth} * ${stride} + ${place}`);
      };
      const value = vector
        ? element(`(${offset} + ${depth} * ${stride} + min(${side}, ${sides} - 4u)) / 4u`)
        : `vec4<f32>(${four.map(one).join(', ')})`;
      return `
    let ${name}${i} = ${ends ? `select(vec4<f32>(), ${value}, k + ${i}u < ${end})` : value};`;
    })
    .join('');
}

/** WGSL that reads a quantised matrix (src/core/model/quantisation.ts) one by one, or by fours, which lie in one row and block. */
function quantisedAccess({ array, stride, quantised, vector }: Loading): string {
  const size = `params.${array}Size`;
  const float = (index: string) => `bitcast<f32>(${array}[${index}])`;
  const byte = (base: string, index: string) => `((u32(${array}[${base} + ${index} / 4u]) >> (8u * (${index} % 4u))) & 255u)`;
  const signed = (place: string) => `f32(extractBits(${array}[rows + i${vector ? '' : ' / 4u'}], ${place}, 8u))`;
  if (quantised === 'int8')
    return vector
      ? `fn ${array}Four(i: u32) -> vec4<f32> {
  let rows = ${size} / ${stride};
  return vec4<f32>(${[0, 8, 16, 24].map((place) => signed(`${place}u`)).join(', ')}) * ${float(`4u * i / ${stride}`)};
}`
      : `fn ${array}One(i: u32) -> f32 {
  let rows = ${size} / ${stride};
  return ${signed('8u * (i % 4u)')} * ${float(`i / ${stride}`)};
}`;
  const magnitude = `
  let blocks = (${size} + 63u) / 64u;
  let numbers = 273u + (blocks + 255u) / 256u;
  let codes = numbers + (blocks + 3u) / 4u;
  let number = ${byte('numbers', 'block')};
  let magnitude = ${float('16u + number')} * ${float('273u + block / 256u')} + ${float('272u')};`;
  // The first of two codes in a byte is the higher.
  const level = (place: string) => float(`extractBits(word, ${place}, 4u)`);
  return vector
    ? `fn ${array}Four(i: u32) -> vec4<f32> {
  let block = i / 16u;${magnitude}
  let word = u32(${array}[codes + i / 2u]) >> (16u * (i % 2u));
  return vec4<f32>(${[4, 0, 12, 8].map((place) => level(`${place}u`)).join(', ')}) * magnitude;
}`
    : `fn ${array}One(i: u32) -> f32 {
  let block = i / 64u;${magnitude}
  let word = u32(${array}[codes + i / 8u]);
  return ${level('4u * ((i % 8u) ^ 1u)')} * magnitude;
}`;
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

interface Tile {
  /** Which of the dispatch's sums. */
  index: number;
  tileRows: number;
  tileColumns: number;
  loads: readonly [Loading, Loading][];
  parts: number;
}

/** Each of 4×4 threads has a tile of its own and reads what it needs from global memory. */
function registerBody({ index, tileRows, tileColumns, loads }: Tile): string {
  const steps = [0, 1, 2, 3].map((step) =>
    multiplyAdd(
      tileRows,
      tileColumns,
      (i) => `a${i}_${step}`,
      (i) => `b${i}_${step}`,
    ),
  );
  const term = ([a, b]: [Loading, Loading]) => `
  for (var k = 0u; k < ${a.depth}; k += 4u) {
    ${range(tileRows / 4)
      .map((i) => load(a, `a${i}_`, `(row + ${4 * i}u)`))
      .join('')}
    ${range(tileColumns / 4)
      .map((i) => load(b, `b${i}_`, `(column + ${4 * i}u)`))
      .join('')}
    ${steps.join('')}
  }`;
  return `
  let row = (group.y * 4u + lane / 4u) * ${tileRows}u;
  let column = (group.x * 4u + lane % 4u) * ${tileColumns}u;
  if (row >= params.rows${index} || column >= params.columns${index}) { return; }
  ${sums(tileRows, tileColumns)}
  ${loads.map(term).join('')}`;
}

/**
 * 8×8 threads bring a slab of A and of B into workgroup memory, a 4×4 block each, then every thread multiplies its part: for a
 * tile of 4 or 8, four rows at 4·threadRow and four more at 32 + 4·threadRow. A part of a cut depth is a whole number of slabs.
 */
function sharedBody({ index, tileRows: tile, loads, parts }: Tile): string {
  const [sideBlocks, depthBlocks] = [2 * tile, 32 / tile];
  const slabDepth = 4 * depthBlocks;
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
  const quarters = range(tile / 4);
  const slabsOf = (depth: string) => `(${depth} + ${slabDepth * parts - 1}u) / ${slabDepth * parts}u * ${slabDepth}u`;
  const bounds = (depth: string): [string, string] =>
    parts === 1
      ? ['0u', depth]
      : [`group.z % ${parts}u * (${slabsOf(depth)})`, `min(${depth}, (group.z % ${parts}u + 1u) * (${slabsOf(depth)}))`];
  const term = ([a, b]: [Loading, Loading]) => {
    const [first, end] = bounds(a.depth);
    return `
  for (var start = ${first}; start < ${end}; start += ${slabDepth}u) {
    ${slab(a, 'slabA', 'firstRow')}
    ${slab(b, 'slabB', 'firstColumn')}
    workgroupBarrier();
    for (var depth = 0u; depth < ${slabDepth}u; depth++) {
      ${quarters.map((i) => `let a${i} = slabA[depth * ${sideBlocks}u + ${8 * i}u + threadRow];`).join('\n      ')}
      ${quarters.map((i) => `let b${i} = slabB[depth * ${sideBlocks}u + ${8 * i}u + threadColumn];`).join('\n      ')}
      ${multiplyAdd(
        tile,
        tile,
        (i) => `a${i}`,
        (i) => `b${i}`,
      )}
    }
    workgroupBarrier();
  }`;
  };
  return `
  let threadRow = lane / 8u;
  let threadColumn = lane % 8u;
  let firstRow = group.y * ${8 * tile}u;
  let firstColumn = group.x * ${8 * tile}u;
  if (firstRow >= params.rows${index} || firstColumn >= params.columns${index}) { return; }
  ${sums(tile, tile)}
  ${loads.map(term).join('')}
  let row = firstRow + 4u * threadRow;
  let column = firstColumn + 4u * threadColumn;`;
}

function sharedDeclarations(tile: number): string {
  const size = 2 * tile * 4 * (32 / tile);
  return `var<workgroup> slabA: array<vec4<f32>, ${size}>;\nvar<workgroup> slabB: array<vec4<f32>, ${size}>;`;
}

interface Storing {
  index: number;
  tileRows: number;
  tileColumns: number;
  shared: boolean;
  vector: boolean;
  /** Names of the arrays. */
  bias: string | null;
  residual: string | null;
  accumulate: boolean;
  /** More than one: C is as many slices. */
  parts: number;
}

/** Writes the thread's tile from `row` and `column` on. In the shared layout its second half lies 32 further. */
function storing({ index, tileRows, tileColumns, shared, vector, bias, residual, accumulate, parts }: Storing): string {
  const apart = shared ? 32 : 4;
  const [rows, columns] = [`params.rows${index}`, `params.columns${index}`];
  const origin = parts > 1 ? `(group.z % ${parts}u * ${rows} * ${columns})` : `params.c${index}Offset`;
  const write = (m: number, q: number): string => {
    const columnAt = `(column + ${q * apart}u)`;
    const flat = `(r * ${columns} + ${columnAt})`;
    const scalar = (i: number) => {
      const [c, at] = [`c${index}[${origin} + ${flat} + ${i}u]`, `${columnAt} + ${i}u`];
      const extra = `${bias ? ` + ${bias}[${at}]` : ''}${residual ? ` + ${residual}[${flat} + ${i}u]` : ''}${accumulate ? ` + ${c}` : ''}`;
      return `if (${at} < ${columns}) { ${c} = sum${m}_${q}[${i}]${extra}; }`;
    };
    if (!vector) return [0, 1, 2, 3].map(scalar).join('\n    ');
    const c = `c${index}[(${origin} + ${flat}) / 4u]`;
    const extra = `${bias ? ` + ${bias}[${columnAt} / 4u]` : ''}${residual ? ` + ${residual}[${flat} / 4u]` : ''}${accumulate ? ` + ${c}` : ''}`;
    return `if (${columnAt} < ${columns}) { ${c} = sum${m}_${q}${extra}; }`;
  };
  return range(tileRows)
    .map(
      (m) => `
  if (row + ${(m >> 2) * apart + (m % 4)}u < ${rows}) {
    let r = row + ${(m >> 2) * apart + (m % 4)}u;
    ${range(tileColumns / 4)
      .map((q) => write(m, q))
      .join('\n    ')}
  }`,
    )
    .join('');
}
