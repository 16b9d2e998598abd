/**
 * Low-rank adapters against PEFT, above tiny random models: token losses beside the base and added to it, gradients of A and B, also above a
 * quantised base and with anchors. "Relative" is as in families.browser.test.ts.
 */
import { memory, tensor, tidy } from '@tensorflow/tfjs-core';
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
import { adaptedModules } from '../../src/core/model/adapter';
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
  const model = await loadModel(await tinyModelFiles(`families/${base}`), method.quantisation);
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

/** What make_quantisation_fixtures.py made above the adapters of `cases`. */
interface Quantised {
  losses: Record<'nf4' | 'int8', number[]>;
  lambda: number;
  mu: number;
}

/** The stored factors of a case as its own method has them. */
async function openCase(name: string, change: Partial<LoraMethod> = {}) {
  const expected = await fixtureJson<Expected>(`adapters/${name}/expected.json`);
  const config = await fixtureJson<PeftConfig>(`adapters/${name}/adapter_config.json`);
  const stored = await fixtureBytes(`adapters/${name}/adapter_model.safetensors`);
  return { expected, model: await attached(expected.base, methodOf(config, change), stored) };
}

describe.each(['cpu', 'wasm', 'webgpu'] as const)('adapters on %s', (backend) => {
  const tolerance = tolerances[backend];
  beforeAll(async () => {
    await openBackend({ backend, threads: 1, requireHardware: false });
  });

  it.each(['nf4', 'int8'] as const)("has PyTorch's losses and gradients above a base in %s", async (quantisation) => {
    const before = memory().numTensors;
    const truth = await fixtureJson<Quantised>('quantisation.json');
    const { expected, model } = await openCase('llama', { quantisation });
    expect(relativeError(await lossesOf(model, expected), truth.losses[quantisation])).toBeLessThan(tolerance);
    const slopes = await fixtureTensors(`adapters/quantised/gradients-${quantisation}.safetensors`);
    const bits: Float32Array[][] = [];
    for (const recompute of [false, true]) {
      const { gradients, sums } = trainingGradients(model, [batchOf(expected)], { channels: 1, recompute });
      const found = model.adapter!.fileTensors(new Map((await hostTensors(gradients)).map((one) => [one.name, one])));
      expect(found).toHaveLength(slopes.size);
      for (const one of found) expect(relativeError(one.data, slopes.get(one.name)!), one.name).toBeLessThan(tolerance);
      bits.push(found.map(({ data }) => data));
      for (const each of [...gradients.values(), sums]) each.dispose();
    }
    if (backend !== 'webgpu') expect(bits[1]).toEqual(bits[0]);
    model.dispose();
    expect(memory().numTensors).toBe(before);
  });

  it.each(['llama', 'gpt2'])("of %s has autograd's gradients of anchors by what it changes", async (name) => {
    const { lambda, mu } = await fixtureJson<Quantised>('quantisation.json');
    const { model } = await openCase(name);
    const { adapter, config } = model;
    const before = memory().numTensors;
    // Rows are counted in the file's module.
    const fisher = new Map(
      adaptedModules(config, adapter!.method).flatMap(({ maps, inputs }) => {
        let first = 0;
        return maps.map(({ name: map, outputs }) => {
          const from = first;
          first += outputs;
          const values = Float32Array.from(
            { length: outputs * inputs },
            (_, at) => ((7 * (from + Math.floor(at / inputs)) + 3 * (at % inputs)) % 11) / 11,
          );
          return [`${map}.weight`, tensor(values, [outputs, inputs])] as const;
        });
      }),
    );
    const penalty = { l2sp: mu, ewc: { lambda, fisher } };
    const gradients = tidy(() =>
      Object.fromEntries([...adapter!.parameters.keys()].map((key) => [key, adapter!.penaltyGradient(key, penalty)!])),
    );
    const slopes = await fixtureTensors(`adapters/quantised/penalty-${name}.safetensors`);
    const found = adapter!.fileTensors(new Map((await hostTensors(new Map(Object.entries(gradients)))).map((one) => [one.name, one])));
    expect(found).toHaveLength(slopes.size);
    for (const one of found) expect(relativeError(one.data, slopes.get(one.name)!), one.name).toBeLessThan(tolerance);
    expect(adapter!.penaltyGradient('model.norm.weight', penalty)).toBeNull();
    if (name === 'llama') {
      // Central differences of the term itself, of the first map alone.
      const map = 'model.layers.0.self_attn.q_proj';
      const [importance, a, b] = await Promise.all(
        [
          fisher.get(`${map}.weight`)!,
          ...(['A', 'B'] as const).map((factor) => adapter!.parameters.get(`${map}.lora_${factor}.weight`)!),
        ].map(async (one) => Float64Array.from(await one.data<'float32'>())),
      );
      const term = (): number =>
        importance!.reduce((sum, weight, at) => {
          const [row, column] = [Math.floor(at / 32), at % 32];
          const change = 2 * [0, 1, 2, 3].reduce((total, inner) => total + b![4 * row + inner]! * a![32 * inner + column]!, 0);
          return sum + ((lambda * weight + mu) / 2) * change ** 2;
        }, 0);
      const slopeAt = (values: Float64Array, at: number, step = 1e-4): number => {
        const [low, high] = [-step, step].map((by) => {
          const before = values[at]!;
          values[at] = before + by;
          const value = term();
          values[at] = before;
          return value;
        });
        return (high! - low!) / (2 * step);
      };
      for (const [factor, values] of [
        ['A', a!],
        ['B', b!],
      ] as const) {
        const gradient = await gradients[`${map}.lora_${factor}.weight`]!.data<'float32'>();
        const places = [0, 7, 50];
        expect(
          relativeError(
            places.map((at) => gradient[at]!),
            places.map((at) => slopeAt(values, at)),
          ),
        ).toBeLessThan(1e-3);
      }
    }
    for (const each of [...Object.values(gradients), ...fisher.values()]) each.dispose();
    expect(memory().numTensors).toBe(before);
    model.dispose();
  });

  it('stands on weights that another adapter and the base itself are read from at the same time', async () => {
    const { expected, model: alone } = await openCase('qwen2');
    const config = await fixtureJson<PeftConfig>('adapters/qwen2/adapter_config.json');
    const stored = await fixtureBytes('adapters/qwen2/adapter_model.safetensors');
    const base = await loadModel(await tinyModelFiles(`families/${expected.base}`));
    const plain = await lossesOf(base, expected);
    const before = memory().numTensors;
    const untrained = base.beside(new LowRankAdapter(base.config, methodOf(config), 5));
    const adapted = base.beside(new LowRankAdapter(base.config, methodOf(config), 5));
    await adapted.adapter!.restore('adapter_model.safetensors', stored, adapted.parameters);
    // It has embeddings of its own, which are not the base's.
    expect(await lossesOf(adapted, expected)).toEqual(await lossesOf(alone, expected));
    expect(await lossesOf(untrained, expected)).toEqual(plain);
    adapted.dispose();
    untrained.dispose();
    expect(memory().numTensors).toBe(before);
    expect(await lossesOf(base, expected)).toEqual(plain);
    for (const model of [base, alone]) model.dispose();
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
