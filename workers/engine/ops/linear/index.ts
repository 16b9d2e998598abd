/**
 * Affine maps with Hugging Face's weight layout [out, in]: one, with the residual stream added in the same pass, or a group that reads the
 * same input, as queries, keys and values do, or gate and up: one kernel forward and two backward, where the backend has them.
 */
import { engine, getBackend, getKernel, registerGradient } from '@tensorflow/tfjs-core';
import type { NamedTensorMap, Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { defineGradient, handOut, runKernel, runKernels } from '../registry';
import { kernels } from '../kernels';

export interface LinearExtras {
  /** [O] */
  bias?: Tensor1D | undefined;
  /** [N,O] */
  residual?: Tensor2D | undefined;
}

/** x [N,I], weight [O,I] → x·weightᵀ + bias + residual [N,O] */
export function linear(x: Tensor2D, weight: Tensor2D, { bias, residual }: LinearExtras = {}): Tensor2D {
  return runKernel(kernels.Linear, { x, weight, bias, residual });
}

defineGradient({
  kernel: kernels.Linear,
  saveInputs: ['x', 'weight'],
  gradient: ([dy], [x, weight]) => ({
    x: () => runKernel(kernels.LinearGradInput, { dy, weight }),
    weight: () => runKernel(kernels.LinearGradWeight, { dy, x }),
    bias: () => runKernel(kernels.LinearGradBias, { dy }),
    residual: () => dy!.clone(),
  }),
});

/** a [M,K], b [K,N] → a·b, without a gradient. */
export function product(a: Tensor2D, b: Tensor2D): Tensor2D {
  return runKernel(kernels.LinearGradInput, { dy: a, weight: b });
}

/** a [K,M], b [K,N] → aᵀ·b, without a gradient. */
export function transposedProduct(a: Tensor2D, b: Tensor2D): Tensor2D {
  return runKernel(kernels.LinearGradWeight, { dy: a, x: b });
}

/** Maps of one group: each brings three tensors to bind, and WebGPU promises eight. */
const MOST_IN_GROUP = 3;

interface GroupAttributes {
  /** Every weight takes a gradient, so that all of them are worth computing at once. */
  trained: boolean;
}

/** x [N,I], weights [O₀,I], [O₁,I], … → x·weightᵀ [N,O₀], [N,O₁], … */
export function linearGroup(x: Tensor2D, weights: readonly Tensor2D[]): Tensor2D[] {
  if (weights.length < 2 || weights.length > MOST_IN_GROUP || !getKernel(kernels.LinearGroup, getBackend()))
    return weights.map((weight) => linear(x, weight));
  const trained = weights.every((weight) => (weight as Partial<Variable>).trainable !== false);
  const inputs = [x, ...weights] as unknown as NamedTensorMap;
  return engine().runKernel(kernels.LinearGroup, inputs, { trained }) as unknown as Tensor2D[];
}

registerGradient({
  kernelName: kernels.LinearGroup,
  saveAllInputs: true,
  gradFunc: (given, [x, ...weights], attributes) => {
    const dys = given as Tensor[];
    const { trained } = attributes as unknown as GroupAttributes;
    const places = weights.map((_, index) => String(index + 1));
    // At once and here, since tfjs disposes what one input's gradient leaves behind.
    const weightGradients = trained
      ? handOut(places, runKernels(kernels.LinearGroupGradWeights, { x, ...numbered('dy', dys) }))
      : Object.fromEntries(places.map((place, index) => [place, () => runKernel(kernels.LinearGradWeight, { dy: dys[index], x })]));
    return {
      0: () => runKernel(kernels.LinearGroupGradInput, { ...numbered('dy', dys), ...numbered('weight', weights) }),
      ...weightGradients,
    };
  },
});

/** `name0`, `name1`, … as a kernel's inputs. */
const numbered = (name: string, tensors: Tensor[]): Record<string, Tensor> =>
  Object.fromEntries(tensors.map((tensor, index) => [`${name}${index}`, tensor]));
