/** Twenty clipped steps against torch.optim.AdamW; relative is max|a − b| / max|b| over a tensor. */
import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAdamW, hostTensors, DecoderModel, loadModel, openBackend, trainingGradients } from '../../workers/engine';
import type { AdamWOptions, Optimizer } from '../../workers/engine';
import { relativeError } from './op-cases';
import { batchOf, fixtureJson, fixtureTensors, tinyModelFiles } from './fixtures';

interface Fixture {
  model: string;
  rows: number;
  context: number;
  settings: AdamWOptions;
  steps: { lr: number; ids: number[]; targets: number[]; loss: number; norm: number }[];
}

/** Number of values whose bits differ. */
function differingBits(a: Float32Array, b: Float32Array): number {
  const [left, right] = [a, b].map((values) => new Uint32Array(values.buffer, values.byteOffset, values.length)) as [
    Uint32Array,
    Uint32Array,
  ];
  return left.reduce((count, word, index) => count + (word === right[index] ? 0 : 1), 0);
}

describe.each(['cpu', 'wasm', 'webgpu'] as const)('AdamW on %s', (backend) => {
  let fixture: Fixture;
  beforeAll(async () => {
    await openBackend({ backend, threads: 1, requireHardware: false });
    fixture = await fixtureJson<Fixture>('adamw.json');
  });

  async function step(model: DecoderModel, optimizer: Optimizer, index: number, lr = fixture.steps[index]!.lr) {
    const { gradients, sums } = trainingGradients(model, [batchOf({ ...fixture, ...fixture.steps[index]! })], { channels: 1 });
    const { norm } = optimizer.apply(gradients, lr);
    const [total, tokens] = await sums.data();
    const [gradNorm] = await norm.data();
    sums.dispose();
    norm.dispose();
    return { loss: total! / tokens!, norm: gradNorm! };
  }

  it('follows torch for twenty steps: losses, norms, weights; and holds no more tensors at the end than after the first', async () => {
    const model = await loadModel(await tinyModelFiles(fixture.model));
    const optimizer = createAdamW(model.parameters, fixture.settings);
    let held = 0;
    for (const [index, expected] of fixture.steps.entries()) {
      const { loss, norm } = await step(model, optimizer, index);
      expect(Math.abs(loss - expected.loss) / expected.loss, `loss of step ${index}`).toBeLessThan(1e-3);
      expect(Math.abs(norm - expected.norm) / expected.norm, `norm of step ${index}`).toBeLessThan(1e-3);
      if (index === 0) held = memory().numTensors;
      expect(memory().numTensors, `tensors after step ${index}`).toBe(held);
    }
    const truth = await fixtureTensors('adamw.safetensors');
    for (const { name, data } of await hostTensors(model.parameters))
      expect(relativeError(data, truth.get(name)!), name).toBeLessThan(1e-3);
    optimizer.dispose();
    model.dispose();
  });

  it('changes no bit at a rate of 0', async () => {
    const model = await loadModel(await tinyModelFiles(fixture.model));
    const optimizer = createAdamW(model.parameters, fixture.settings);
    const before = await hostTensors(model.parameters);
    for (const index of [0, 1]) await step(model, optimizer, index, 0);
    const after = await hostTensors(model.parameters);
    for (const [at, { name, data }] of before.entries()) expect(differingBits(after[at]!.data, data), name).toBe(0);
    optimizer.dispose();
    model.dispose();
  });

  it('goes on from stored weights and moments to the same bits', async () => {
    const straight = await loadModel(await tinyModelFiles(fixture.model));
    const first = createAdamW(straight.parameters, fixture.settings);
    for (const index of [0, 1]) await step(straight, first, index);
    const weights = await hostTensors(straight.parameters);
    const moments = await hostTensors(first.state());
    await step(straight, first, 2);

    const resumed = new DecoderModel(straight.config, weights);
    const second = createAdamW(resumed.parameters, fixture.settings);
    second.restore(2, moments);
    await step(resumed, second, 2);
    const expected = await hostTensors(straight.parameters);
    for (const [at, { name, data }] of (await hostTensors(resumed.parameters)).entries())
      expect(differingBits(data, expected[at]!.data), name).toBe(0);
    for (const thing of [first, second, straight, resumed]) thing.dispose();
  });
});
