/**
 * Cases that every implementation of the ops must pass, on any backend: small odd shapes, edges (one row, one token, one head),
 * large values. Each has a truth in float64; gradients are held against its central differences.
 */
import { engine, tensor, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Rng } from '../../src/core/rng/rng';
import {
  attentionCase,
  channelSumsCase,
  crossEntropyCase,
  dropoutCase,
  embeddingCase,
  normWithResidualCase,
  gegluCase,
  geluCase,
  globalNormCase,
  headNormCase,
  layerNormCase,
  linearCase,
  normCase,
  linearGroupCase,
  quantisedLinearCase,
  rotaryCase,
  swigluCase,
} from './case-builders';

type Values = ArrayLike<number>;

export interface OpCase {
  name: string;
  /** Float inputs by name, in their order. */
  inputs: Record<string, { shape: number[]; data: Float32Array }>;
  /** Integer inputs by name. */
  integers?: Record<string, Int32Array>;
  /** The op under test. */
  run: (inputs: Record<string, Tensor>) => Tensor;
  /** The same in float64. */
  truth: (inputs: Record<string, Values>) => number[];
  /** False for ops without a gradient. */
  differentiable: boolean;
  /** How many times the usual relative error is allowed: for values whose rounding alone is larger. */
  slack?: number;
}

export interface CaseErrors {
  /** max|found − truth| / max|truth|, or the absolute error where the truth is all zero. */
  forward: number;
  gradients: Record<string, number>;
}

/** Runs a case on tfjs's current backend. */
export async function checkCase({ inputs, integers = {}, run, truth, differentiable }: OpCase): Promise<CaseErrors> {
  const names = Object.keys(inputs);
  const data = Object.fromEntries(names.map((name) => [name, inputs[name]!.data]));
  const expected = truth(data);
  const random = new Rng(99);
  const dy = Float32Array.from(expected, () => random.uniform() * 2 - 1);
  const [output, ...gradients] = tidy<[Tensor, ...Tensor[]]>(() => {
    const tensors = Object.fromEntries(names.map((name) => [name, tensor(inputs[name]!.data, inputs[name]!.shape)]));
    const indices = Object.fromEntries(Object.entries(integers).map(([name, values]) => [name, tensor1d(values, 'int32')]));
    const compute = () => run({ ...tensors, ...indices });
    if (!differentiable) return [compute()];
    const shape = tidy(() => compute().shape);
    const { value, grads } = engine().gradients(
      compute,
      names.map((name) => tensors[name]!),
      tensor(dy, shape),
    );
    return [value, ...grads];
  });
  const errors: CaseErrors = { forward: relativeError(await output.data(), expected), gradients: {} };
  for (const [index, gradient] of gradients.entries()) {
    const name = names[index]!;
    const found = await gradient.data();
    const places = somePlaces(found.length);
    const slopes = places.map((place) => slope(truth, data, name, place, dy));
    errors.gradients[name] = relativeError(
      places.map((place) => found[place]!),
      slopes,
    );
  }
  output.dispose();
  gradients.forEach((gradient) => gradient.dispose());
  return errors;
}

/** max|a − b| / max|b|; the absolute error where b is all zero. NaN counts as infinite. */
export function relativeError(found: Values, expected: Values): number {
  if (found.length !== expected.length) return Infinity;
  let [largest, worst] = [0, 0];
  for (let index = 0; index < expected.length; index += 1) {
    const error = Math.abs(found[index]! - expected[index]!);
    if (Number.isNaN(error)) return Infinity;
    worst = Math.max(worst, error);
    largest = Math.max(largest, Math.abs(expected[index]!));
  }
  return largest === 0 ? worst : worst / largest;
}

/** All places of a small tensor, else 40 of them. */
function somePlaces(size: number): number[] {
  if (size <= 40) return Array.from({ length: size }, (_, index) => index);
  const random = new Rng(size);
  return Array.from({ length: 40 }, () => random.integer(size));
}

/** d(Σ dy·truth)/d(input at place) by a central difference. */
function slope(truth: OpCase['truth'], data: Record<string, Float32Array>, name: string, place: number, dy: Values): number {
  const moved = Float64Array.from(data[name]!);
  const centre = moved[place]!;
  const step = 1e-5 * Math.max(1, Math.abs(centre));
  const at = (value: number) => {
    moved[place] = value;
    return truth({ ...data, [name]: moved }).reduce((total, output, index) => total + output * dy[index]!, 0);
  };
  return (at(centre + step) - at(centre - step)) / (2 * step);
}

export const opCases: OpCase[] = [
  embeddingCase(1, 1, 1),
  embeddingCase(7, 5, 9),
  embeddingCase(33, 17, 40),
  normCase(1, 3),
  normCase(5, 7),
  normCase(9, 48),
  normCase(3, 20, 1e4),
  normCase(3, 20, 1e-4),
  headNormCase(1, 1, 5),
  headNormCase(5, 3, 8),
  layerNormCase(1, 3),
  layerNormCase(5, 7),
  layerNormCase(9, 48),
  layerNormCase(3, 20, 1e4),
  layerNormCase(3, 20, 1e-2),
  layerNormCase(4, 33, 1, 30),
  linearCase(1, 1, 1),
  linearCase(5, 7, 3),
  linearCase(1, 19, 6, { bias: true }),
  linearCase(6, 4, 9, { residual: true }),
  linearCase(17, 33, 21, { bias: true, residual: true }),
  linearCase(64, 32, 16),
  rotaryCase(1, 1, 1, 2),
  rotaryCase(2, 5, 3, 6),
  rotaryCase(1, 9, 2, 16),
  rotaryCase(1, 1, 1, 3, 2),
  rotaryCase(2, 5, 3, 7, 4),
  rotaryCase(1, 9, 2, 32, 8),
  rotaryCase(2, 3, 1, 12, 6),
  attentionCase({ batch: 1, context: 1, heads: 1, kvHeads: 1, size: 2 }),
  attentionCase({ batch: 3, context: 1, heads: 2, kvHeads: 1, size: 4 }),
  attentionCase({ batch: 2, context: 5, heads: 4, kvHeads: 2, size: 6 }),
  attentionCase({ batch: 2, context: 6, heads: 3, kvHeads: 1, size: 5, documents: [0, 0, 1, 1, 1, 2, 7, 8, 8, 8, 8, 8] }),
  attentionCase({ batch: 1, context: 35, heads: 2, kvHeads: 2, size: 16 }),
  attentionCase({ batch: 1, context: 8, heads: 2, kvHeads: 1, size: 8, scale: 6 }),
  attentionCase({ batch: 1, context: 9, heads: 1, kvHeads: 1, size: 4, window: 1 }),
  attentionCase({ batch: 2, context: 7, heads: 4, kvHeads: 2, size: 6, window: 3 }),
  attentionCase({ batch: 2, context: 6, heads: 3, kvHeads: 1, size: 5, window: 2, documents: [0, 0, 1, 1, 1, 2, 7, 8, 8, 8, 8, 8] }),
  attentionCase({ batch: 1, context: 45, heads: 2, kvHeads: 1, size: 8, window: 11 }),
  attentionCase({ batch: 1, context: 5, heads: 2, kvHeads: 1, size: 8, window: 64 }),
  attentionCase({ batch: 2, context: 5, heads: 4, kvHeads: 2, size: 6, bidirectional: true }),
  attentionCase({ batch: 1, context: 35, heads: 2, kvHeads: 1, size: 8, bidirectional: true, cap: 2 }),
  attentionCase({ batch: 1, context: 45, heads: 2, kvHeads: 1, size: 8, window: 3, bidirectional: true }),
  attentionCase({
    batch: 2,
    context: 6,
    heads: 3,
    kvHeads: 1,
    size: 5,
    bidirectional: true,
    documents: [0, 0, 1, 1, 1, 2, 7, 8, 8, 8, 8, 8],
  }),
  swigluCase(1, 1),
  swigluCase(5, 7),
  swigluCase(4, 33, 40),
  geluCase(1, 1, 'exact'),
  geluCase(5, 7, 'exact'),
  geluCase(4, 33, 'exact', 40),
  geluCase(4, 9, 'exact', 0.01),
  geluCase(1, 1, 'tanh'),
  geluCase(5, 7, 'tanh'),
  geluCase(4, 33, 'tanh', 40),
  crossEntropyCase(1, 1, 2, 9),
  crossEntropyCase(5, 7, 11, 3),
  crossEntropyCase(2, 3, 5, 1),
  crossEntropyCase(19, 16, 131, 5),
  crossEntropyCase(6, 9, 37, 4, 12),
  channelSumsCase(1, 1),
  channelSumsCase(37, 4),
  dropoutCase(1, 1, 0.5, 0),
  dropoutCase(5, 7, 0.1, 12345),
  dropoutCase(9, 33, 0.5, 2 ** 32 - 100),
  globalNormCase([[1]]),
  globalNormCase([[5, 7], [3], [33, 9]]),
  globalNormCase([[40, 13], [8]], 1e3),
  globalNormCase(Array.from({ length: 38 }, (_, index) => [index + 1])),
  linearGroupCase(5, 7, 3),
  linearGroupCase(40, 32, 20),
  normWithResidualCase(1, 3),
  normWithResidualCase(9, 48),
  gegluCase(5, 7, 'exact'),
  gegluCase(4, 33, 'tanh', 40),
  attentionCase({ batch: 2, context: 5, heads: 4, kvHeads: 2, size: 6, cap: 0.8 }),
  attentionCase({ batch: 1, context: 35, heads: 2, kvHeads: 1, size: 8, scale: 3, window: 11, cap: 20 }),
  attentionCase({ batch: 2, context: 6, heads: 3, kvHeads: 1, size: 5, cap: 2, documents: [0, 0, 1, 1, 1, 2, 7, 8, 8, 8, 8, 8] }),
  crossEntropyCase(5, 7, 11, 3, 1, 1.5),
  crossEntropyCase(6, 9, 36, 4, 6, 8),
  // Blocks that begin within a row, two scales of magnitudes, and a depth that is packed in two parts.
  ...(['nf4', 'int8'] as const).flatMap((format) => [
    quantisedLinearCase(format, 5, 7, 3),
    quantisedLinearCase(format, 1, 12, 21, { bias: true, residual: true }),
    quantisedLinearCase(format, 5, 132, 130),
    quantisedLinearCase(format, 4, 399, 9),
    quantisedLinearCase(format, 4, 9, 400),
  ]),
];
