/**
 * Logits, losses and every gradient of random Llamas against transformers. "Relative" is max|a − b| / max|b| over a tensor:
 * at most 1e-4 on cpu and wasm and 1e-3 on WebGPU.
 */
import { matMul, memory, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generate, loadModel, openBackend, tokenLosses, trainingGradients } from '../../workers/engine';
import type { DecoderModel } from '../../workers/engine';
import { relativeError } from './op-cases';
import { batchOf, fixtureJson, fixtureTensors, tinyModelFiles } from './fixtures';

interface Expected {
  rows: number;
  context: number;
  ids: number[];
  targets: number[];
  logits: number[];
  nll: number[];
  loss: number;
  greedy: number[];
}

const tolerances = { cpu: 1e-4, wasm: 1e-4, webgpu: 1e-3 } as const;
const cases = (['cpu', 'wasm', 'webgpu'] as const).flatMap((backend) =>
  (['tiny-tied', 'tiny-untied'] as const).map((name) => ({ backend, name })),
);

describe.each(cases)('$name on $backend', ({ backend, name }) => {
  const tolerance = tolerances[backend];
  let model: DecoderModel;
  let expected: Expected;

  beforeAll(async () => {
    await openBackend({ backend, threads: 1, requireHardware: false });
    expected = await fixtureJson<Expected>(`${name}/expected.json`);
    model = await loadModel(await tinyModelFiles(name));
  });
  afterAll(() => model.dispose());

  it('has the logits of transformers', async () => {
    const { rows, context, ids } = expected;
    const logits = tidy(() =>
      matMul(model.hiddenStates(tensor1d(ids, 'int32'), { batch: rows, context }), model.headWeight(), false, true),
    );
    expect(relativeError(await logits.data(), expected.logits)).toBeLessThan(tolerance);
    logits.dispose();
  });

  it('has its token losses, 0 where no token is predicted', async () => {
    const nll = tokenLosses(model, batchOf(expected));
    const values = await nll.data();
    expect(relativeError(values, expected.nll)).toBeLessThan(tolerance);
    expected.targets.forEach((target, token) => {
      if (target < 0) expect(values[token]).toBe(0);
    });
    nll.dispose();
  });

  it('has its gradient of every parameter', async () => {
    const truth = await fixtureTensors(`${name}/gradients.safetensors`);
    const before = memory().numTensors;
    const { gradients, sums } = trainingGradients(model, [batchOf(expected)], { channels: 1 });
    expect([...gradients.keys()].sort()).toEqual([...truth.keys()].sort());
    for (const [parameter, gradient] of gradients) {
      expect(relativeError(await gradient.data(), truth.get(parameter)!), parameter).toBeLessThan(tolerance);
      gradient.dispose();
    }
    const [total, tokens] = await sums.data();
    sums.dispose();
    expect(tokens).toBe(expected.targets.filter((target) => target >= 0).length);
    expect(Math.abs(total! / tokens! - expected.loss)).toBeLessThan(tolerance * expected.loss);
    expect(memory().numTensors).toBe(before);
  });

  it('accumulates micro-batches to the gradient of the whole, weighted by tokens', async () => {
    const truth = await fixtureTensors(`${name}/gradients.safetensors`);
    const { rows, context, ids, targets } = expected;
    const halves = Array.from({ length: rows }, (_, row) => {
      const part = (values: number[]) => values.slice(row * context, (row + 1) * context);
      return batchOf({ rows: 1, context, ids: part(ids), targets: part(targets) });
    });
    const { gradients, sums } = trainingGradients(model, halves, { channels: 1 });
    sums.dispose();
    for (const [parameter, gradient] of gradients) {
      expect(relativeError(await gradient.data(), truth.get(parameter)!), parameter).toBeLessThan(tolerance);
      gradient.dispose();
    }
  });

  it('continues a prompt with the likeliest tokens of transformers, from its cache', async () => {
    const before = memory().numTensors;
    const prompt = expected.ids.slice(0, expected.context);
    const heard: number[] = [];
    const options = { temperature: 0, topK: 0, topP: 1, seed: 1, maxTokens: expected.greedy.length, stop: [] };
    const { ids, ended } = await generate(model, prompt, options, (id) => heard.push(id));
    expect(ids).toEqual(expected.greedy);
    expect(heard).toEqual(ids);
    expect(ended).toBe('length');
    expect(memory().numTensors).toBe(before);
  });
});
