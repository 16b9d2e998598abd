/** Several affine maps of one input, as queries, keys and values are, or gate and up: one kernel forward and two backward, where the backend has them. */
import { engine, getBackend, getKernel, registerGradient } from '@tensorflow/tfjs-core';
import type { NamedTensorMap, Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { handOut, runKernel, runKernels } from '../gradient';
import { kernels } from '../kernels';
import { linear } from '../linear';

/** Maps of one kernel: each brings three tensors to bind, and WebGPU promises eight. */
const MOST = 3;

interface ProjectionAttributes {
  /** Every weight takes a gradient, so that all of them are worth computing at once. */
  trained: boolean;
}

/** x [N,I], weights [O₀,I], [O₁,I], … → x·weightᵀ [N,O₀], [N,O₁], … */
export function projections(x: Tensor2D, weights: readonly Tensor2D[]): Tensor2D[] {
  if (weights.length < 2 || weights.length > MOST || !getKernel(kernels.Projections, getBackend()))
    return weights.map((weight) => linear(x, weight));
  const trained = weights.every((weight) => (weight as Partial<Variable>).trainable !== false);
  const inputs = [x, ...weights] as unknown as NamedTensorMap;
  return engine().runKernel(kernels.Projections, inputs, { trained }) as unknown as Tensor2D[];
}

registerGradient({
  kernelName: kernels.Projections,
  saveAllInputs: true,
  gradFunc: (given, [x, ...weights], attributes) => {
    const dys = given as Tensor[];
    const { trained } = attributes as unknown as ProjectionAttributes;
    const places = weights.map((_, index) => String(index + 1));
    // At once and here, since tfjs disposes what one input's gradient leaves behind.
    const weightGradients = trained
      ? handOut(places, runKernels(kernels.ProjectionsGradWeights, { x, ...numbered('dy', dys) }))
      : Object.fromEntries(places.map((place, index) => [place, () => runKernel(kernels.LinearGradWeight, { dy: dys[index], x })]));
    return {
      0: () => runKernel(kernels.ProjectionsGradInput, { ...numbered('dy', dys), ...numbered('weight', weights) }),
      ...weightGradients,
    };
  },
});

const numbered = (name: string, tensors: Tensor[]): Record<string, Tensor> =>
  Object.fromEntries(tensors.map((tensor, index) => [`${name}${index}`, tensor]));
