/**
 * A tiny random model of every family against transformers. "Relative" is max|a − b| / max|b| over a tensor as the file has it
 * (a tensor that is fused there counts as one): at most 1e-4 on cpu and wasm and 1e-3 on WebGPU.
 */
import { keep, memory, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createAdamW,
  fileWeights,
  generate,
  hostTensors,
  loadModel,
  openBackend,
  tokenLosses,
  trainingGradients,
  writeSafetensors,
} from '../../workers/engine';
import type { DecoderModel, HostTensor, Optimizer } from '../../workers/engine';
import { fileTensors, toFile } from '../../workers/engine/model/file-layout';
import { tensorsOf, type Batch } from '../../workers/engine/model/loss';
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
  documents: number[];
  packedNll: number[];
  greedy: number[];
}

const tolerances = { cpu: 1e-5, wasm: 1e-5, webgpu: 1e-3 } as const;
/** What make_family_fixtures.py made. */
const models = [
  'llama-linear',
  'llama-llama3',
  'mistral',
  'qwen2',
  'qwen3',
  'gpt2',
  'gpt2-untied',
  'gpt-neox',
  'gpt-neox-sequential',
  'gpt-neo',
  'gemma3',
  'gemma2',
  'olmo2',
  'phi3',
  'smollm3',
  'llama-dynamic',
  'gpt2-scaled',
  'minicpm',
  'stablelm',
  'stablelm-sequential',
] as const;

/** Made of ops that the others have too, so one backend is enough. */
const onWasmAlone: readonly string[] = [
  'gpt-neo',
  'olmo2',
  'phi3',
  'smollm3',
  'llama-dynamic',
  'gpt2-scaled',
  'minicpm',
  'stablelm',
  'stablelm-sequential',
];

const encoders = ['bert', 'roberta'] as const;

interface ExpectedEncoder extends Omit<Expected, 'greedy'> {
  /** 1 at padding. */
  padded: number[];
  /** Of the places that are none. */
  states: number[];
}

/** Tensors by parameter name, as the file of the model's family would have them. */
function asInFile(model: DecoderModel, tensors: readonly HostTensor[]): HostTensor[] {
  const byName = new Map(tensors.map(({ name, data }) => [name, data]));
  return fileTensors(model.config).map((tensor) =>
    toFile(
      tensor,
      tensor.parameters.map(({ name }) => byName.get(name)!),
    ),
  );
}

describe.each(['cpu', 'wasm', 'webgpu'] as const)('families on %s', (backend) => {
  const tolerance = tolerances[backend];
  beforeAll(async () => {
    await openBackend({ backend, threads: 1, requireHardware: false });
  });

  describe.each(models.filter((name) => backend === 'wasm' || !onWasmAlone.includes(name)))('%s', (name) => {
    let model: DecoderModel;
    let expected: Expected;
    beforeAll(async () => {
      expected = await fixtureJson<Expected>(`families/${name}/expected.json`);
      model = await loadModel(await tinyModelFiles(`families/${name}`));
    });
    afterAll(() => model.dispose());

    it('has the logits and token losses of transformers, also with packed documents', async () => {
      const { rows, context, ids, documents } = expected;
      const logits = tidy(() => model.logits(model.hiddenStates(tensor1d(ids, 'int32'), { batch: rows, context })));
      expect(relativeError(await logits.data(), expected.logits), 'logits').toBeLessThan(tolerance);
      logits.dispose();
      const batch = batchOf(expected);
      for (const [kind, truth, given] of [
        ['whole rows', expected.nll, batch],
        ['packed documents', expected.packedNll, { ...batch, documents: Int32Array.from(documents) }],
      ] as const) {
        const nll = tokenLosses(model, given);
        expect(relativeError(await nll.data(), truth), kind).toBeLessThan(tolerance);
        nll.dispose();
      }
    });

    it('has its loss and the gradient of every tensor', async () => {
      const truth = await fixtureTensors(`families/${name}/gradients.safetensors`);
      const before = memory().numTensors;
      const { gradients, sums } = trainingGradients(model, [batchOf(expected)], { channels: 1 });
      const [total, tokens] = await sums.data();
      expect(Math.abs(total! / tokens! - expected.loss)).toBeLessThan(tolerance * expected.loss);
      const found = asInFile(model, await hostTensors(gradients));
      expect(found.map((tensor) => tensor.name).sort()).toEqual([...truth.keys()].sort());
      for (const tensor of found) expect(relativeError(tensor.data, truth.get(tensor.name)!), tensor.name).toBeLessThan(tolerance);
      for (const tensor of [...gradients.values(), sums]) tensor.dispose();
      expect(memory().numTensors).toBe(before);
    });

    // tfjs compiles its own ops anew for every length on WebGPU: there a window and learned positions have to do.
    if (backend === 'webgpu' && name !== 'mistral' && name !== 'gpt2') return;
    it('continues a prompt with the likeliest tokens of transformers, from its cache', async () => {
      const prompt = expected.ids.slice(0, expected.context);
      const options = { temperature: 0, topK: 0, topP: 1, seed: 1, maxTokens: expected.greedy.length, stop: [] };
      expect((await generate(model, prompt, options, () => undefined)).ids).toEqual(expected.greedy);
    });

    if (backend !== 'wasm') return;
    it("goes on from a checkpoint in its family's layout to the same bits", async () => {
      const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 };
      const step = (trained: DecoderModel, optimizer: Optimizer, at: number) => {
        const dropout = { rate: 0.1, seed: 5, step: at };
        const { gradients, sums } = trainingGradients(trained, [batchOf(expected)], { channels: 1, dropout });
        sums.dispose();
        optimizer.apply(gradients, 1e-2).norm.dispose();
      };
      const files = await tinyModelFiles(`families/${name}`);
      const straight = await loadModel(files);
      const first = createAdamW(straight.parameters, settings);
      for (const at of [0, 1]) step(straight, first, at);
      const saved = writeSafetensors(await fileWeights(straight), 'F32');
      const moments = await hostTensors(first.state());
      step(straight, first, 2);

      const resumed = await loadModel({ ...files, weights: [{ name: 'model.safetensors', bytes: saved }] });
      const second = createAdamW(resumed.parameters, settings);
      second.restore(2, moments);
      step(resumed, second, 2);
      const [found, truth] = [await hostTensors(resumed.parameters), await hostTensors(straight.parameters)];
      found.forEach(({ name: parameter, data }, at) => expect(data, parameter).toEqual(truth[at]!.data));
      for (const thing of [first, second, straight, resumed]) thing.dispose();
    });
  });

  describe.each(encoders.filter((name) => backend !== 'webgpu' || name === 'bert'))('%s', (name) => {
    let model: DecoderModel;
    let expected: ExpectedEncoder;
    /** Padding is a document of its own. */
    let batch: Batch;
    beforeAll(async () => {
      expected = await fixtureJson<ExpectedEncoder>(`families/${name}/expected.json`);
      model = await loadModel(await tinyModelFiles(`families/${name}`));
      batch = { ...batchOf(expected), documents: Int32Array.from(expected.padded) };
    });
    afterAll(() => model.dispose());

    it('has the hidden states, logits and masked losses of transformers, also with packed documents', async () => {
      const { rows, context, ids, padded, documents } = expected;
      const ofText = (values: Float32Array) => {
        const width = values.length / padded.length;
        return Array.from(values).filter((_, at) => padded[Math.floor(at / width)] === 0);
      };
      const [states, logits] = tidy(() => {
        let last: Tensor | undefined;
        const taps = { state: (_: number, x: Tensor2D) => (last = keep(x.clone())) && x };
        const inputs = tensorsOf(batch).documents!;
        const hidden = model.hiddenStates(tensor1d(ids, 'int32'), { batch: rows, context, documents: inputs, taps });
        return [last!, model.logits(hidden)];
      });
      expect(relativeError(ofText(await states.data<'float32'>()), expected.states), 'states').toBeLessThan(tolerance);
      expect(relativeError(ofText(await logits.data<'float32'>()), expected.logits), 'logits').toBeLessThan(tolerance);
      states.dispose();
      logits.dispose();
      for (const [kind, truth, given] of [
        ['padded rows', expected.nll, batch],
        ['packed documents', expected.packedNll, { ...batch, documents: Int32Array.from(documents) }],
      ] as const) {
        const nll = tokenLosses(model, given);
        expect(relativeError(await nll.data(), truth), kind).toBeLessThan(tolerance);
        nll.dispose();
      }
    });

    it('tells each token of a text once, every seventh hidden at once', async () => {
      const text = [5, 9, 4, 7, 21, 8, 11, 6];
      const [start, end, mask] = [3, 24, 28];
      // Two documents of a row, and padding: next-token predictions, as held-out text comes.
      const ids = [start, ...text.slice(0, 4), start, ...text.slice(5, 7), 0];
      const targets = [...text.slice(0, 5), ...text.slice(5, 8), -1];
      const documents = [0, 0, 0, 0, 0, 1, 1, 1, 2];
      const given: Batch = { ...batchOf({ rows: 1, context: 9, ids, targets }), documents: Int32Array.from(documents) };
      model.marks = { mask, start, end };
      const nll = tokenLosses(model, given);
      model.marks = null;
      const found = await nll.data();
      nll.dispose();
      const truth: number[] = [];
      for (const part of [text.slice(0, 5), text.slice(5, 8)])
        for (const [at, token] of part.entries()) {
          // Shorter than seven tokens each: one is hidden at a time.
          const row = [start, ...part, end];
          const alone = batchOf({
            rows: 1,
            context: row.length,
            ids: row.with(at + 1, mask),
            targets: row.map((_, j) => (j === at + 1 ? token : -1)),
          });
          const loss = tokenLosses(model, alone);
          truth.push((await loss.data())[at + 1]!);
          loss.dispose();
        }
      expect(relativeError(found, [...truth, 0])).toBeLessThan(tolerance);
    });

    it('writes no text', async () => {
      const options = { temperature: 0, topK: 0, topP: 1, seed: 1, maxTokens: 1, stop: [] };
      await expect(generate(model, [3], options, () => undefined)).rejects.toMatchObject({ code: 'encoder-writes' });
    });

    it('has its masked loss and the gradient of every tensor, in its layout of a file', async () => {
      const truth = await fixtureTensors(`families/${name}/gradients.safetensors`);
      const before = memory().numTensors;
      const { gradients, sums } = trainingGradients(model, [batch], { channels: 1 });
      const [total, tokens] = await sums.data();
      expect(tokens).toBe(4);
      expect(Math.abs(total! / tokens! - expected.loss)).toBeLessThan(tolerance * expected.loss);
      const found = asInFile(model, await hostTensors(gradients));
      expect(found.map((tensor) => tensor.name).sort()).toEqual([...truth.keys()].sort());
      // Keys' biases change no softmax: their gradient is rounding alone.
      for (const tensor of found.filter((one) => !one.name.endsWith('key.bias')))
        expect(relativeError(tensor.data, truth.get(tensor.name)!), tensor.name).toBeLessThan(tolerance);
      for (const tensor of [...gradients.values(), sums]) tensor.dispose();
      expect(memory().numTensors).toBe(before);
      const files = await fixtureTensors(`families/${name}/model.safetensors`);
      for (const tensor of await fileWeights(model)) expect(tensor.data, tensor.name).toEqual(files.get(tensor.name));
    });
  });
});
