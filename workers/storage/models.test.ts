import { describe, expect, it } from 'vitest';
import { shapeOf } from './models';

const llama = {
  model_type: 'llama',
  vocab_size: 4096,
  hidden_size: 128,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 384,
  tie_word_embeddings: true,
  hidden_act: 'silu',
};

describe('shapeOf', () => {
  it('reads a Llama config', () => {
    expect(shapeOf(llama)).toMatchObject({ layers: 4, hidden: 128, kvHeads: 2, headSize: 32, tied: true });
  });

  it('reads a GPT-2 config, whose fields have other names; its feed-forward part has no gate', () => {
    const gpt2 = { model_type: 'gpt2', vocab_size: 4096, n_embd: 64, n_layer: 3, n_head: 4 };
    expect(shapeOf(gpt2)).toMatchObject({ layers: 3, hidden: 64, feedForward: 256, kvHeads: 4, headSize: 16 });
  });

  it('believes nothing of a config that the engine would refuse', () => {
    for (const changes of [{ hidden_size: '128' }, { num_hidden_layers: -2 }, { model_type: 'unheard-of' }, { is_causal: false }])
      expect(shapeOf({ ...llama, ...changes })).toBeNull();
  });
});
