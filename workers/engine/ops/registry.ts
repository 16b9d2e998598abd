/**
 * How an op of ours enters tfjs and leaves it: running a kernel, giving it a gradient, and registering the kernel itself. Fused
 * kernels replace the reference under its name.
 */
import { engine, getKernel, registerGradient, registerKernel, tidy, unregisterKernel } from '@tensorflow/tfjs-core';
import type { KernelConfig, NamedAttrMap, NamedTensorInfoMap, NamedTensorMap, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../src/contract/device';
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

/** Registers a kernel, in place of the one this backend already has under that name. */
export function replaceKernel(config: KernelConfig): void {
  if (getKernel(config.kernelName, config.backendName)) unregisterKernel(config.kernelName, config.backendName);
  registerKernel(config);
}

/**
 * Registers a kernel written in tfjs ops. While it runs, tfjs counts the ops inside as part of the kernel and keeps them off
 * the tape; intermediates are disposed on return.
 */
export function registerReferenceKernel<Inputs, Attributes>(
  kernelName: KernelName,
  backendName: BackendName,
  compute: (inputs: Inputs, attributes: Attributes) => Tensor | Tensor[],
): void {
  replaceKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs }: { inputs: NamedTensorInfoMap; attrs?: NamedAttrMap }) =>
      tidy(() => compute(inputs as Inputs, (attrs ?? {}) as Attributes)),
  });
}

type FusedKernel<Inputs, Attributes> = (inputs: Inputs, attributes: Attributes) => TensorInfo | TensorInfo[];

function registerFusedKernel<Inputs, Attributes>(
  backendName: BackendName,
  kernelName: KernelName,
  compute: FusedKernel<Inputs, Attributes>,
): void {
  replaceKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs }: { inputs: NamedTensorInfoMap; attrs?: NamedAttrMap }) =>
      compute(inputs as Inputs, (attrs ?? {}) as Attributes),
  });
}

export function registerWasmKernel<Inputs, Attributes = object>(kernel: KernelName, compute: FusedKernel<Inputs, Attributes>): void {
  registerFusedKernel('wasm', kernel, compute);
}

export function registerWebgpuKernel<Inputs, Attributes = object>(kernel: KernelName, compute: FusedKernel<Inputs, Attributes>): void {
  registerFusedKernel('webgpu', kernel, compute);
}

/** Tensors `name0`, `name1`, … of a kernel's inputs, in their order. */
export function numberedInputs(inputs: Record<string, TensorInfo>, name: string): TensorInfo[] {
  return Object.keys(inputs)
    .filter((key) => key.startsWith(name))
    .map((_, index) => inputs[`${name}${index}`]!);
}
