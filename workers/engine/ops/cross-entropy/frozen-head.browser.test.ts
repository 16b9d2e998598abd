/** A head that is not trained costs no gradient, and the hidden states get the same as with one that is. */
import { engine, getKernel, memory, setBackend, tensor1d, tensor2d, tidy, variable } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { openBackend } from '../../backend';
import { kernels } from '../kernels';
import { replaceKernel } from '../registry';
import { crossEntropy } from '.';

const [rows, width, vocabulary] = [5, 6, 9];
const filled = (count: number) => Float32Array.from({ length: count }, (_, at) => Math.sin(3 * at));
const targets = [1, 8, -1, 0, 4];

describe.each(['cpu', 'wasm', 'webgpu'] as const)('cross-entropy with a frozen head on %s', (backend) => {
  beforeAll(async () => {
    await openBackend({ backend, threads: 1, requireHardware: false });
    await setBackend(backend);
  });

  /** The gradient of the hidden states, and how many outputs the gradient kernels gave. */
  async function gradientOf(trainable: boolean, ahead: boolean): Promise<{ values: Float32Array; outputs: number }> {
    const before = memory().numTensors;
    const spies = [kernels.CrossEntropyGrad, kernels.CrossEntropyTrain].flatMap((name) => {
      const original = getKernel(name, backend);
      if (!original) return [];
      const spy = vi.fn(original.kernelFunc);
      replaceKernel({ ...original, kernelFunc: spy });
      return [{ spy, restore: () => replaceKernel(original) }];
    });
    const initial = tensor2d(filled(vocabulary * width), [vocabulary, width]);
    const head = variable(initial, trainable);
    initial.dispose();
    const [hidden, slopes, wanted] = [tensor2d(filled(rows * width), [rows, width]), tensor1d(filled(rows)), tensor1d(targets, 'int32')];
    const grads = tidy(() => {
      const inputs: Tensor[] = trainable ? [hidden, head] : [hidden];
      const compute = () => crossEntropy(hidden, head, wanted, ahead ? slopes : undefined);
      return engine().gradients(compute, inputs, slopes).grads;
    });
    const values = await grads[0]!.data<'float32'>();
    const outputs = spies.flatMap(({ spy }) => spy.mock.results.map(({ value }) => (value as unknown[]).length));
    for (const { restore } of spies) restore();
    for (const tensor of [...grads, hidden, slopes, wanted, head]) tensor.dispose();
    expect(memory().numTensors).toBe(before);
    return { values, outputs: outputs[0]! };
  }

  it.each([false, true])('known beforehand: %s', async (ahead) => {
    const trained = await gradientOf(true, ahead);
    const frozen = await gradientOf(false, ahead);
    expect(frozen.values).toEqual(trained.values);
    expect(frozen.outputs).toBe(trained.outputs - 1);
  });
});
