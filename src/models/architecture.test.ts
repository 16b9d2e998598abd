import { describe, expect, it } from 'vitest';
import type { ModelRecord } from '../../workers/api';
import { architectureFacts, modelShape } from './architecture';

const record = (config: Record<string, unknown>): ModelRecord => ({
  id: 'm',
  name: 'm',
  bundled: false,
  architecture: 'LlamaForCausalLM',
  parameters: 1000,
  vocabulary: 4096,
  context: 256,
  config,
  createdAt: 0,
});

describe('architectureFacts', () => {
  it('reads a Llama config', () => {
    const facts = architectureFacts(
      record({
        hidden_size: 128,
        num_hidden_layers: 4,
        num_attention_heads: 4,
        num_key_value_heads: 2,
        intermediate_size: 384,
        tie_word_embeddings: true,
        rope_theta: 10000,
        hidden_act: 'silu',
      }),
    );
    expect(facts).toMatchObject({
      layers: 4,
      width: 128,
      heads: 4,
      keyValueHeads: 2,
      headWidth: 32,
      tiedHead: true,
      ropeTheta: 10000,
      activation: 'silu',
    });
    expect(modelShape(facts)).not.toBeNull();
  });

  it('gives every head its own keys when the config names no groups', () => {
    expect(architectureFacts(record({ num_attention_heads: 8 })).keyValueHeads).toBe(8);
  });

  it('does not believe what is no whole number', () => {
    const facts = architectureFacts(
      record({ hidden_size: '128', num_hidden_layers: -2, num_attention_heads: 1.5, rope_parameters: { rope_theta: 5e5 } }),
    );
    expect([facts.width, facts.layers, facts.heads, facts.headWidth]).toEqual([null, null, null, null]);
    expect(facts.ropeTheta).toBe(5e5);
    expect(modelShape(facts)).toBeNull();
  });
});
