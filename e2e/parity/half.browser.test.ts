/**
 * Training with precision f16 on WebGPU: gradients against PyTorch's in float32 within what halves can hold, losses beside those of
 * float32, the loss scale against GradScaler's rules, and the memory that it saves.
 */
import { backend as tensorBackend, memory, scalar } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { afterStep } from '../../src/core/precision/loss-scale';
import { createAdamW, loadModel, openBackend, settled, trainingGradients } from '../../workers/engine';
import type { Batch, HostTensor } from '../../workers/engine';
import { relativeError } from './op-cases';
import { batchOf, fixtureJson, fixtureTensors, tinyModelFiles } from './fixtures';

interface Expected {
  rows: number;
  context: number;
  ids: number[];
  targets: number[];
  loss: number;
}

/** max|a − b| / max|b| over a gradient: a dozen roundings to 11 bits lie between the loss and the first layer's weights. */
const tolerance = 1e-2;
const adam = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1, scalesLoss: true };

const refused: string[] = [];
beforeAll(async () => {
  await openBackend({ backend: 'webgpu', threads: 1, requireHardware: false });
  (tensorBackend() as unknown as { device: GPUDevice }).device.onuncapturederror = ({ error }) => refused.push(error.message);
});
afterEach(() => expect(refused).toEqual([]));

describe.each(['tiny-tied', 'tiny-untied', 'families/gemma2', 'families/minicpm'] as const)('%s in halves', (name) => {
  it.each([1, 2 ** 10])('has the gradients of PyTorch at a loss scale of %d', async (scale) => {
    const expected = await fixtureJson<Expected>(`${name}/expected.json`);
    const truth = await fixtureTensors(`${name}/gradients.safetensors`);
    const model = await loadModel(await tinyModelFiles(name));
    const before = memory().numTensors;
    const factor = scalar(scale);
    const { gradients, sums } = trainingGradients(model, [batchOf(expected)], { channels: 1, half: { scale: factor } });
    for (const [parameter, gradient] of gradients) {
      const plain = (await gradient.data<'float32'>()).map((value) => value / scale);
      expect(relativeError(plain, truth.get(parameter)!), parameter).toBeLessThan(tolerance);
      gradient.dispose();
    }
    const [total, tokens] = await sums.data();
    expect(Math.abs(total! / tokens! - expected.loss)).toBeLessThan(1e-3 * expected.loss);
    sums.dispose();
    factor.dispose();
    expect(memory().numTensors).toBe(before);
    model.dispose();
  });
});

/** The loss scale of a checkpoint. The fixture's few tokens have large shares of the mean, which 2¹⁶ would carry beyond a half. */
const stored = (scale: number, goodSteps = 0, skipped = 0): HostTensor[] => [
  { name: 'loss_scale', shape: [], data: Float32Array.of(scale) },
  { name: 'loss_scale_history', shape: [5], data: Float32Array.of(goodSteps, skipped, 0, 0, 0) },
];

interface Trained {
  losses: number[];
  /** Of each step: norm, scale, skipped, skipped now. */
  reports: number[][];
}

async function train(steps: number, from: HostTensor[] | null): Promise<Trained> {
  const expected = await fixtureJson<Expected>('tiny-tied/expected.json');
  const model = await loadModel(await tinyModelFiles('tiny-tied'));
  const optimizer = createAdamW(model.parameters, { ...adam, scalesLoss: from !== null });
  if (from) optimizer.restore(0, from);
  const trained: Trained = { losses: [], reports: [] };
  const weights = model.parameters.get('model.layers.1.mlp.up_proj.weight')!;
  for (let step = 0; step < steps; step += 1) {
    const before = await weights.data();
    const { lossScale } = optimizer;
    const options = { channels: 1, ...(lossScale ? { half: { scale: lossScale } } : {}) };
    const { gradients, sums } = trainingGradients(model, [batchOf(expected)], options);
    const { norm, scaling } = optimizer.apply(gradients, 3e-3);
    const [total, tokens] = await sums.data();
    trained.losses.push(total! / tokens!);
    if (scaling) {
      const report = [...(await scaling.data())];
      trained.reports.push(report);
      const after = await weights.data();
      // A skipped step leaves every weight as it was.
      if (report[3] === 1) expect(after).toEqual(before);
      else expect(after).not.toEqual(before);
    }
    for (const one of [sums, norm, ...(scaling ? [scaling] : [])]) one.dispose();
  }
  optimizer.dispose();
  model.dispose();
  return trained;
}

describe('training in halves', () => {
  it('follows the losses of float32 and leaves nothing behind', async () => {
    const before = memory().numTensors;
    const [full, half] = [await train(25, null), await train(25, stored(2 ** 10))];
    expect(memory().numTensors).toBe(before);
    expect(full.losses.at(-1)!).toBeLessThan(full.losses[0]! - 1);
    // In shares of the first loss: the text is soon known by heart, and the last losses are near 0.
    full.losses.forEach((loss, step) => expect(Math.abs(half.losses[step]! - loss), `step ${step}`).toBeLessThan(2e-3 * full.losses[0]!));
    expect(half.reports.map(([, scale]) => scale)).toEqual(Array.from({ length: 25 }, () => 2 ** 10));
    expect(half.reports.every(([norm, , skipped]) => Number.isFinite(norm) && skipped === 0)).toBe(true);
  });

  it('skips overflowing steps, halves the scale by the rules of GradScaler, and doubles it after 2,000 good ones', async () => {
    // Far too large a scale, as if stored in a checkpoint; later one step is missing to the next doubling.
    const { losses, reports } = await train(16, stored(2 ** 20, 1998, 7));
    let state = { scale: 2 ** 20, goodSteps: 1998, skipped: 7, updates: 0 };
    for (const [step, [norm, scale, skipped, now]] of reports.entries()) {
      state = afterStep(state, now === 0);
      expect([scale, skipped], `step ${step}`).toEqual([state.scale, state.skipped]);
      expect(Number.isFinite(norm)).toBe(now === 0);
    }
    expect(state.skipped).toBeGreaterThan(7 + 3);
    expect(state.updates).toBeGreaterThan(3);
    // The skipped steps saw the same weights, the others trained them.
    expect(losses[1]).toBe(losses[0]);
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);

    expect((await train(3, stored(1024, 1998))).reports.map(([, scale]) => scale)).toEqual([1024, 2048, 2048]);
  });

  it('takes the bias correction from the updates that were done', async () => {
    const plain = await train(3, stored(2 ** 10));
    const late = await train(16, stored(2 ** 20));
    const first = late.reports.findIndex(([, , , skipped]) => skipped === 0);
    expect(first).toBeGreaterThan(1);
    for (const at of [0, 1, 2]) expect(late.losses[first + at]).toBeCloseTo(plain.losses[at]!, 2);
  });
});

/** Most bytes in use at a time during a step, and what lies there between steps. */
async function bytesOfStep(half: boolean, batch: Batch): Promise<{ peak: number; resting: number }> {
  const model = await loadModel(await tinyModelFiles('tiny-tied'));
  const { bufferManager: buffers } = tensorBackend() as unknown as {
    bufferManager: { numBytesUsed: number; acquireBuffer(...options: unknown[]): GPUBuffer };
  };
  const step = () => {
    const { gradients, sums } = trainingGradients(model, [batch], { channels: 1, ...(half ? { half: {} } : {}) });
    for (const one of [...gradients.values(), sums]) one.dispose();
  };
  step();
  await settled();
  const resting = buffers.numBytesUsed;
  let peak = 0;
  const own = buffers.acquireBuffer.bind(buffers);
  buffers.acquireBuffer = (...options) => {
    const buffer = own(...options);
    peak = Math.max(peak, buffers.numBytesUsed);
    return buffer;
  };
  step();
  buffers.acquireBuffer = own;
  await settled();
  model.dispose();
  return { peak, resting };
}

it('takes little more than half the memory of float32 for what a step needs besides weights and gradients', async () => {
  const { ids, context } = await fixtureJson<Expected>('tiny-tied/expected.json');
  const rows = 32;
  const tokens = Array.from({ length: rows * context }, (_, at) => ids[at % ids.length]!);
  const batch = batchOf({ rows, context, ids: tokens, targets: tokens });
  const [full, half] = [await bytesOfStep(false, batch), await bytesOfStep(true, batch)];
  expect(half.resting).toBe(full.resting);
  const ratio = (half.peak - half.resting) / (full.peak - full.resting);
  expect(ratio).toBeLessThan(0.65);
});
