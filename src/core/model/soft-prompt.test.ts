import { describe, expect, it } from 'vitest';
import gemma2 from '../../../e2e/parity/fixtures/families/gemma2/config.json';
import gpt2 from '../../../e2e/parity/fixtures/families/gpt2/config.json';
import llama from '../../../e2e/parity/fixtures/families/llama-llama3/config.json';
import { memoryDemand } from '../recipe/edits';
import { methodLine } from '../recipe/method';
import { parseRecipe } from '../recipe/parse';
import type { SoftMethod } from '../recipe/schema';
import { exampleRecipe } from '../run/example-run';
import { parseConfig } from './config';
import { trainingMemory } from './memory';
import { readPeftConfig } from './peft';
import { repeatedTokens, softTensors } from './soft-prompt';
import { checkMethod, lowestLayer, trainedCount } from './trained';

// 2 layers, context 24. Llama: hidden 32, 4 heads over 2 of size 8. Gemma 2: hidden 16, 4 heads over 2 of size 6.
const configOf = (fields: object) => parseConfig('config.json', JSON.stringify(fields));
const recipe = (change: object) => parseRecipe({ ...exampleRecipe, ...change });
const method = (change: object) => recipe({ method: change }).method as SoftMethod;
const refused = (field: string, value: string) =>
  expect.objectContaining({ code: 'recipe-invalid', values: expect.objectContaining({ field, value }) as object });

describe('soft prompts', () => {
  it('have the shapes of their files in PEFT, and so many weights', () => {
    const shapes = (fields: object, change: object) =>
      softTensors(configOf(fields), method(change)).map(({ name, shape }) => [name, shape]);
    // 2 layers × (keys and values) × 2 key-value heads × 8.
    expect(shapes(llama, { kind: 'prefix', tokens: 3 })).toEqual([['prompt_embeddings', [3, 64]]]);
    expect(shapes(gemma2, { kind: 'prefix', tokens: 3 })).toEqual([['prompt_embeddings', [3, 48]]]);
    expect(shapes(gemma2, { kind: 'prompt', tokens: 5 })).toEqual([['prompt_embeddings', [5, 16]]]);
    expect(shapes(gpt2, { kind: 'llama-adapter', tokens: 2, adapterLayers: 1 })).toEqual([
      ['base_model.model.transformer.h.1.attn.adaption_prompt', [1, 2, 32]],
      ['base_model.model.transformer.h.1.attn.adaption_gate', [1]],
    ]);
    expect(trainedCount(configOf(llama), method({ kind: 'prefix', tokens: 3 }))).toBe(192);
    expect(trainedCount(configOf(gpt2), method({ kind: 'llama-adapter', tokens: 2, adapterLayers: 2 }))).toBe(130);
    expect(lowestLayer(configOf(llama), method({ kind: 'llama-adapter', adapterLayers: 1 }))).toBe(1);
    expect(lowestLayer(configOf(llama), method({ kind: 'prompt' }))).toBe(0);
  });

  it('that fit no model or recipe are refused by name and value', () => {
    const check = (fields: object, change: object, rows?: number) => () => checkMethod(configOf(fields), method(change), rows);
    expect(check(llama, { kind: 'prefix', tokens: 8 }, 16)).not.toThrow();
    expect(check(llama, { kind: 'prefix', tokens: 9 }, 16)).toThrow(refused('method.tokens', '9'));
    expect(check(llama, { kind: 'prompt', tokens: 17 }, 8)).toThrow(refused('method.tokens', '17'));
    // Prompts of the adapter take no position.
    expect(check(llama, { kind: 'llama-adapter', tokens: 100, adapterLayers: 2 }, 24)).not.toThrow();
    expect(check(llama, { kind: 'llama-adapter', adapterLayers: 3 })).toThrow(refused('method.adapterLayers', '3'));
    expect(check(gemma2, { kind: 'llama-adapter' })).toThrow(refused('method.kind', 'llama-adapter (gemma2)'));
    const held = { method: { kind: 'prompt' }, regularisation: { l2sp: { lambda: 1 } } };
    expect(() => recipe(held)).toThrow(refused('regularisation', 'l2sp'));
    expect(() => recipe({ method: { kind: 'prefix', tokens: 0 } })).toThrow();
    expect(() => recipe({ method: { kind: 'prompt', text: '' } })).toThrow();
  });

  it('begin as the tokens of a text over and over, or cut', () => {
    expect(repeatedTokens([4, 5, 6], 7)).toEqual([4, 5, 6, 4, 5, 6, 4]);
    expect(repeatedTokens([4, 5, 6], 2)).toEqual([4, 5]);
  });

  it('alone have gradients and moments; virtual tokens are rows of the activations', () => {
    const config = configOf(llama);
    const of = (change: object | null) => trainingMemory(config, memoryDemand(recipe(change ? { method: change } : {})));
    const [prefix, adaption, whole] = [
      of({ kind: 'prefix', tokens: 8 }),
      of({ kind: 'llama-adapter', tokens: 8, adapterLayers: 1 }),
      of(null),
    ];
    expect(prefix).toMatchObject({ gradients: 4 * 512, moments: 8 * 512, weights: whole.weights + 4 * 512 });
    expect(prefix.activations).toBeGreaterThan(whole.activations);
    expect(adaption.activations).toBeLessThan(whole.activations);
  });

  it('are told in words, and read from a config of PEFT', () => {
    expect(methodLine(method({ kind: 'prefix' }))).toBe('prefix tuning · 16 virtual tokens · init random');
    expect(methodLine(method({ kind: 'prompt', text: 'x'.repeat(50) }))).toBe(
      `prompt tuning · 16 virtual tokens · init "${'x'.repeat(40)}…"`,
    );
    expect(methodLine(method({ kind: 'llama-adapter' }))).toBe('LLaMA-Adapter · 10 prompts in the last 2 layers');
    const read = (fields: object) => readPeftConfig(JSON.stringify({ base_model_name_or_path: 'org/base', ...fields }));
    expect(read({ peft_type: 'PREFIX_TUNING', num_virtual_tokens: 3, prefix_projection: true })).toMatchObject({
      ...{ base: 'org/base', soft: { kind: 'prefix', tokens: 3 } },
    });
    expect(read({ peft_type: 'PROMPT_TUNING', num_virtual_tokens: 2 }).soft).toMatchObject({ kind: 'prompt', tokens: 2 });
    expect(read({ peft_type: 'ADAPTION_PROMPT', adapter_len: 4, adapter_layers: 2, target_modules: 'self_attn' }).soft).toEqual({
      ...{ kind: 'llama-adapter', tokens: 4, adapterLayers: 2 },
    });
    const refusals: [fields: object, field: string][] = [
      [{ peft_type: 'PREFIX_TUNING' }, 'num_virtual_tokens'],
      [{ peft_type: 'PROMPT_TUNING', num_virtual_tokens: 2, modules_to_save: ['lm_head'] }, 'modules_to_save'],
      [{ peft_type: 'ADAPTION_PROMPT', adapter_len: 4, adapter_layers: 2, target_modules: 'mlp' }, 'target_modules'],
      [{ peft_type: 'P_TUNING', num_virtual_tokens: 2 }, 'peft_type'],
    ];
    for (const [fields, field] of refusals)
      expect(() => read(fields)).toThrow(
        expect.objectContaining({ code: 'config-unsupported', values: expect.objectContaining({ field }) as object }),
      );
  });
});
