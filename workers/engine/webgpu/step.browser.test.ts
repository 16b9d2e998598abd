/** A whole training step on the GPU kernels: how many dispatches it takes, and that it leaves nothing behind. */
import { backend as tensorBackend, memory } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Rng } from '../../../src/core/rng/rng';
import { createAdamW, DecoderModel, openBackend, parameterShapes, parseConfig, settled, trainingGradients } from '..';
import type { Batch } from '..';

const adam = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 };

/** Vocabulary and tokens of the nano model, which decide how many blocks the loss is cut into; narrow elsewhere. */
function trainer(layers: number, vocabulary: number, rows: number, context: number) {
  const sizes = {
    vocab_size: vocabulary,
    hidden_size: 8,
    intermediate_size: 12,
    num_hidden_layers: layers,
    max_position_embeddings: context,
  };
  const attention = { num_attention_heads: 2, num_key_value_heads: 1, rms_norm_eps: 1e-5 };
  const config = parseConfig('config.json', JSON.stringify({ model_type: 'llama', ...sizes, ...attention, tie_word_embeddings: true }));
  const random = new Rng(3);
  const model = new DecoderModel(
    config,
    [...parameterShapes(config)].map(([name, shape]) => {
      const size = shape.reduce((product, side) => product * side, 1);
      return { name, shape, data: Float32Array.from({ length: size }, () => (shape.length === 1 ? 1 : random.uniform() - 0.5)) };
    }),
  );
  const optimizer = createAdamW(model.parameters, adam);
  const ids = Int32Array.from({ length: rows * context }, () => random.integer(vocabulary));
  const batch: Batch = { rows, context, ids, targets: ids, channels: new Int32Array(rows) };
  return {
    step() {
      const { gradients, sums } = trainingGradients(model, [batch], { channels: 1 });
      optimizer.apply(gradients, 1e-3).norm.dispose();
      sums.dispose();
    },
    dispose() {
      optimizer.dispose();
      model.dispose();
    },
  };
}

describe('a training step on webgpu', () => {
  beforeAll(async () => {
    await openBackend({ backend: 'webgpu', threads: null, requireHardware: false });
  });
  afterEach(() => vi.restoreAllMocks());

  it('takes fewer than 60 dispatches and 45 a layer, and reads nothing back', async () => {
    const [two, four] = [trainer(2, 4096, 8, 128), trainer(4, 4096, 8, 128)];
    for (const { step } of [two, four]) step();
    await settled();
    const dispatch = vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups');
    const map = vi.spyOn(GPUBuffer.prototype, 'mapAsync');
    const counts = [two, four].map(({ step }) => {
      dispatch.mockClear();
      step();
      return dispatch.mock.calls.length;
    }) as [number, number];
    expect(counts[0]).toBeLessThan(60 + 45 * 2);
    expect(counts[1]).toBeLessThan(60 + 45 * 4);
    expect(map).not.toHaveBeenCalled();
    await settled();
    two.dispose();
    four.dispose();
  });

  it('holds the same tensors and the same bytes of the GPU over 1,000 steps', { timeout: 180_000 }, async () => {
    const { step, dispose } = trainer(1, 23, 2, 6);
    const held = () => {
      const { numBytesInGPU, numBytesAllocatedInGPU } = tensorBackend().memory() as unknown as Record<string, number>;
      return { tensors: memory().numTensors, bytes: memory().numBytes, numBytesInGPU, numBytesAllocatedInGPU };
    };
    for (let i = 0; i < 4; i += 1) step();
    await settled();
    const before = held();
    for (let i = 4; i < 1000; i += 1) {
      step();
      if (i % 2 === 1) await settled();
      if (i % 100 === 99) expect(held(), `after step ${i + 1}`).toEqual(before);
    }
    dispose();
  });
});
