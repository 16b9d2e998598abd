/** Typed doors to tfjs's engine: running a kernel and giving it a gradient. */
import { engine, registerGradient } from '@tensorflow/tfjs-core';
import type { NamedAttrMap, NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import type { KernelName } from './kernels';

/** Runs a kernel with one output. Absent (undefined) inputs are left out: tfjs's tape cannot hold them. */
export function runKernel<T extends Tensor>(kernel: KernelName, inputs: Record<string, Tensor | undefined>, attributes: object = {}): T {
  return engine().runKernel<T>(kernel, present(inputs), attributes as NamedAttrMap);
}

/** Runs a kernel with several outputs. */
export function runKernels(kernel: KernelName, inputs: Record<string, Tensor | undefined>, attributes: object = {}): Tensor[] {
  return engine().runKernel(kernel, present(inputs), attributes as NamedAttrMap) as unknown as Tensor[];
}

function present(inputs: Record<string, Tensor | undefined>): NamedTensorMap {
  return Object.fromEntries(Object.entries(inputs).filter((entry): entry is [string, Tensor] => entry[1] !== undefined));
}

export interface GradientRule<Attributes> {
  kernel: KernelName;
  /** Inputs that the gradient needs. */
  saveInputs: string[];
  /** Which outputs the gradient needs. */
  saveOutputs?: boolean[];
  /**
   * `saved` holds the saved inputs, then the saved outputs. Returns one function per input: tfjs calls only those whose input
   * leads to a parameter, so a frozen weight costs nothing.
   */
  gradient: (dy: Tensor[], saved: Tensor[], attributes: Attributes) => Record<string, () => Tensor>;
}

export function defineGradient<Attributes>({ kernel, saveInputs, saveOutputs, gradient }: GradientRule<Attributes>): void {
  registerGradient({
    kernelName: kernel,
    inputsToSave: saveInputs,
    ...(saveOutputs ? { outputsToSave: saveOutputs } : {}),
    gradFunc: (dy, saved, attributes) => gradient(Array.isArray(dy) ? dy : [dy], saved, attributes as Attributes),
  });
}

/**
 * Hands out the outputs of a gradient kernel that computes several at once. It runs in tfjs's backward scope, which disposes
 * what nobody takes; what is taken is handed over as an alias, so that its memory goes as soon as tfjs is done with it.
 */
export function handOut<Name extends string>(names: readonly Name[], outputs: Tensor[]): Record<Name, () => Tensor> {
  return Object.fromEntries(
    names.map((name, index) => [
      name,
      () => {
        const output = outputs[index]!;
        const alias = output.clone();
        output.dispose();
        return alias;
      },
    ]),
  ) as Record<Name, () => Tensor>;
}
