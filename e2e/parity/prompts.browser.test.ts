/**
 * Prefix tuning, prompt tuning and LLaMA-Adapter against PEFT, above tiny random models: token losses of whole rows and of documents apart,
 * gradients, continuations. "Relative" is as in families.browser.test.ts.
 */
import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SoftMethod } from '../../src/core/recipe/schema';
import {
  adapterWeights,
  createAdamW,
  generate,
  hostTensors,
  loadModel,
  openBackend,
  SoftPrompt,
  tokenLosses,
  trainingGradients,
  writeSafetensors,
} from '../../workers/engine';
import type { Batch, DecoderModel, HostTensor, Optimizer } from '../../workers/engine';
import { softPeftConfig } from '../../src/core/model/soft-prompt';
import { requireSameShape } from '../../workers/evaluate/weight-changes';
import { relativeError } from './op-cases';
import { batchOf, fixtureBytes, fixtureJson, fixtureTensors, tinyModelFiles } from './fixtures';

interface Expected {
  base: string;
  rows: number;
  context: number;
  ids: number[];
  targets: number[];
  documents: number[];
  nll: number[];
  packedNll: number[];
  greedy: number[];
}

const tolerances = { cpu: 1e-5, wasm: 1e-5, webgpu: 1e-3 } as const;
/** What make_prompt_fixtures.py made. */
const cases = {
  'prefix-llama': { kind: 'prefix', tokens: 3, init: 'random' },
  'prefix-gpt2': { kind: 'prefix', tokens: 2, init: 'zero' },
  'prefix-mistral': { kind: 'prefix', tokens: 3, init: 'random' },
  'prompt-llama': { kind: 'prompt', tokens: 3, init: 'random' },
  'prompt-gpt2': { kind: 'prompt', tokens: 2, init: 'vocabulary' },
  'prompt-gemma2': { kind: 'prompt', tokens: 3, init: 'vocabulary' },
  'adapter-llama': { kind: 'llama-adapter', tokens: 3, adapterLayers: 1 },
  'adapter-gpt2': { kind: 'llama-adapter', tokens: 2, adapterLayers: 2 },
  'adapter-mistral': { kind: 'llama-adapter', tokens: 4, adapterLayers: 2 },
} as const satisfies Record<string, SoftMethod>;

async function lossesOf(model: DecoderModel, batch: Batch): Promise<Float32Array> {
  const nll = tokenLosses(model, batch);
  const values = (await nll.data<'float32'>()).slice();
  nll.dispose();
  return values;
}

describe.each(['cpu', 'wasm', 'webgpu'] as const)('soft prompts on %s', (backend) => {
  const tolerance = tolerances[backend];
  beforeAll(async () => {
    await openBackend({ backend, threads: 1, requireHardware: false });
  });

  // The others differ in what the CPU's and the GPU's kernels do not see.
  const names = backend === 'wasm' ? Object.keys(cases) : ['prefix-mistral', 'prompt-gpt2', 'adapter-llama'];
  describe.each(names as (keyof typeof cases)[])('%s', (name) => {
    const method: SoftMethod = cases[name];
    let expected: Expected;
    let stored: Uint8Array<ArrayBuffer>;
    beforeAll(async () => {
      expected = await fixtureJson<Expected>(`prompts/${name}/expected.json`);
      stored = await fixtureBytes(`prompts/${name}/adapter_model.safetensors`);
    });
    const batches = () => {
      const whole = batchOf(expected);
      return { whole, apart: { ...whole, documents: Int32Array.from(expected.documents) } };
    };
    const opened = async () =>
      loadModel({
        ...(await tinyModelFiles(`families/${expected.base}`)),
        softPrompt: { name: 'adapter_model.safetensors', bytes: stored, method },
      });

    it("has PEFT's token losses, of whole rows and of documents apart, and its file", async () => {
      const before = memory().numTensors;
      const model = await opened();
      const { whole, apart } = batches();
      expect(relativeError(await lossesOf(model, whole), expected.nll), 'whole rows').toBeLessThan(tolerance);
      expect(relativeError(await lossesOf(model, apart), expected.packedNll), 'documents apart').toBeLessThan(tolerance);
      const file = await fixtureTensors(`prompts/${name}/adapter_model.safetensors`);
      const written = await adapterWeights(model);
      expect(written.map((one) => one.name).sort()).toEqual([...file.keys()].sort());
      for (const one of written) expect(one.data, one.name).toEqual(file.get(one.name));
      // What PEFT writes beside it: each of our fields is there with the same value, but those that say where it comes from.
      const config = await fixtureJson<Record<string, unknown>>(`prompts/${name}/adapter_config.json`);
      const own = softPeftConfig(model.config, method, expected.base);
      expect(config).toMatchObject(own);
      model.dispose();
      expect(memory().numTensors).toBe(before);
    });

    it("has PEFT's gradients, of two micro-batches too, and of nothing else", async () => {
      const model = await opened();
      const truth = await fixtureTensors(`prompts/${name}/gradients.safetensors`);
      const bits: Float32Array[][] = [];
      const { whole } = batches();
      for (const recompute of [false, true]) {
        const { gradients, sums } = trainingGradients(model, [whole, whole], { channels: 1, recompute });
        const values = await hostTensors(gradients);
        const found = model.softPrompt!.fileTensors(new Map(values.map((one) => [one.name, one])));
        expect([...gradients.keys()].sort()).toEqual([...model.softPrompt!.parameters.keys()].sort());
        expect(found.map((one) => one.name).sort()).toEqual([...truth.keys()].sort());
        for (const one of found) expect(relativeError(one.data, truth.get(one.name)!), one.name).toBeLessThan(tolerance);
        bits.push(found.map(({ data }) => data));
        for (const tensor of [...gradients.values(), sums]) tensor.dispose();
      }
      if (backend !== 'webgpu') expect(bits[1]).toEqual(bits[0]);
      model.dispose();
    });

    it('continues a text token by token as PEFT does by reading it anew', async () => {
      const model = await opened();
      const options = { temperature: 0, topK: 0, topP: 1, seed: 1, maxTokens: expected.greedy.length, stop: [] };
      expect((await generate(model, expected.ids.slice(0, 4), options, () => undefined)).ids).toEqual(expected.greedy);
      model.dispose();
    });

    if (backend !== 'wasm') return;
    it('goes on from a checkpoint of its own weights alone to the same bits, with dropout and documents apart', async () => {
      const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 };
      const { apart } = batches();
      const step = (trained: DecoderModel, optimizer: Optimizer, at: number) => {
        const { gradients, sums } = trainingGradients(trained, [apart, apart], { channels: 1, dropout: { rate: 0.1, seed: 5, step: at } });
        sums.dispose();
        optimizer.apply(gradients, 1e-2).norm.dispose();
      };
      const fresh = async (start?: { seed: number; text: number[] }) => {
        const model = await loadModel(await tinyModelFiles(`families/${expected.base}`));
        model.attachPrompt(new SoftPrompt(model.config, method), start);
        return model;
      };
      const plain = await loadModel(await tinyModelFiles(`families/${expected.base}`));
      const straight = await fresh({ seed: 3, text: method.kind === 'prompt' ? [5, 7] : [] });
      // It is no part of a weight, so nothing merges it or sets weights against it.
      for (const pair of [
        [plain, straight],
        [straight, plain],
      ] as const)
        expect(() => requireSameShape(...pair)).toThrow(expect.objectContaining({ code: 'model-unmergeable' }));
      // The base as long as it is not used, and with a gate that is 0.
      const values = await lossesOf(plain, apart);
      if (method.kind === 'llama-adapter') expect(await lossesOf(straight, apart)).toEqual(values);
      straight.usesPrompt = false;
      expect(await lossesOf(straight, apart)).toEqual(values);
      straight.usesPrompt = true;
      const first = createAdamW(straight.parameters, settings);
      for (const at of [0, 1]) step(straight, first, at);
      const saved = writeSafetensors(await adapterWeights(straight), 'F32');
      const moments = await hostTensors(first.state());
      expect(moments.length).toBe(2 * straight.softPrompt!.parameters.size);
      step(straight, first, 2);

      const resumed = await fresh();
      await resumed.softPrompt!.restore('model.safetensors', saved);
      const second = createAdamW(resumed.parameters, settings);
      second.restore(2, moments);
      step(resumed, second, 2);
      const [found, truth] = [await hostTensors(resumed.parameters), await hostTensors(straight.parameters)];
      found.forEach(({ name: parameter, data }: HostTensor, at) => expect(data, parameter).toEqual(truth[at]!.data));
      for (const thing of [first, second, straight, resumed, plain]) thing.dispose();
    });
  });
});
