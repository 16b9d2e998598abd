import { describe, expect, it } from 'vitest';
import type { Recipe } from '../recipe/schema';
import { recipeWith } from '../run/example-run';
import { readConfig, type ModelConfig } from './config';
import { fits, memoryRemedy, runDemand, trainingMemory, type MemoryDemand } from './memory';

const MIB = 2 ** 20;
const nano = (layers: number) =>
  readConfig('config.json', {
    model_type: 'llama',
    vocab_size: 4096,
    hidden_size: 128,
    intermediate_size: 384,
    num_hidden_layers: layers,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 32,
    tie_word_embeddings: true,
  });
const demand = (change: Partial<MemoryDemand> = {}): MemoryDemand => ({
  rows: 8,
  context: 256,
  checkpointing: false,
  precision: 'f32',
  ...change,
});

describe('trainingMemory', () => {
  it('takes 16 bytes a parameter before activations', () => {
    const memory = trainingMemory(nano(4), demand());
    // 4096 · 128 + 4 · (2·128·128 + 2·64·128 + 3·384·128 + 2·128) + 128
    expect(memory.weights).toBe(4 * (524_288 + 4 * 196_864 + 128));
    expect(memory.gradients + memory.moments).toBe(3 * memory.weights);
    expect(memory.total).toBe(4 * memory.weights + memory.activations);
  });

  it('keeps the base beside the weights where a recipe holds them to it, and the gradients with the term', () => {
    const free = trainingMemory(nano(4), demand());
    const decaying = trainingMemory(nano(4), demand({ regularisation: { decayTowards: 'base' } }));
    const held = trainingMemory(nano(4), demand({ regularisation: { l2sp: { lambda: 0.1 } } }));
    const elastic = trainingMemory(nano(4), demand({ regularisation: { ewc: { lambda: 1, sequences: 8, labels: 'model' } } }));
    expect([free, decaying, held, elastic].map(({ anchors }) => anchors / free.weights)).toEqual([0, 1, 2, 3]);
    expect(held.total).toBe(free.total + held.anchors);
  });

  it('counts a teacher of another width as it is, with the learnt map between hidden states, its gradient and its moments', () => {
    const wide = readConfig('config.json', {
      model_type: 'llama',
      vocab_size: 4096,
      hidden_size: 192,
      intermediate_size: 512,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      head_dim: 48,
      tie_word_embeddings: true,
    });
    const states = { last: 1, all: 0, attention: 0, hiddenWeight: 1, attentionWeight: 1 };
    const taught = (teacher: string, of: typeof states | undefined) =>
      recipeWith({
        base: 'nano',
        sequenceLength: 256,
        regularisation: { distillation: { teacher, rows: 'all', alpha: 0.5, temperature: 2, warmup: 0, ...(of ? { states: of } : {}) } },
      });
    const device = { total: null, largestTensor: null };
    const demandOf = (recipe: Recipe, teacher: ModelConfig | null) => runDemand(nano(4), recipe, device, teacher);
    const anchors = (recipe: Recipe, teacher: ModelConfig | null) => demandOf(recipe, teacher).memory!.anchors;
    // 4096 · 192 + 2 · (2 · 192 · 192 + 2 · 96 · 192 + 3 · 512 · 192 + 2 · 192) + 192 weights, and 8 · 256 tokens of width 192.
    const logits = 4 * (4096 * 192 + 2 * (110_592 + 294_912 + 384) + 192 + 2048 * 192);
    expect(anchors(taught('wide', undefined), wide)).toBe(logits);
    // W_h has 192 · 128 numbers; 16 bytes each with gradient and moments.
    expect(anchors(taught('wide', states), wide)).toBe(logits + 16 * 192 * 128);
    expect(demandOf(taught('wide', states), wide).checkpoint.stored - demandOf(taught('wide', undefined), wide).checkpoint.stored).toBe(
      192 * 128,
    );
    // As wide as the model: no map. The base as its own teacher: none either, whatever is handed over.
    expect(anchors(taught('twin', states), nano(4))).toBe(anchors(taught('twin', undefined), nano(4)));
    expect(anchors(taught('nano', states), wide)).toBe(anchors(taught('nano', states), null));
  });

  // The heap's peak as the bench measured it on wasm (docs/BENCHMARKS.md).
  it.each([
    ['nano', 4, demand({ context: 128 }), 120],
    ['nano-256', 4, demand(), 207],
    ['nano-256, checkpointed', 4, demand({ checkpointing: true }), 83],
    ['nano-deep', 16, demand(), 708],
    ['nano-deep, checkpointed', 16, demand({ checkpointing: true }), 144],
  ])('tells the measured heap of %s to a seventh', (_, layers, wanted, measured) => {
    const { total } = trainingMemory(nano(layers), wanted);
    expect(Math.abs(total / MIB / measured - 1)).toBeLessThan(1 / 7);
  });

  it('grows with the tokens in flight, not with the square of the context', () => {
    const long = trainingMemory(nano(4), demand({ rows: 1, context: 2048 }));
    expect(long.activations).toBe(trainingMemory(nano(4), demand({ rows: 8, context: 256 })).activations);
  });

  it('counts an average of what is trained once, whatever learns from it', () => {
    const config = nano(16);
    const bare = trainingMemory(config, demand());
    expect(trainingMemory(config, demand({ averaged: true })).total - bare.total).toBe(bare.gradients);
    const method = { kind: 'prompt' as const, tokens: 4, init: 'random' as const };
    const beside = [{ method }, { method, averaged: true }].map((one) => trainingMemory(config, demand(one)).anchors);
    expect(beside[1]! - beside[0]!).toBe(4 * 4 * config.hidden);
  });

  it('halves activations at f16, not the master weights', () => {
    const f32 = trainingMemory(nano(16), demand());
    const f16 = trainingMemory(nano(16), demand({ precision: 'f16' }));
    expect(f16.activations / f32.activations).toBeCloseTo(0.5, 1);
    expect(f16.weights).toBe(1.5 * f32.weights);
  });
});

describe('what to change when it does not fit', () => {
  const config = nano(16);
  const room = (mib: number) => ({ total: mib * MIB, largestTensor: null });

  it('says so before a run, where the device tells', () => {
    const memory = trainingMemory(config, demand());
    expect(fits(memory, room(1000))).toBe(true);
    expect(fits(memory, room(500))).toBe(false);
    expect(fits(memory, { total: null, largestTensor: null })).toBeNull();
    expect(fits(memory, { total: null, largestTensor: MIB })).toBe(false);
  });

  it('takes rows first, then recomputation, then the context', () => {
    expect(memoryRemedy(config, demand(), room(500))).toMatchObject({ changes: ['rows'], demand: { rows: 4 } });
    expect(memoryRemedy(config, demand({ rows: 1, context: 2048 }), room(300))).toMatchObject({
      changes: ['checkpointing'],
      demand: { checkpointing: true, context: 2048 },
    });
    expect(memoryRemedy(config, demand({ rows: 1, context: 2048 }), room(110))).toMatchObject({
      changes: ['checkpointing', 'context'],
      demand: { context: 1024 },
    });
    expect(memoryRemedy(config, demand(), room(20))).toBeNull();
  });
});

describe('an embedding that a GPU cannot bind', () => {
  // Qwen2.5-0.5B: 151,936 · 896 · 4 bytes, beside an adapter that binds 128 MiB.
  const qwen = readConfig('config.json', {
    model_type: 'qwen2',
    vocab_size: 151_936,
    hidden_size: 896,
    intermediate_size: 4864,
    num_hidden_layers: 24,
    num_attention_heads: 14,
    num_key_value_heads: 2,
    tie_word_embeddings: true,
  });
  const device = { total: null, largestTensor: 134_217_728 };

  it('is named with its bytes, and no change of the recipe makes it fit', () => {
    const memory = trainingMemory(qwen, demand());
    expect(memory.largestWeight).toEqual({ name: 'model.embed_tokens.weight', bytes: 544_538_624 });
    expect(fits(memory, device)).toBe(false);
    expect(memoryRemedy(qwen, demand(), device)).toBeNull();
    expect(memoryRemedy(qwen, demand({ precision: 'f16' }), device)).toBeNull();
  });
});
