/** Affine maps of a frozen, quantised weight: it takes no gradient, and is float32 in no more than what a product reads at a time. */
import { tensor } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../../src/contract/device';
import { dequantise, quantise, type Quantisation } from '../../../../src/core/model/quantisation';
import { defineGradient, registerReferenceKernel, runKernel } from '../registry';
import { kernels } from '../kernels';
import type { LinearExtras } from '.';
import { linearGradInputReference, linearReference } from './reference';

/** What the kernels are told of a quantised weight [outputs, inputs]. */
export interface QuantisedAttributes {
  format: Quantisation;
  outputs: number;
  inputs: number;
}

/** A weight [outputs, inputs] in few bits, on the device. */
export interface QuantisedWeight extends QuantisedAttributes {
  /** int32: the words. */
  words: Tensor1D;
}

/** @param data [outputs, inputs] */
export function quantisedWeight(format: Quantisation, data: Float32Array, [outputs, inputs]: readonly [number, number]): QuantisedWeight {
  return { words: tensor(quantise(format, data, outputs, inputs), undefined, 'int32'), format, outputs, inputs };
}

/** x [N,I] → x·weightᵀ + bias + residual [N,O] */
export function quantisedLinear(x: Tensor2D, { words: weight, ...attributes }: QuantisedWeight, extras: LinearExtras = {}): Tensor2D {
  return runKernel(kernels.QuantisedLinear, { x, weight, ...extras }, attributes);
}

defineGradient<QuantisedAttributes>({
  kernel: kernels.QuantisedLinear,
  saveInputs: ['weight'],
  gradient: ([dy], [weight], attributes) => ({
    x: () => runKernel(kernels.QuantisedLinearGradInput, { dy, weight }, attributes),
    weight: () => {
      throw new Error('A quantised weight takes no gradient');
    },
    bias: () => runKernel(kernels.LinearGradBias, { dy }),
    residual: () => dy!.clone(),
  }),
});

function whole(weight: Tensor, { format, outputs, inputs }: QuantisedAttributes): Tensor2D {
  return tensor(dequantise(format, weight.dataSync<'int32'>(), outputs, inputs), [outputs, inputs]);
}

interface Inputs {
  x: Tensor2D;
  weight: Tensor;
  bias?: Tensor1D;
  residual?: Tensor2D;
}

export function registerReference(backend: BackendName): void {
  registerReferenceKernel<Inputs, QuantisedAttributes>(kernels.QuantisedLinear, backend, ({ weight, ...inputs }, attributes) =>
    linearReference({ ...inputs, weight: whole(weight, attributes) }),
  );
  registerReferenceKernel<{ dy: Tensor2D; weight: Tensor }, QuantisedAttributes>(
    kernels.QuantisedLinearGradInput,
    backend,
    ({ dy, weight }, attributes) => linearGradInputReference({ dy, weight: whole(weight, attributes) }),
  );
}
