import {
  add,
  cast,
  concat,
  div,
  exp,
  expandDims,
  gather,
  greaterEqual,
  log,
  matMul,
  max,
  maximum,
  mul,
  range,
  reshape,
  scatterND,
  slice,
  square,
  sub,
  sum,
  tidy,
} from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../../src/contract/device';
import { registerReferenceKernel } from '../registry';
import { kernels } from '../kernels';
import { softCapped } from '../activation';
import type { CrossEntropyAttributes, CrossEntropyGradAttributes } from '.';

/** Logits held at a time: 16 MB as float32. */
const logitsAtOnce = 4 * 2 ** 20;

interface CrossEntropyInputs {
  hidden: Tensor2D;
  weight: Tensor2D;
  targets: Tensor1D;
}

/** First row and number of rows of each block. */
function blocks(rows: number, vocabulary: number): [start: number, count: number][] {
  const size = Math.max(1, Math.floor(logitsAtOnce / vocabulary));
  return Array.from({ length: Math.ceil(rows / size) }, (_, block) => [block * size, Math.min(size, rows - block * size)]);
}

function predicted(targets: Tensor1D): Tensor {
  return cast(greaterEqual(targets, 0), 'float32');
}

/** Logits of some rows [rows,V], capped where there is a cap. */
function logitsOf(states: Tensor2D, weight: Tensor2D, cap: number | undefined): Tensor2D {
  const logits = matMul<Tensor2D>(states, weight, false, true);
  return cap ? softCapped(logits, cap) : logits;
}

/** The value of each row at its target: values [count,V], wanted [count] from 0 → [count] */
function chosenOf(values: Tensor2D, wanted: Tensor): Tensor {
  const [count, vocabulary] = values.shape;
  const places = add(mul(range(0, count, 1, 'int32'), vocabulary), wanted);
  return gather(reshape(values, [-1]), cast(places, 'int32'));
}

export function crossEntropyReference({ hidden, weight, targets }: CrossEntropyInputs, { cap }: CrossEntropyAttributes = {}): Tensor[] {
  const [rows, width] = hidden.shape;
  const vocabulary = weight.shape[0];
  const parts = blocks(rows, vocabulary).map(([start, count]) =>
    tidy(() => {
      const wanted = slice(targets, start, count);
      const logits = logitsOf(slice(hidden, [start, 0], [count, width]), weight, cap);
      const largest = max(logits, 1, true);
      const lse = add(log(sum(exp(sub(logits, largest)), 1)), reshape(largest, [count]));
      return [mul(sub(lse, chosenOf(logits, maximum(wanted, 0))), predicted(wanted)), lse];
    }),
  );
  return [0, 1].map((output) => joined(parts.map((part) => part[output]!)));
}

/** dlogits = (softmax − one-hot)·dnll, times 1 − (logit/cap)² where logits are capped; the one-hot part is a row of the head weight and a scatter, so it is never built. */
export function crossEntropyGradReference(
  { hidden, weight, targets, lse, dnll }: CrossEntropyInputs & { lse: Tensor1D; dnll: Tensor1D },
  { frozen = false, cap }: CrossEntropyGradAttributes = {},
): Tensor[] {
  const [rows, width] = hidden.shape;
  const vocabulary = weight.shape[0];
  const chosen = cast<Tensor1D>(maximum(targets, 0), 'int32');
  const coefficients = mul(dnll, predicted(targets));
  const dHidden: Tensor[] = [];
  const dChosen: Tensor[] = [];
  let dWeight: Tensor | undefined;
  for (const [start, count] of blocks(rows, vocabulary)) {
    const [fromRows, ofChosen, toWeight] = tidy<[Tensor, Tensor, Tensor?]>(() => {
      const states = slice(hidden, [start, 0], [count, width]);
      const logits = logitsOf(states, weight, cap);
      const probabilities = exp(sub(logits, reshape(slice(lse, start, count), [count, 1])));
      const own = slice(coefficients, start, count);
      const plain = mul(probabilities, reshape(own, [count, 1]));
      const slopes = cap ? sub<Tensor2D>(1, square(div(logits, cap))) : null;
      const weighted = slopes ? mul(plain, slopes) : plain;
      const chosenSlope = slopes ? mul(own, chosenOf(slopes, slice(chosen, start, count))) : own.clone();
      if (frozen) return [matMul(weighted, weight), chosenSlope];
      const gradient = matMul(weighted, states, true, false);
      return [matMul(weighted, weight), chosenSlope, dWeight ? add(dWeight, gradient) : gradient];
    });
    dHidden.push(fromRows);
    dChosen.push(ofChosen);
    dWeight?.dispose();
    dWeight = toWeight;
  }
  const column = reshape(joined(dChosen), [rows, 1]);
  const fromAll = sub(joined(dHidden), mul(gather(weight, chosen), column));
  if (!dWeight) return [fromAll];
  return [fromAll, sub(dWeight, scatterND(expandDims(chosen, 1), mul(hidden, column), [vocabulary, width]))];
}

function joined(parts: Tensor[]): Tensor {
  return parts.length === 1 ? parts[0]! : concat(parts, 0);
}

export function registerReference(backend: BackendName): void {
  registerReferenceKernel(kernels.CrossEntropy, backend, crossEntropyReference);
  registerReferenceKernel(kernels.CrossEntropyGrad, backend, crossEntropyGradReference);
}
