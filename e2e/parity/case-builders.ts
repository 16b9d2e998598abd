/**
 * Cases of every op by shape. The truth of each is written a second time here, in float64 and without tensors.
 */
import { tensor } from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { dequantise, quantise, type Quantisation } from '../../src/core/model/quantisation';
import { Rng } from '../../src/core/rng/rng';
import { geglu, gelu, swiglu } from '../../workers/engine/ops/activation';
import type { GeluForm } from '../../workers/engine/ops/activation';
import { add } from '../../workers/engine/ops/add';
import { attention } from '../../workers/engine/ops/attention';
import { channelSums, globalNorm } from '../../workers/engine/ops/reductions';
import { crossEntropy } from '../../workers/engine/ops/cross-entropy';
import { dropout, dropoutMask } from '../../workers/engine/ops/dropout';
import { embedding } from '../../workers/engine/ops/embedding';
import { headRmsNorm, layerNorm, rmsNorm, rmsNormWithResidual } from '../../workers/engine/ops/norm';
import { linear, linearGroup } from '../../workers/engine/ops/linear';
import { quantisedLinear } from '../../workers/engine/ops/linear/quantised';
import { rotary } from '../../workers/engine/ops/rotary';
import type { OpCase } from './op-cases';

const random = new Rng(20261122);

/** Normal-ish values: the sum of four uniforms, standard deviation `scale`. */
function floats(shape: number[], scale = 1): { shape: number[]; data: Float32Array } {
  const size = shape.reduce((product, side) => product * side, 1);
  const draw = () => (random.uniform() + random.uniform() + random.uniform() + random.uniform() - 2) * Math.sqrt(3) * scale;
  return { shape, data: Float32Array.from({ length: size }, draw) };
}

function integers(length: number, below: number): Int32Array {
  return Int32Array.from({ length }, () => random.integer(below));
}

export function embeddingCase(vocabulary: number, width: number, rows: number): OpCase {
  const ids = integers(rows, vocabulary);
  return {
    name: `embedding V${vocabulary} D${width} N${rows}`,
    inputs: { table: floats([vocabulary, width]) },
    integers: { ids },
    run: (inputs) => embedding(inputs['table'] as Tensor2D, inputs['ids'] as Tensor1D),
    truth: ({ table }) => Array.from(ids).flatMap((id) => Array.from({ length: width }, (_, d) => table![id * width + d]!)),
    differentiable: true,
  };
}

export function normCase(rows: number, width: number, scale = 1): OpCase {
  const epsilon = 1e-5;
  return {
    name: `norm N${rows} D${width} scale ${scale}`,
    inputs: { x: floats([rows, width], scale), weight: floats([width]) },
    run: ({ x, weight }) => rmsNorm(x as Tensor2D, weight as Tensor1D, epsilon),
    truth: ({ x, weight }) =>
      byRow(rows, (n) => {
        const row = Array.from({ length: width }, (_, d) => x![n * width + d]!);
        const rms = Math.sqrt(row.reduce((total, value) => total + value * value, 0) / width + epsilon);
        return row.map((value, d) => (value / rms) * weight![d]!);
      }),
    differentiable: true,
  };
}

export function headNormCase(rows: number, heads: number, size: number): OpCase {
  const flat = normCase(rows * heads, size);
  return {
    ...flat,
    name: `head norm N${rows} heads ${heads} h${size}`,
    inputs: { ...flat.inputs, x: { shape: [rows, heads * size], data: flat.inputs['x']!.data } },
    run: ({ x, weight }) => headRmsNorm(x as Tensor2D, weight as Tensor1D, 1e-5),
  };
}

/** Rows stand around `centre`. */
export function layerNormCase(rows: number, width: number, scale = 1, centre = 0): OpCase {
  const epsilon = 1e-5;
  const x = floats([rows, width], scale);
  return {
    name: `layer norm N${rows} D${width} scale ${scale} around ${centre}`,
    inputs: { x: { ...x, data: x.data.map((value) => value + centre) }, weight: floats([width]), bias: floats([width]) },
    run: (inputs) => layerNorm(inputs['x'] as Tensor2D, inputs['weight'] as Tensor1D, inputs['bias'] as Tensor1D, epsilon),
    truth: (inputs) =>
      byRow(rows, (n) => {
        const row = Array.from({ length: width }, (_, d) => inputs['x']![n * width + d]!);
        const mean = row.reduce((total, value) => total + value, 0) / width;
        const deviation = Math.sqrt(row.reduce((total, value) => total + (value - mean) ** 2, 0) / width + epsilon);
        return row.map((value, d) => ((value - mean) / deviation) * inputs['weight']![d]! + inputs['bias']![d]!);
      }),
    differentiable: true,
    // A float's rounding far from 0, measured in the row's spread.
    slack: Math.max(1, Math.abs(centre) / scale),
  };
}

export function linearCase(rows: number, inner: number, outer: number, extras: { bias?: boolean; residual?: boolean } = {}): OpCase {
  return {
    name: `linear N${rows} I${inner} O${outer}${extras.bias ? ' bias' : ''}${extras.residual ? ' residual' : ''}`,
    inputs: {
      x: floats([rows, inner]),
      weight: floats([outer, inner]),
      ...(extras.bias ? { bias: floats([outer]) } : {}),
      ...(extras.residual ? { residual: floats([rows, outer]) } : {}),
    },
    run: ({ x, weight, bias, residual }) =>
      linear(x as Tensor2D, weight as Tensor2D, { bias: bias as Tensor1D | undefined, residual: residual as Tensor2D | undefined }),
    truth: ({ x, weight, bias, residual }) =>
      byRow(rows, (n) =>
        Array.from({ length: outer }, (_, o) => {
          let total = (bias?.[o] ?? 0) + (residual?.[n * outer + o] ?? 0);
          for (let i = 0; i < inner; i += 1) total += x![n * inner + i]! * weight![o * inner + i]!;
          return total;
        }),
      ),
    differentiable: true,
  };
}

/** A linear map of a quantised weight, whose truth is that of the numbers it stands for. */
export function quantisedLinearCase(
  format: Quantisation,
  rows: number,
  inner: number,
  outer: number,
  extras: { bias?: boolean; residual?: boolean } = {},
): OpCase {
  const words = quantise(format, floats([outer, inner]).data, outer, inner);
  const weight = dequantise(format, words, outer, inner);
  const { name, inputs, truth } = linearCase(rows, inner, outer, extras);
  const { weight: _, ...others } = inputs;
  return {
    name: `${format} ${name}`,
    inputs: others,
    integers: { words },
    run: ({ x, words: held, bias, residual }) =>
      quantisedLinear(
        x as Tensor2D,
        { words: held as Tensor1D, format, outputs: outer, inputs: inner },
        { bias: bias as Tensor1D | undefined, residual: residual as Tensor2D | undefined },
      ),
    truth: (values) => truth({ ...values, weight }),
    differentiable: true,
  };
}

/** Two maps of x through SwiGLU, so that each has a gradient of its own, and a third beside them. */
export function linearGroupCase(rows: number, inner: number, outer: number): OpCase {
  return {
    name: `linear group N${rows} I${inner} O${outer}`,
    inputs: { x: floats([rows, inner]), gate: floats([outer, inner]), up: floats([outer, inner]), beside: floats([outer, inner]) },
    run: ({ x, gate, up, beside }) => {
      const [a, b, c] = linearGroup(x as Tensor2D, [gate as Tensor2D, up as Tensor2D, beside as Tensor2D]);
      return add(swiglu(a!, b!), c!);
    },
    truth: ({ x, gate, up, beside }) =>
      byRow(rows, (n) =>
        Array.from({ length: outer }, (_, o) => {
          const dot = (weight: ArrayLike<number>) => {
            let total = 0;
            for (let i = 0; i < inner; i += 1) total += x![n * inner + i]! * weight[o * inner + i]!;
            return total;
          };
          const value = dot(gate!);
          return (value / (1 + Math.exp(-value))) * dot(up!) + dot(beside!);
        }),
      ),
    differentiable: true,
  };
}

/** A norm whose input goes on beside it. */
export function normWithResidualCase(rows: number, width: number): OpCase {
  const alone = normCase(rows, width);
  return {
    ...alone,
    name: `norm beside its stream N${rows} D${width}`,
    run: ({ x, weight }) => {
      const [normed, stream] = rmsNormWithResidual(x as Tensor2D, weight as Tensor1D, 1e-5);
      return add(normed, stream);
    },
    truth: (inputs) => alone.truth(inputs).map((value, at) => value + inputs['x']![at]!),
  };
}

export function rotaryCase(batch: number, context: number, heads: number, size: number, turning = size): OpCase {
  const rows = batch * context;
  const angle = (position: number, i: number) => position * 100 ** ((-2 * (i % (turning / 2))) / turning);
  const table = (of: (angle: number) => number) =>
    Float32Array.from({ length: context * turning }, (_, at) => of(angle(Math.floor(at / turning), at % turning)));
  const [cos, sin] = [table(Math.cos), table(Math.sin)];
  return {
    name: `rotary B${batch} T${context} heads ${heads} ${turning} of h${size}`,
    inputs: { x: floats([rows, heads * size]) },
    run: ({ x }) => rotary(x as Tensor2D, tensor(cos, [context, turning]), tensor(sin, [context, turning]), { context, heads }),
    truth: ({ x }) =>
      byRow(rows, (n) =>
        Array.from({ length: heads * size }, (_, column) => {
          const i = column % size;
          if (i >= turning) return x![n * heads * size + column]!;
          const pair = i < turning / 2 ? column + turning / 2 : column - turning / 2;
          const turn = angle(n % context, i);
          const across = x![n * heads * size + pair]! * Math.sin(turn);
          return x![n * heads * size + column]! * Math.cos(turn) + (i < turning / 2 ? -across : across);
        }),
      ),
    differentiable: true,
  };
}

interface AttentionCase {
  batch: number;
  context: number;
  heads: number;
  kvHeads: number;
  size: number;
  documents?: number[];
  scale?: number;
  window?: number;
  cap?: number;
  bidirectional?: boolean;
}

export function attentionCase(given: AttentionCase): OpCase {
  const { batch, context, heads, kvHeads, size, documents, scale = 1, window, cap, bidirectional } = given;
  const rows = batch * context;
  const shape = { batch, context, heads, kvHeads, scale: size ** -0.5, window, cap, bidirectional };
  const truth: OpCase['truth'] = ({ q, k, v }) =>
    byRow(rows, (n) => {
      const first = n - (n % context);
      const start = Math.max(first, window ? n - window + 1 : 0);
      const end = bidirectional ? Math.min(first + context, window ? n + window : Infinity) : n + 1;
      const seen = Array.from({ length: end - start }, (_, at) => start + at).filter((m) => !documents || documents[m] === documents[n]);
      return Array.from({ length: heads }, (_, head) => {
        const kvHead = Math.floor((head * kvHeads) / heads);
        const scores = seen.map((m) => {
          let dot = 0;
          for (let i = 0; i < size; i += 1) dot += q![(n * heads + head) * size + i]! * k![(m * kvHeads + kvHead) * size + i]!;
          return capped(dot * size ** -0.5, cap);
        });
        const weights = softmax(scores);
        return Array.from({ length: size }, (_, i) =>
          seen.reduce((total, m, at) => total + weights[at]! * v![(m * kvHeads + kvHead) * size + i]!, 0),
        );
      }).flat();
    });
  return {
    name: `attention B${batch} T${context} H${heads} K${kvHeads} h${size}${documents ? ' documents' : ''}${window ? ` window ${window}` : ''}${cap ? ` cap ${cap}` : ''}${bidirectional ? ' both ways' : ''} scale ${scale}`,
    inputs: { q: floats([rows, heads * size], scale), k: floats([rows, kvHeads * size], scale), v: floats([rows, kvHeads * size]) },
    ...(documents ? { integers: { documents: Int32Array.from(documents) } } : {}),
    run: ({ q, k, v, documents: ids }) => attention(q as Tensor2D, k as Tensor2D, v as Tensor2D, shape, ids as Tensor1D | undefined),
    truth,
    differentiable: true,
    slack: Math.max(1, scale * scale),
  };
}

const capped = (value: number, cap: number | undefined): number => (cap ? cap * Math.tanh(value / cap) : value);

export function swigluCase(rows: number, width: number, scale = 1): OpCase {
  return {
    name: `swiglu N${rows} F${width} scale ${scale}`,
    inputs: { gate: floats([rows, width], scale), up: floats([rows, width]) },
    run: ({ gate, up }) => swiglu(gate as Tensor2D, up as Tensor2D),
    truth: ({ gate, up }) => Array.from(gate!, (value, at) => (value / (1 + Math.exp(-value))) * up![at]!),
    differentiable: true,
  };
}

export function gegluCase(rows: number, width: number, form: GeluForm, scale = 1): OpCase {
  return {
    name: `geglu ${form} N${rows} F${width} scale ${scale}`,
    inputs: { gate: floats([rows, width], scale), up: floats([rows, width]) },
    run: ({ gate, up }) => geglu(gate as Tensor2D, up as Tensor2D, form),
    truth: ({ gate, up }) => Array.from(gate!, (value, at) => geluOf(value, form) * up![at]!),
    differentiable: true,
  };
}

const geluOf = (value: number, form: GeluForm): number =>
  form === 'exact' ? value * distribution(value) : (value / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (value + 0.044715 * value ** 3)));

export function geluCase(rows: number, width: number, form: GeluForm, scale = 1): OpCase {
  return {
    name: `gelu ${form} N${rows} F${width} scale ${scale}`,
    inputs: { x: floats([rows, width], scale) },
    run: ({ x }) => gelu(x!, form),
    truth: ({ x }) => Array.from(x!, (value) => geluOf(value, form)),
    differentiable: true,
  };
}

/** Φ by its series around 0, φ(x)·(x + x³/3 + x⁵/15 + …) + ½; beyond 6 it is 0 or 1 to within 1e-9. */
function distribution(x: number): number {
  if (Math.abs(x) > 6) return x > 0 ? 1 : 0;
  let [term, sum] = [x, x];
  for (let n = 1; n < 120; n += 1) {
    term *= (x * x) / (2 * n + 1);
    sum += term;
  }
  return 0.5 + (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * sum;
}

export function crossEntropyCase(rows: number, width: number, vocabulary: number, skipEvery: number, scale = 1, cap?: number): OpCase {
  const targets = integers(rows, vocabulary).map((target, n) => (n % skipEvery === skipEvery - 1 ? -1 : target));
  return {
    name: `cross-entropy N${rows} D${width} V${vocabulary} every ${skipEvery}th skipped, scale ${scale}${cap ? ` cap ${cap}` : ''}`,
    inputs: { hidden: floats([rows, width], scale), weight: floats([vocabulary, width]) },
    integers: { targets },
    run: (inputs) =>
      crossEntropy(inputs['hidden'] as Tensor2D, inputs['weight'] as Tensor2D, inputs['targets'] as Tensor1D, undefined, cap),
    truth: ({ hidden, weight }) =>
      byRow(rows, (n) => {
        const target = targets[n]!;
        if (target < 0) return [0];
        const logits = Array.from({ length: vocabulary }, (_, token) => {
          let dot = 0;
          for (let d = 0; d < width; d += 1) dot += hidden![n * width + d]! * weight![token * width + d]!;
          return capped(dot, cap);
        });
        const largest = Math.max(...logits);
        return [Math.log(logits.reduce((total, logit) => total + Math.exp(logit - largest), 0)) + largest - logits[target]!];
      }),
    differentiable: true,
    slack: Math.max(1, scale),
  };
}

export function channelSumsCase(rows: number, count: number): OpCase {
  const channels = integers(rows, count + 1).map((channel) => channel - 1);
  return {
    name: `channel sums N${rows} of ${count}`,
    inputs: { nll: floats([rows]) },
    integers: { channels },
    run: (inputs) => channelSums(inputs['nll'] as Tensor1D, inputs['channels'] as Tensor1D, count),
    truth: ({ nll }) => {
      const sums = new Array<number>(2 * count).fill(0);
      channels.forEach((channel, n) => {
        if (channel < 0) return;
        sums[channel]! += nll![n]!;
        sums[count + channel]! += 1;
      });
      return sums;
    },
    differentiable: false,
  };
}

export function dropoutCase(rows: number, width: number, rate: number, offset: number): OpCase {
  const attributes = { rate, seed: 0xfeedbeef, offset };
  return {
    name: `dropout N${rows} D${width} rate ${rate} from ${offset}`,
    inputs: { x: floats([rows, width]) },
    run: ({ x }) => dropout(x!, attributes),
    truth: ({ x }) => {
      const mask = dropoutMask(rows * width, attributes);
      return Array.from(x!, (value, at) => value * mask[at]!);
    },
    differentiable: true,
  };
}

export function globalNormCase(shapes: number[][], scale = 1): OpCase {
  const inputs = Object.fromEntries(shapes.map((shape, index) => [String(index), floats(shape, scale)]));
  return {
    name: `global norm of ${shapes.length} from ${shapes[0]!.join('×')}, scale ${scale}`,
    inputs,
    run: (tensors) => globalNorm(Object.values(tensors)),
    truth: (tensors) => [
      Math.sqrt(Object.values(tensors).reduce((total, values) => total + Array.from(values).reduce((sum, x) => sum + x * x, 0), 0)),
    ],
    differentiable: false,
  };
}

function byRow(rows: number, row: (n: number) => number[]): number[] {
  return Array.from({ length: rows }, (_, n) => row(n)).flat();
}

function softmax(scores: number[]): number[] {
  const largest = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
