/**
 * Low-rank adapters against PEFT, above tiny random models: token losses beside the base and added to it, gradients of A and B. "Relative" is
 * as in families.browser.test.ts.
 */
import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LoraMethod } from '../../src/core/recipe/schema';
import {
  adapterWeights,
  createAdamW,
  hostTensors,
  loadModel,
  LowRankAdapter,
  openBackend,
  tokenLosses,
  trainingGradients,
  writeSafetensors,
} from '../../workers/engine';
import type { DecoderModel, HostTensor, Optimizer } from '../../workers/engine';
import { peftScale } from '../../src/core/model/peft';
import { relativeError } from './op-cases';
import { batchOf, fixtureBytes, fixtureJson, fixtureTensors, tinyModelFiles } from './fixtures';

interface Expected {
  base: string;
  rows: number;
  context: number;
  ids: number[];
  targets: number[];
  nll: number[];
  loss: number;
}
interface PeftConfig {
  r: number;
  lora_alpha: number;
  use_rslora: boolean;
  target_modules: string[];
  modules_to_save: string[] | null;
}

const tolerances = { cpu: 1e-5, wasm: 1e-5, webgpu: 1e-3 } as const;
/** What make_adapter_fixtures.py made. `own`: also trained here, which asks for one rank and scale. */
const cases = [
  { name: 'llama', own: true },
  { name: 'gpt2', own: true },
  { name: 'gpt-neox', own: false },
  { name: 'phi3', own: true },
  { name: 'qwen2', own: true },
] as const;

const methodOf = (config: PeftConfig, change: Partial<LoraMethod> = {}): LoraMethod => ({
  kind: 'lora',
  r: config.r,
  alpha: config.lora_alpha,
  dropout: 0,
  targets: config.target_modules,
  rankStabilised: config.use_rslora,
  modulesToSave: config.modules_to_save ? ['embeddings', 'head'] : [],
  ...change,
});

async function attached(base: string, method: LoraMethod, stored?: Uint8Array<ArrayBuffer>): Promise<DecoderModel> {
  const model = await loadModel(await tinyModelFiles(`families/${base}`));
  model.attach(new LowRankAdapter(model.config, method, 3));
  if (stored) await model.adapter!.restore('adapter_model.safetensors', stored, model.parameters);
  return model;
}

async function lossesOf(model: DecoderModel, expected: Expected): Promise<Float32Array> {
  const nll = tokenLosses(model, batchOf(expected));
  const values = (await nll.data<'float32'>()).slice();
  nll.dispose();
  return values;
}

describe.each(['cpu', 'wasm', 'webgpu'] as const)('adapters on %s', (backend) => {
  const tolerance = tolerances[backend];
  beforeAll(async () => {
    await openBackend({ backend, threads: null, requireHardware: false });
  });

  describe.each(cases)('$name', ({ name, own }) => {
    let expected: Expected;
    let config: PeftConfig;
    let stored: Uint8Array<ArrayBuffer>;
    beforeAll(async () => {
      expected = await fixtureJson<Expected>(`adapters/${name}/expected.json`);
      config = await fixtureJson<PeftConfig>(`adapters/${name}/adapter_config.json`);
      stored = await fixtureBytes(`adapters/${name}/adapter_model.safetensors`);
    });

    it("has PEFT's token losses when it is added to its base", async () => {
      const files = await tinyModelFiles(`families/${expected.base}`);
      const scaleOf = peftScale(config);
      const merged = await loadModel({ ...files, adapter: { name: 'adapter_model.safetensors', bytes: stored, scaleOf } });
      expect(relativeError(await lossesOf(merged, expected), expected.nll)).toBeLessThan(tolerance);
      merged.dispose();
    });

    if (!own) return;
    it("has PEFT's token losses and gradients beside its base, frozen weights without a gradient", async () => {
      const before = memory().numTensors;
      const model = await attached(expected.base, methodOf(config), stored);
      expect(relativeError(await lossesOf(model, expected), expected.nll)).toBeLessThan(tolerance);
      const file = await fixtureTensors(`adapters/${name}/adapter_model.safetensors`);
      const written = await adapterWeights(model);
      // PEFT has a tied table twice.
      expect(written.length).toBe(file.size - (expected.base === 'qwen2' ? 1 : 0));
      for (const one of written) expect(one.data, one.name).toEqual(file.get(one.name));
      const truth = await fixtureTensors(`adapters/${name}/gradients.safetensors`);
      const bits: Float32Array[][] = [];
      for (const recompute of [false, true]) {
        const { gradients, sums } = trainingGradients(model, [batchOf(expected)], { channels: 1, recompute });
        const whole = config.modules_to_save ? (expected.base === 'qwen2' ? 1 : 2) : 0;
        const factors = [...gradients.keys()].filter((key) => key.includes('.lora_'));
        expect(gradients.size).toBe(factors.length + whole);
        const values = await hostTensors(gradients);
        const found = model.adapter!.fileTensors(new Map(values.map((one) => [one.name, one])));
        expect(found.filter((one) => truth.has(one.name)).length).toBe(truth.size);
        for (const one of found.filter((each) => truth.has(each.name)))
          expect(relativeError(one.data, truth.get(one.name)!), one.name).toBeLessThan(tolerance);
        bits.push(found.map(({ data }) => data));
        for (const tensor of [...gradients.values(), sums]) tensor.dispose();
      }
      if (backend !== 'webgpu') expect(bits[1]).toEqual(bits[0]);
      model.dispose();
      expect(memory().numTensors).toBe(before);
    });

    if (backend !== 'wasm') return;
    it('begins as its base, and goes on from a checkpoint of the adapter alone to the same bits', async () => {
      const method = methodOf(config, { dropout: 0.1 });
      const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 };
      const step = (trained: DecoderModel, optimizer: Optimizer, at: number) => {
        const dropout = { rate: 0, seed: 5, step: at };
        const batch = batchOf(expected);
        const { gradients, sums } = trainingGradients(trained, [batch, batch], { channels: 1, dropout });
        sums.dispose();
        optimizer.apply(gradients, 1e-2).norm.dispose();
      };
      const plain = await loadModel(await tinyModelFiles(`families/${expected.base}`));
      const straight = await attached(expected.base, method);
      expect(await lossesOf(straight, expected)).toEqual(await lossesOf(plain, expected));
      const first = createAdamW(straight.parameters, settings);
      for (const at of [0, 1]) step(straight, first, at);
      const saved = writeSafetensors(await adapterWeights(straight), 'F32');
      const moments = await hostTensors(first.state());
      expect(moments.length).toBe(2 * [...straight.parameters.values()].filter(({ trainable }) => trainable).length);
      step(straight, first, 2);

      const resumed = await attached(expected.base, method, saved);
      const second = createAdamW(resumed.parameters, settings);
      second.restore(2, moments);
      step(resumed, second, 2);
      const [found, truth] = [await hostTensors(resumed.parameters), await hostTensors(straight.parameters)];
      found.forEach(({ name: parameter, data }: HostTensor, at) => expect(data, parameter).toEqual(truth[at]!.data));
      for (const thing of [first, second, straight, resumed, plain]) thing.dispose();
    });
  });
});
