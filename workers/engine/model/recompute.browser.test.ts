/** Layers computed again in the backward pass give the gradients of layers that were kept, bit for bit, with less memory. */
import { engine, memory } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { batchOf, fixtureText } from '../../../e2e/parity/fixtures';
import { Rng } from '../../../src/core/rng/rng';
import { DecoderModel, openBackend, parameterShapes, parseConfig, trainingGradients } from '..';
import type { Batch, TrainingOptions } from '..';

const ROWS = 2;
const CONTEXT = 20;

/** A model of random weights with the config of a fixture. */
async function modelOf(name: string): Promise<DecoderModel> {
  const config = parseConfig('config.json', await fixtureText(`families/${name}/config.json`));
  const random = new Rng(7);
  const weights = [...parameterShapes(config)].map(([parameter, shape]) => {
    const size = shape.reduce((product, side) => product * side, 1);
    return { name: parameter, shape, data: Float32Array.from({ length: size }, () => random.uniform() - 0.5) };
  });
  return new DecoderModel(config, weights);
}

const random = new Rng(3);
const drawn = (below: number) => Array.from({ length: ROWS * CONTEXT }, () => random.integer(below));
const batch: Batch = batchOf({ rows: ROWS, context: CONTEXT, ids: drawn(60), targets: drawn(60) });
const documents = Int32Array.from({ length: ROWS * CONTEXT }, (_, at) => Math.floor(at / 7));
const dropout = { rate: 0.2, seed: 4, step: 9 };

describe.each(['wasm', 'webgpu'] as const)('recomputed layers on %s', (backend) => {
  let model: DecoderModel;
  beforeAll(async () => {
    await openBackend({ backend, threads: 1, requireHardware: false });
  });
  afterEach(() => model.dispose());

  async function gradientsOf(batches: Batch[], options: Partial<TrainingOptions>): Promise<Map<string, Float32Array>> {
    const before = memory().numTensors;
    const { gradients, sums } = trainingGradients(model, batches, { channels: 1, ...options });
    const values = new Map<string, Float32Array>([['sums', await sums.data<'float32'>()]]);
    for (const [name, gradient] of gradients) values.set(name, await gradient.data<'float32'>());
    for (const tensor of [...gradients.values(), sums]) tensor.dispose();
    expect(memory().numTensors).toBe(before);
    return values;
  }

  it.each(['llama-llama3', 'mistral', 'qwen3', 'gpt2', 'gpt-neox'])('%s: with dropout, documents and accumulation', async (name) => {
    model = await modelOf(name);
    const batches = [batch, { ...batch, documents }];
    const kept = await gradientsOf(batches, { dropout });
    expect(await gradientsOf(batches, { dropout, recompute: true })).toEqual(kept);
    expect(await gradientsOf(batches, { recompute: true })).toEqual(await gradientsOf(batches, {}));
    expect(kept).not.toEqual(await gradientsOf(batches, {}));
  });

  it('with frozen parameters: none of theirs, the same of the others', async () => {
    model = await modelOf('qwen2');
    for (const [name, parameter] of model.parameters)
      parameter.trainable = name.includes('layers.1.mlp') || name.includes('layers.0.self_attn.q_proj');
    const kept = await gradientsOf([batch], {});
    expect([...kept.keys()]).toHaveLength(1 + 3 + 2);
    expect(await gradientsOf([batch], { recompute: true })).toEqual(kept);
    for (const [name, parameter] of model.parameters) parameter.trainable = name.startsWith('model.norm');
    expect(await gradientsOf([batch], { recompute: true })).toEqual(await gradientsOf([batch], {}));
  });

  it('holds less at its peak', async () => {
    model = await modelOf('llama-linear');
    const peak = async (recompute: boolean) => {
      const { peakBytes } = await engine().profile(() => {
        const { gradients, sums } = trainingGradients(model, [batch], { channels: 1, recompute });
        for (const tensor of [...gradients.values(), sums]) tensor.dispose();
        return sums;
      });
      return peakBytes;
    };
    expect(await peak(true)).toBeLessThan(0.8 * (await peak(false)));
  });
});
