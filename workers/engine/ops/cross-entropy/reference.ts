import {
  add,
  cast,
  concat,
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
  sub,
  sum,
  tidy,
} from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../../src/contract/device';
import { registerReferenceKernel } from '../registry';
import { kernels } from '../kernels';
import type { CrossEntropyGradAttributes } from '.';

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

export function crossEntropyReference({ hidden, weight, targets }: CrossEntropyInputs): Tensor[] {
  const [rows, width] = hidden.shape;
  const vocabulary = weight.shape[0];
  const parts = blocks(rows, vocabulary).map(([start, count]) =>
    tidy(() => {
      const wanted = slice(targets, start, count);
      const logits = matMul(slice(hidden, [start, 0], [count, width]), weight, false, true);
      const largest = max(logits, 1, true);
      const lse = add(log(sum(exp(sub(logits, largest)), 1)), reshape(largest, [count]));
      const places = add(mul(range(0, count, 1, 'int32'), vocabulary), maximum(wanted, 0));
      const chosen = gather(reshape(logits, [-1]), cast(places, 'int32'));
      return [mul(sub(lse, chosen), predicted(wanted)), lse];
    }),
  );
  return [0, 1].map((output) => joined(parts.map((part) => part[output]!)));
}

/** dlogits = (softmax − one-hot)·dnll; the one-hot part is a row of the head weight and a scatter, so it is never built. */
export function crossEntropyGradReference(
  { hidden, weight, targets, lse, dnll }: CrossEntropyInputs & { lse: Tensor1D; dnll: Tensor1D },
  { frozen = false }: CrossEntropyGradAttributes = {},
): Tensor[] {
  const [rows, width] = hidden.shape;
  const vocabulary = weight.shape[0];
  const chosen = cast<Tensor1D>(maximum(targets, 0), 'int32');
  const coefficients = mul(dnll, predicted(targets));
  const dHidden: Tensor[] = [];
  let dWeight: Tensor | undefined;
  for (const [start, count] of blocks(rows, vocabulary)) {
    const [fromRows, toWeight] = tidy<[Tensor, Tensor?]>(() => {
      const states = slice(hidden, [start, 0], [count, width]);
      const logits = matMul(states, weight, false, true);
      const probabilities = exp(sub(logits, reshape(slice(lse, start, count), [count, 1])));
      const weighted = mul(probabilities, reshape(slice(coefficients, start, count), [count, 1]));
      if (frozen) return [matMul(weighted, weight)];
      const gradient = matMul(weighted, states, true, false);
      return [matMul(weighted, weight), dWeight ? add(dWeight, gradient) : gradient];
    });
    dHidden.push(fromRows);
    dWeight?.dispose();
    dWeight = toWeight;
  }
  const column = reshape(coefficients, [rows, 1]);
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
