/**
 * Attention with one thread per query and head (forward and dq) or per key and key-value head (dk, dv). A thread keeps its
 * vectors in registers and walks over the tokens that it sees; the threads of a workgroup walk along the same tokens, so their loads
 * are shared. Nothing of the size of context² is stored, and no two threads write to one place.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuEngine } from '../../webgpu/engine';
import { registerWebgpuKernel } from '../registry';
import { eachElement, softCap, unitFor } from '../../webgpu/layout';
import type { Unit } from '../../webgpu/layout';
import { kernels } from '../kernels';
import type { AttentionAttributes } from '.';

interface AttentionInputs {
  q: TensorInfo;
  k: TensorInfo;
  v: TensorInfo;
  documents?: TensorInfo;
}

interface GradInputs extends AttentionInputs {
  out: TensorInfo;
  lse: TensorInfo;
  dout: TensorInfo;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const lines = (count: number, line: (i: number) => string): string =>
  range(count)
    .map((i) => `\n    ${line(i)}`)
    .join('');

/** WGSL on a head's vector held as `count` units. */
class HeadVector {
  readonly count: number;

  constructor(
    readonly unit: Unit,
    size: number,
  ) {
    this.count = size / unit.width;
  }

  /** Declares `name`0 … as the units of `source` from `base` on. */
  read(name: string, source: string, base: string): string {
    return lines(this.count, (i) => `let ${name}${i} = ${source}[${base} + ${i}u];`);
  }

  zero(name: string): string {
    return lines(this.count, (i) => `var ${name}${i} = ${this.unit.type}();`);
  }

  dot(a: string, b: string): string {
    return range(this.count)
      .map((i) => (this.unit.width === 4 ? `dot(${a}${i}, ${b}${i})` : `${a}${i} * ${b}${i}`))
      .join(' + ');
  }

  each(line: (i: number) => string): string {
    return lines(this.count, line);
  }
}

/** Places of the thread's query: `row`, `head`, `keyHead` (its key-value head). Consecutive threads have consecutive rows. */
const query = (documents: boolean): string => `${eachElement.begin}
  let row = index % params.rows;
  let head = index / params.rows;
  let keyHead = head * params.kvHeads / params.heads;
  // First token of the sequence or, later on, of the window.
  let sequence = row - row % params.context;
  ${documents ? 'let reach = select(params.window, params.context, documents[sequence] < 0);' : 'let reach = params.window;'}
  let start = max(sequence, row - min(row, reach - 1u));`;

/** Goes on to the next pair unless the query sees the key: one of its document within the window, or a virtual token (index.ts). */
const sameDocument = (documents: boolean, key: string, query: string): string =>
  documents
    ? `let ofQuery = documents[${query}];
    let ofKey = documents[${key}];
    let away = select(i32(${query} - ${key}), i32(${query} % params.context) - ofQuery - ofKey, ofKey < 0 && ofQuery >= 0);
    if ((ofKey >= 0 && ofKey != ofQuery) || away >= i32(params.window)) { continue; }`
    : '';

/** Given as a scaled product: the score. */
const scoreOf = (capped: boolean, product: string): string => (capped ? `softCap(${product})` : product);
/** What the cap multiplies the gradient of `score` with. */
const capSlope = (capped: boolean): string => (capped ? ' * softCapSlope(score)' : '');

/** Behind the last key that the query sees. */
const endOfKeys = (both: boolean): string => (both ? 'min(sequence + params.context, row + params.window)' : 'row + 1u');

function forwardBody(vector: HeadVector, documents: boolean, capped: boolean, both: boolean): string {
  const n = vector.count;
  return `${query(documents)}
    let own = (row * params.heads + head) * ${n}u;
    ${vector.read('q', 'q', 'own')}
    ${vector.zero('sum')}
    var largest = -1e30;
    var total = 0.0;
  let end = ${endOfKeys(both)};
  for (var key = start; key < end; key++) {
    ${sameDocument(documents, 'key', 'row')}
    let other = (key * params.kvHeads + keyHead) * ${n}u;
    ${vector.read('k', 'k', 'other')}
    let score = ${scoreOf(capped, `(${vector.dot('q', 'k')}) * params.scale`)};
    let top = max(largest, score);
    let shrink = exp(largest - top);
    let weight = exp(score - top);
    largest = top;
    total = total * shrink + weight;
    ${vector.each((i) => `sum${i} = sum${i} * shrink + weight * v[other + ${i}u];`)}
  }
    ${vector.each((i) => `out[own + ${i}u] = sum${i} / total;`)}
  lse[row * params.heads + head] = largest + log(total);`;
}

/** Pairs (lse, Σ dO∘O) by row and head, which both gradients need. */
const writeStatistics = (vector: HeadVector): string => `
    let place = row * params.heads + head;
    let logSum = lse[place];
    ${vector.read('o', 'out', 'own')}
    let inner = ${vector.dot('u', 'o')};
    statistics[2u * place] = logSum;
    statistics[2u * place + 1u] = inner;`;

const readStatistics = `
    let place = row * params.heads + head;
    let logSum = statistics[2u * place];
    let inner = statistics[2u * place + 1u];`;

const statisticsBody = (vector: HeadVector): string => `${query(false)}
    let own = (row * params.heads + head) * ${vector.count}u;
    ${vector.read('u', 'dout', 'own')}
    ${writeStatistics(vector)}`;

function queryGradBody(vector: HeadVector, documents: boolean, capped: boolean, both: boolean): string {
  const n = vector.count;
  return `${query(documents)}
    let own = (row * params.heads + head) * ${n}u;
    ${vector.read('q', 'q', 'own')}
    ${vector.read('u', 'dout', 'own')}
    ${documents ? readStatistics : writeStatistics(vector)}
    ${vector.zero('sum')}
  let end = ${endOfKeys(both)};
  for (var key = start; key < end; key++) {
    ${sameDocument(documents, 'key', 'row')}
    let other = (key * params.kvHeads + keyHead) * ${n}u;
    ${vector.read('k', 'k', 'other')}
    ${vector.read('v', 'v', 'other')}
    let score = ${scoreOf(capped, `(${vector.dot('q', 'k')}) * params.scale`)};
    let probability = exp(score - logSum);
    let slope = probability * ((${vector.dot('u', 'v')}) - inner) * params.scale${capSlope(capped)};
    ${vector.each((i) => `sum${i} += slope * k${i};`)}
  }
    ${vector.each((i) => `dq[own + ${i}u] = sum${i};`)}`;
}

function keyGradBody(vector: HeadVector, documents: boolean, capped: boolean, both: boolean): string {
  const n = vector.count;
  return `${eachElement.begin}
  let row = index % params.rows;
  let keyHead = index / params.rows;
  let last = row - row % params.context + params.context;
  ${documents ? 'let reach = select(params.window, params.context, documents[row] < 0);' : 'let reach = params.window;'}
  let end = min(last, row + reach);
  let begin = ${both ? 'max(last - params.context, row - min(row, reach - 1u))' : 'row'};
  let members = params.heads / params.kvHeads;
    let own = (row * params.kvHeads + keyHead) * ${n}u;
    ${vector.read('k', 'k', 'own')}
    ${vector.read('v', 'v', 'own')}
    ${vector.zero('dk')}
    ${vector.zero('dv')}
  for (var head = keyHead * members; head < (keyHead + 1u) * members; head++) {
    for (var at = begin; at < end; at++) {
      ${sameDocument(documents, 'row', 'at')}
      let place = at * params.heads + head;
      let other = place * ${n}u;
      ${vector.read('q', 'q', 'other')}
      ${vector.read('u', 'dout', 'other')}
      let score = ${scoreOf(capped, `(${vector.dot('q', 'k')}) * params.scale`)};
      let probability = exp(score - statistics[2u * place]);
      let slope = probability * ((${vector.dot('u', 'v')}) - statistics[2u * place + 1u]) * params.scale${capSlope(capped)};
      ${vector.each((i) => `dv${i} += probability * u${i};`)}
      ${vector.each((i) => `dk${i} += slope * q${i};`)}
    }
  }
    ${vector.each((i) => `dk[own + ${i}u] = dk${i};`)}
    ${vector.each((i) => `dv[own + ${i}u] = dv${i};`)}`;
}

export function registerWebgpu(engine: WebgpuEngine): void {
  const common = ({ q }: AttentionInputs, { context, heads, kvHeads, scale, window, cap, bidirectional = false }: AttentionAttributes) => {
    const [rows, width] = q.shape as [number, number];
    const size = width / heads;
    const vector = new HeadVector(unitFor(size), size);
    const integers = { rows, context, heads, kvHeads, window: window || context };
    const capped = cap !== undefined;
    return {
      rows,
      vector,
      vectors: vector.unit.width === 4,
      variant: `${size}${capped ? ' capped' : ''}${bidirectional ? ' both ways' : ''}`,
      integers,
      floats: { scale, ...(capped ? { cap } : {}) },
      capped,
      both: bidirectional,
      ...(capped ? { declarations: () => softCap('f32') } : {}),
    };
  };
  const perThread = (count: number) => ({ workgroupSize: eachElement.workgroupSize, groups: eachElement.groups(count) });

  registerWebgpuKernel<AttentionInputs, AttentionAttributes>(kernels.Attention, (inputs, shape) => {
    const { rows, vector, vectors, integers, capped, both, ...shared } = common(inputs, shape);
    const { q, k, v, documents } = inputs;
    const out = engine.activation(q.shape);
    const lse = engine.output([rows, shape.heads]);
    const count = rows * shape.heads;
    engine.run({
      ...shared,
      kernel: kernels.Attention,
      reads: { q, k, v, ...(documents ? { documents } : {}) },
      writes: { out, lse },
      vectors: vectors ? ['q', 'k', 'v', 'out'] : [],
      integers: { count, ...integers },
      ...perThread(count),
      body: () => forwardBody(vector, !!documents, capped, both),
    });
    return [out, lse];
  });

  registerWebgpuKernel<GradInputs, AttentionAttributes>(kernels.AttentionGrad, (inputs, shape) => {
    const { rows, vector, vectors, integers, capped, both, ...shared } = common(inputs, shape);
    const { q, k, v, out, lse, dout, documents } = inputs;
    const [dq, dk, dv] = [engine.activation(q.shape), engine.activation(k.shape), engine.activation(v.shape)];
    const statistics = engine.output([rows, shape.heads, 2]);
    const queries = rows * shape.heads;
    const base = { ...shared, vectors: vectors ? ['q', 'k', 'v', 'out', 'dout', 'dq', 'dk', 'dv'] : [] };
    const forQueries = { ...base, integers: { count: queries, ...integers }, ...perThread(queries) };
    // With the documents there would be nine tensors to bind, one more than WebGPU promises.
    if (documents)
      engine.run({
        ...forQueries,
        kernel: `${kernels.AttentionGrad} statistics`,
        reads: { out, lse, dout },
        writes: { statistics },
        body: () => statisticsBody(vector),
      });
    engine.run({
      ...forQueries,
      kernel: `${kernels.AttentionGrad} queries`,
      reads: documents ? { q, k, v, dout, statistics, documents } : { q, k, v, out, lse, dout },
      writes: documents ? { dq } : { dq, statistics },
      body: () => queryGradBody(vector, !!documents, capped, both),
    });
    const keys = rows * shape.kvHeads;
    engine.run({
      ...base,
      kernel: `${kernels.AttentionGrad} keys`,
      reads: { q, k, v, dout, statistics, ...(documents ? { documents } : {}) },
      writes: { dk, dv },
      integers: { count: keys, ...integers },
      ...perThread(keys),
      body: () => keyGradBody(vector, !!documents, capped, both),
    });
    engine.release(statistics);
    return [dq, dk, dv];
  });
}
