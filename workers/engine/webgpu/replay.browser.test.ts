/** Replayed steps give the bits of steps that are run, whatever happens between them, and end where they no longer hold. */
import { backend as tensorBackend, memory, tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { evaluationSums, openBackend, settled, TrainingStep } from '..';
import { hostTensors } from '../model/load';
import { disposeStep, trainer } from '../../../e2e/parity/narrow-trainer';
import { commandsOf } from './commands';
import type { WebgpuBackend } from './commands';
import { registerWebgpuKernels } from '.';

beforeAll(async () => {
  await openBackend({ backend: 'webgpu', threads: null, requireHardware: false });
  registerWebgpuKernels('registers');
});

const small = { layers: 1, vocabulary: 24, rows: 2, context: 6 };
type Options = Parameters<typeof trainer>[0];
type Trained = ReturnType<typeof trainer>;

const numbersOf = async (tensors: readonly Tensor[]) => Promise.all(tensors.map(async (one) => [...(await one.data())]));

/** What eight steps say and leave behind. */
async function history(
  options: Options,
  how: 'run' | 'compute',
  between: (step: number, trained: Trained) => void | Promise<void> = () => undefined,
) {
  const trained = trainer(options);
  const said: number[][] = [];
  for (let step = 0; step < 8; step += 1) {
    const result = trained.step(how, true);
    said.push(...(await numbersOf([result.sums, result.norm, ...(result.scaling ? [result.scaling] : [])])));
    disposeStep(result);
    await between(step, trained);
  }
  const left = await hostTensors(new Map([...trained.model.parameters, ...trained.optimizer.state()]));
  trained.dispose();
  return { said, left: left.map(({ name, data }) => [name.replace(/^model-\d+/, ''), ...data]) };
}

/** The same with replays, of which there must be as many. */
async function replayed(options: Options, replays: number, between?: Parameters<typeof history>[2]) {
  const run = vi.spyOn(TrainingStep.prototype, 'compute');
  const found = await history(options, 'run', between);
  expect(8 - run.mock.calls.length).toBe(replays);
  run.mockRestore();
  return found;
}

describe('a replayed step', () => {
  it.each([
    { name: 'in f32', options: small },
    { name: 'in f16', options: { ...small, half: true } },
    { name: 'of documents', options: { ...small, documents: true } },
    { name: 'of several micro-batches', options: { ...small, documents: true, microBatches: 2 } },
  ])('has the bits of one that is run, $name', { timeout: 120_000 }, async ({ options }) => {
    expect(await replayed(options, 5)).toEqual(await history(options, 'compute'));
  });

  it(
    'shares no memory with what is computed between steps, and follows weights that are written in place or replaced',
    { timeout: 120_000 },
    async () => {
      const between = async (step: number, { model }: Trained) => {
        const ids = Int32Array.from({ length: 12 }, (_, at) => (at * 7 + step) % 24);
        const sums = evaluationSums(model, { rows: 2, context: 6, ids, targets: ids, channels: new Int32Array(2) }, 1);
        await sums.data();
        sums.dispose();
        if (step === 5) {
          const [parameter] = model.parameters.values();
          const value = tensor(
            Float32Array.from({ length: parameter!.size }, (_, at) => Math.sin(at)),
            parameter!.shape,
          );
          parameter!.assign(value);
          value.dispose();
        }
      };
      expect(await replayed(small, 3, between)).toEqual(await history(small, 'compute', between));
    },
  );

  it('takes one submission, one pass, no more than two writes, no bind group, no buffer and no reading', async () => {
    const { step, dispose } = trainer({ ...small, documents: true });
    for (let i = 0; i < 4; i += 1) {
      disposeStep(step('run', true));
      await settled();
    }
    const spies = {
      submits: vi.spyOn(GPUQueue.prototype, 'submit'),
      passes: vi.spyOn(GPUCommandEncoder.prototype, 'beginComputePass'),
      writes: vi.spyOn(GPUQueue.prototype, 'writeBuffer'),
      bindGroups: vi.spyOn(GPUDevice.prototype, 'createBindGroup'),
      buffers: vi.spyOn(GPUDevice.prototype, 'createBuffer'),
      readings: vi.spyOn(GPUBuffer.prototype, 'mapAsync'),
    };
    const tensors = memory().numTensors;
    // However slow the machine was before.
    commandsOf(tensorBackend() as unknown as WebgpuBackend).most = Infinity;
    disposeStep(step('run', true));
    await settled();
    const counts = Object.fromEntries(Object.entries(spies).map(([name, spy]) => [name, spy.mock.calls.length]));
    for (const spy of Object.values(spies)) spy.mockRestore();
    expect(counts).toEqual({ submits: 1, passes: 1, writes: 1, bindGroups: 0, buffers: 0, readings: 0 });
    expect(memory().numTensors).toBe(tensors);
    dispose();
  });

  it('ends at another shape, and gives its memory back', async () => {
    const held = () => (tensorBackend().memory() as unknown as { numBytesInGPU: number }).numBytesInGPU;
    await settled();
    const before = held();
    const { step, dispose } = trainer(small);
    for (let i = 0; i < 5; i += 1) disposeStep(step());
    dispose();
    await settled();
    expect(held()).toBe(before);
  });
});
