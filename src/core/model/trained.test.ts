import { describe, expect, it } from 'vitest';
import gpt2 from '../../../e2e/parity/fixtures/families/gpt2/config.json';
import llama from '../../../e2e/parity/fixtures/families/llama-llama3/config.json';
import { memoryDemand } from '../recipe/edits';
import { methodLine } from '../recipe/method';
import { parseRecipe } from '../recipe/parse';
import type { PartialMethod } from '../recipe/schema';
import { exampleRecipe } from '../run/example-run';
import { parseConfig } from './config';
import { chosen, isolationMasks } from './isolation';
import { trainingMemory } from './memory';
import {
  checkMethod,
  checkpointCount,
  configUnder,
  joinings,
  layerRate,
  lowestLayer,
  trainedCount,
  trainedFrom,
  trainedParameters,
} from './trained';

// Llama: 2 layers, hidden 32, 4 heads over 2, head size 8, feed-forward 40, vocabulary 61, own head.
const configOf = (fields: object) => parseConfig('config.json', JSON.stringify(fields));
const [two, tied] = [configOf(llama), configOf({ ...llama, tie_word_embeddings: true })];
const parsed = (change: object) =>
  parseRecipe({ ...exampleRecipe, budget: { steps: 100 }, method: { kind: 'partial', finalNorm: false, ...change } });
const method = (change: object) => parsed(change).method as PartialMethod;
const names = (config: typeof two, change: object) => [...trainedParameters(config, method(change)).keys()];
const fault = (config: typeof two, change: object) => () => checkMethod(config, method(change));
const refused = (field: string, value: string) =>
  expect.objectContaining({ code: 'recipe-invalid', values: expect.objectContaining({ field, value }) as object });

describe('a part of the weights', () => {
  it('is the last layers, with or without norm, head and embeddings, and modules by name', () => {
    expect(names(two, { lastLayers: 1 }).every((name) => name.startsWith('model.layers.1.'))).toBe(true);
    expect(names(two, { lastLayers: 1 })).toHaveLength(9);
    expect(names(two, { lastLayers: 0, finalNorm: true, head: true })).toEqual(['model.norm.weight', 'lm_head.weight']);
    expect(names(two, { lastLayers: 0, modules: ['*_layernorm'] })).toHaveLength(4);
    expect(names(two, { lastLayers: 0, embeddings: true })).toEqual(['model.embed_tokens.weight']);
    expect(names(configOf(gpt2), { lastLayers: 0, modules: ['h.0.*.bias'] }).every((name) => name.endsWith('.bias'))).toBe(true);
    expect(lowestLayer(two, method({ lastLayers: 1 }))).toBe(1);
    expect(lowestLayer(two, method({ lastLayers: 0, head: true }))).toBe(2);
    expect(lowestLayer(two, method({ lastLayers: 1, embeddings: true }))).toBe(0);
  });

  it('gives a tied head that is trained alone a table of its own; with the embeddings it stays theirs', () => {
    expect(names(tied, { lastLayers: 0, head: true })).toEqual(['lm_head.weight']);
    expect(configUnder(tied, method({ lastLayers: 0, head: true })).tied).toBe(false);
    expect(names(tied, { lastLayers: 0, head: true, embeddings: true })).toEqual(['model.embed_tokens.weight']);
    const demand = { ...memoryDemand(exampleRecipe), method: method({ lastLayers: 0, head: true }) };
    expect(trainingMemory(tied, demand).weights).toBe(trainingMemory(two, demand).weights);
    expect(checkpointCount(tied, demand.method) - checkpointCount(tied, undefined)).toBe(61 * 32);
  });

  it('alone has gradients and moments, and the layers below it keep their inputs alone', () => {
    const [demand, whole] = [{ ...memoryDemand(exampleRecipe), method: method({ lastLayers: 1 }) }, memoryDemand(exampleRecipe)];
    // q and o 32·32, k and v 16·32, gate, up and down 40·32, two norms.
    const trained = 2 * 1024 + 2 * 512 + 3 * 40 * 32 + 64;
    expect(trainedCount(two, demand.method)).toBe(trained);
    expect(trainingMemory(two, demand)).toMatchObject({ gradients: 4 * trained, moments: 8 * trained });
    expect(trainingMemory(two, demand).activations).toBeLessThan(trainingMemory(two, whole).activations);
  });

  it('that fits no model is refused by name and value', () => {
    expect(fault(two, { lastLayers: 3 })).toThrow(refused('method.lastLayers', '3'));
    expect(fault(two, { lastLayers: 0 })).toThrow(refused('method.lastLayers', '0'));
    expect(fault(two, { modules: ['layers.1.*', 'c_attn'] })).toThrow(refused('method.modules', 'c_attn'));
    expect(fault(two, { lastLayers: 2, unfreezing: { order: 'downwards', every: { unit: 'steps', value: 5 } } })).toThrow(
      refused('method.unfreezing', 'lastLayers 2'),
    );
    const stages = [{ step: 5, modules: ['wte'] }];
    expect(fault(two, { lastLayers: 1, unfreezing: { order: 'named', stages } })).toThrow(refused('method.unfreezing.stages', 'wte'));
    const isolated = (isolation: object, change: object = {}) => ({
      lastLayers: 1,
      isolation: { unit: 'heads', share: 0.5, ...isolation },
      ...change,
    });
    expect(fault(two, isolated({ share: 0.1 }))).toThrow(refused('method.isolation.share', '0.1'));
    expect(fault(two, isolated({}, { lastLayers: 0, head: true }))).toThrow(refused('method.lastLayers', '0'));
    expect(fault(two, isolated({}))).not.toThrow();
    for (const wrong of [
      { isolation: { unit: 'rows', share: 0 } },
      { unfreezing: { order: 'downwards', every: { unit: 'steps', value: 100 } } },
      { unfreezing: { order: 'named', stages: [{ step: 200, modules: ['norm'] }] } },
      { modules: ['a b'] },
    ])
      expect(() => parsed(wrong)).toThrow(expect.objectContaining({ code: 'recipe-invalid' }));
  });
});

describe('progressive unfreezing', () => {
  const joined = (change: object, steps = 100) =>
    Object.fromEntries(
      [...trainedFrom(two, method(change), steps)].map(([name, step]) => [name.replace(/\.(self_attn|mlp|input|post).*/, ''), step]),
    );

  it('goes downwards by steps or by a share of them, the embeddings last, or by name', () => {
    const every = { unit: 'steps', value: 10 };
    expect(joined({ lastLayers: 0, finalNorm: true, embeddings: true, unfreezing: { order: 'downwards', every } })).toEqual({
      'model.norm.weight': 0,
      'model.layers.1': 10,
      'model.layers.0': 20,
      'model.embed_tokens.weight': 30,
    });
    const ratio = { order: 'downwards', layers: 2, every: { unit: 'ratio', value: 0.15 } };
    expect(joined({ lastLayers: 0, finalNorm: true, unfreezing: ratio }, 200)).toMatchObject({
      'model.layers.1': 30,
      'model.layers.0': 30,
    });
    const stages = [
      { step: 7, modules: ['layers.0.*'] },
      { step: 9, modules: ['embed_tokens'] },
    ];
    const named = { lastLayers: 1, unfreezing: { order: 'named', stages } };
    expect(joined(named)).toEqual({ 'model.layers.1': 0, 'model.layers.0': 7, 'model.embed_tokens.weight': 9 });
    expect(joinings(two, parsed(named))).toEqual([
      { step: 7, parts: ['L1'] },
      { step: 9, parts: ['embed_tokens'] },
    ]);
    expect(methodLine(method(named))).toBe('last 1 layers · step 7: layers.0.* · step 9: embed_tokens');
  });
});

describe('layer-wise decay', () => {
  it('has the whole rate at the head and the least at the embeddings', () => {
    const rates = [
      'lm_head.weight',
      'model.norm.weight',
      'model.layers.1.mlp.up_proj.weight',
      'model.layers.0.mlp.up_proj.weight.lora_A.weight',
      'model.embed_tokens.weight',
    ];
    expect(rates.map((name) => layerRate(two, 0.5, name))).toEqual([1, 1, 0.5, 0.25, 0.125]);
    expect(layerRate(configOf(gpt2), 0.5, 'transformer.wpe.weight')).toBe(0.125);
  });
});

describe('parameter isolation', () => {
  it('takes the highest or the lowest figures, of equal ones the first', () => {
    const figures = [Float32Array.of(0.5, 3, 0), Float32Array.of(0.5, 1e-8, 2)];
    expect(chosen(figures, 3, true).map((part) => [...part])).toEqual([
      [1, 1, 0],
      [0, 0, 1],
    ]);
    expect(chosen(figures, 3, false).map((part) => [...part])).toEqual([
      [1, 0, 1],
      [0, 1, 0],
    ]);
    // Against sorting.
    const many = [Float32Array.from({ length: 5000 }, (_, at) => Math.fround(((at * 7919) % 4999) * 1e-6))];
    const least = [...many[0]!].sort((one, other) => other - one)[699]!;
    const [mask] = chosen(many, 700, true);
    expect([...mask!].every((taken, at) => (taken === 1) === many[0]![at]! >= least)).toBe(true);
  });

  it('of rows and of heads goes by their mean, over the bias and over all four maps of a head', () => {
    const part = (unit: string, share: number) => method({ lastLayers: 1, isolation: { unit, share } });
    const fisherOf = (of: PartialMethod, figure: (name: string, row: number, column: number) => number) =>
      new Map(
        [...trainedParameters(two, of)].map(([name, shape]) => {
          const width = shape[1] ?? 1;
          const data = Float32Array.from({ length: shape[0]! * width }, (_, at) => figure(name, Math.floor(at / width), at % width));
          return [name, { shape, data }];
        }),
      );
    const rows = part('rows', 3 / 208);
    const masks = isolationMasks(
      two,
      rows.isolation!,
      fisherOf(rows, (name, row) => (name.includes('down_proj') && row < 3 ? 2 : 1)),
    );
    expect(masks.has('model.layers.1.input_layernorm.weight')).toBe(false);
    expect([...masks.get('model.layers.1.mlp.down_proj.weight')!].map(Number)).toEqual(
      Array.from({ length: 32 * 40 }, (_, at) => Number(at < 3 * 40)),
    );
    expect([...masks].reduce((sum, [, mask]) => sum + mask.reduce((total, one) => total + one, 0), 0)).toBe(3 * 40);
    // Two key-value heads of two query heads each: 16 rows of q, 8 of k and v, 16 columns of o.
    const heads = part('heads', 0.5);
    const second = fisherOf(heads, (name, _row, column) => (name.includes('o_proj') && column >= 16 ? 1 : 0));
    const ofHeads = isolationMasks(two, heads.isolation!, second);
    expect([...ofHeads.keys()].map((name) => name.split('.')[4])).toEqual(['q_proj', 'k_proj', 'v_proj', 'o_proj']);
    const at = (map: string, row: number, column: number) => ofHeads.get(`model.layers.1.self_attn.${map}.weight`)![row * 32 + column];
    expect([
      at('q_proj', 15, 0),
      at('q_proj', 16, 31),
      at('k_proj', 7, 3),
      at('v_proj', 8, 3),
      at('o_proj', 3, 15),
      at('o_proj', 3, 16),
    ]).toEqual([0, 1, 0, 1, 0, 1]);
    expect(trainedCount(two, heads)).toBe((2 * 1024 + 2 * 512) / 2);
  });
});
