import { describe, expect, it } from 'vitest';
import gpt2 from '../../../e2e/parity/fixtures/families/gpt2/config.json';
import llama from '../../../e2e/parity/fixtures/families/llama-llama3/config.json';
import qwen2 from '../../../e2e/parity/fixtures/families/qwen2/config.json';
import { parseRecipe } from '../recipe/parse';
import { exampleRecipe } from '../run/example-run';
import { adaptedModules, adapterScale } from './adapter';
import { parseConfig } from './config';
import { memoryDemand } from '../recipe/edits';
import { PRESETS, presetMethod } from '../recipe/method';
import type { LoraMethod } from '../recipe/schema';
import { trainingMemory } from './memory';
import { peftConfig, readPeftConfig } from './peft';
import { checkMethod, trainedCount } from './trained';

const configOf = (fields: object) => parseConfig('config.json', JSON.stringify(fields));
const method = (change: object = {}) => parseRecipe({ ...exampleRecipe, method: { kind: 'lora', r: 2, ...change } }).method as LoraMethod;
const namesOf = (fields: object, targets: string[]) => {
  const adapted = adaptedModules(configOf(fields), { targets }).flatMap(({ maps }) => maps.filter((map) => map.adapted));
  return adapted.map(({ name }) => name).filter((name) => /\.0\./.test(name));
};

describe('targets of a low-rank adapter', () => {
  it('are roles, ends of names, or patterns, in files that keep maps apart or together', () => {
    expect(namesOf(llama, ['q', 'v_proj'])).toEqual(['model.layers.0.self_attn.q_proj', 'model.layers.0.self_attn.v_proj']);
    expect(namesOf(llama, ['layers.0.mlp.*_proj']).length).toBe(3);
    expect(namesOf(llama, ['all-linear']).length).toBe(7);
    expect(namesOf(gpt2, ['q', 'v'])).toEqual(['transformer.h.0.attn.c_attn.query', 'transformer.h.0.attn.c_attn.value']);
    expect(namesOf(gpt2, ['c_attn']).length).toBe(3);
    expect(namesOf(gpt2, ['c_proj'])).toEqual(['transformer.h.0.attn.c_proj', 'transformer.h.0.mlp.c_proj']);
  });

  it('that name nothing, and a rank above the smaller side of one, are refused by name and value', () => {
    const check = (change: object) => () => checkMethod(configOf(llama), method(change));
    expect(check({ targets: ['q', 'c_attn'] })).toThrow(
      expect.objectContaining({
        code: 'recipe-invalid',
        values: expect.objectContaining({ field: 'method.targets', value: 'c_attn' }) as object,
      }),
    );
    expect(check({ r: 17, targets: ['q'] })).not.toThrow();
    expect(check({ r: 17, targets: ['k'] })).toThrow(
      expect.objectContaining({
        values: { field: 'method.r', value: '17', accepted: '1 … 16 (model.layers.0.self_attn.k_proj)' },
      }),
    );
    expect(check({})).not.toThrow();
  });

  it('a recipe refuses what no model could follow', () => {
    expect(() => method({ targets: ['q proj'] })).toThrow(expect.objectContaining({ code: 'recipe-invalid' }));
    expect(() => method({ targets: [] })).toThrow(expect.objectContaining({ code: 'recipe-invalid' }));
    expect(() => method({ r: 0 })).toThrow(expect.objectContaining({ code: 'recipe-invalid' }));
    expect(() => parseRecipe({ ...exampleRecipe, precision: 'f16', method: { kind: 'lora' } })).toThrow(
      expect.objectContaining({ values: expect.objectContaining({ field: 'precision' }) as object }),
    );
    const held = { ...exampleRecipe, method: { kind: 'lora' }, regularisation: { ewc: { lambda: 1 }, l2sp: { lambda: 1 } } };
    expect(parseRecipe(held).regularisation).toMatchObject({ ewc: { lambda: 1 } });
    expect(() => parseRecipe({ ...held, regularisation: { decayTowards: 'base' } })).toThrow(
      expect.objectContaining({ values: expect.objectContaining({ field: 'regularisation.decayTowards', value: 'base' }) as object }),
    );
    expect(() => method({ quantisation: 'int4' })).toThrow(expect.objectContaining({ code: 'recipe-invalid' }));
    expect('quantisation' in method()).toBe(false);
    expect('method' in parseRecipe(exampleRecipe)).toBe(false);
  });

  it('presets are recipes', () => {
    for (const name of PRESETS) expect(parseRecipe({ ...exampleRecipe, method: presetMethod(name) }).method).toEqual(presetMethod(name));
  });
});

describe('what an adapter trains', () => {
  it('is r · (inputs + outputs) of each target; only that has gradients and moments', () => {
    // Two layers: q is 32 → 32, v is 32 → 16.
    const adapter = method({ r: 4, targets: ['q', 'v'] });
    expect(trainedCount(configOf(llama), adapter)).toBe(2 * 4 * (64 + 48));
    const demand = { ...memoryDemand(exampleRecipe), method: adapter };
    const memory = trainingMemory(configOf(llama), demand);
    expect([memory.gradients, memory.moments]).toEqual([4 * 896, 8 * 896]);
    // SmolLM2-135M's sizes.
    const sizes = { hidden_size: 576, intermediate_size: 1536, num_hidden_layers: 30, num_attention_heads: 9, num_key_value_heads: 3 };
    const smol = configOf({ ...llama, ...sizes, vocab_size: 49152, head_dim: 64, tie_word_embeddings: true });
    const one = { ...memoryDemand(exampleRecipe), rows: 1, context: 64 };
    expect(trainingMemory(smol, { ...one, method: presetMethod('qkv') }).total).toBeLessThan(trainingMemory(smol, one).total / 2);
    // In 4 bits, the maps of the blocks take an eighth and 8 more bits for 64 of them: 53 and 2 MB in place of 425; the table stays.
    const quantised = trainingMemory(smol, { ...one, method: presetMethod('qlora') });
    const frozen = trainingMemory(smol, { ...one, method: presetMethod('all') });
    expect((frozen.weights - quantised.weights) / 1e6).toBeCloseTo(370, 0);
    expect(quantised.total).toBeLessThan(700e6);
    // Anchors need no copy of frozen weights: EWC the Fisher information of the two maps, and the gradients that it is summed from.
    const ewc = { lambda: 1, sequences: 8, labels: 'model' as const };
    const anchored = trainingMemory(configOf(llama), { ...demand, regularisation: { ewc } });
    expect(anchored.anchors).toBe(4 * (896 + 3 * 32 * 32 + 2 * 2 * (32 * 32 + 32 * 16)));
    // A tied table counts once.
    const both = method({ targets: ['q'], modulesToSave: ['embeddings', 'head'] });
    const alone = method({ targets: ['q'] });
    expect(trainedCount(configOf(qwen2), both) - trainedCount(configOf(qwen2), alone)).toBe(61 * 32);
  });

  it('scales by α / r or α / √r', () => {
    expect(adapterScale({ r: 4, alpha: 8, rankStabilised: false })).toBe(2);
    expect(adapterScale({ r: 4, alpha: 8, rankStabilised: true })).toBe(4);
  });
});

describe('adapter_config.json', () => {
  it('names targets shortly where no other module has the name', () => {
    const of = (fields: object, targets: string[]) => peftConfig(configOf(fields), method({ targets }), 'base')['target_modules'];
    expect(of(llama, ['q', 'v'])).toEqual(['q_proj', 'v_proj']);
    expect(of(gpt2, ['o'])).toEqual(['transformer.h.0.attn.c_proj', 'transformer.h.1.attn.c_proj']);
    expect(peftConfig(configOf(gpt2), method(), 'base')).toMatchObject({
      fan_in_fan_out: true,
      modules_to_save: null,
      r: 2,
      lora_alpha: 16,
    });
    const saved = peftConfig(configOf(qwen2), method({ modulesToSave: ['head'] }), 'base');
    expect(saved['modules_to_save']).toEqual(['embed_tokens', 'lm_head']);
  });

  it('of what is more than W + scale · B A is refused by field', () => {
    const read = (change: object) => () => readPeftConfig(JSON.stringify({ peft_type: 'LORA', lora_alpha: 8, r: 4, ...change }));
    expect(read({})().scaleOf('model.layers.0.self_attn.q_proj', 4)).toBe(2);
    for (const [field, value] of [
      ['peft_type', 'IA3'],
      ['use_dora', true],
      ['bias', 'all'],
      ['init_lora_weights', 'pissa'],
      ['lora_alpha', null],
      ['alpha_pattern', { '(': 4 }],
    ] as const)
      expect(read({ [field]: value }), field).toThrow(
        expect.objectContaining({ code: 'config-unsupported', values: expect.objectContaining({ field }) as object }),
      );
  });
});
