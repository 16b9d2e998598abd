import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../core/model/config';
import { parameterCount } from '../core/model/parameters';
import { modelStack } from './architecture';

const llama = readConfig('config.json', {
  model_type: 'llama',
  vocab_size: 100,
  hidden_size: 16,
  intermediate_size: 40,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  tie_word_embeddings: true,
});
const gpt2 = readConfig('config.json', { model_type: 'gpt2', vocab_size: 100, n_embd: 16, n_layer: 2, n_head: 4, n_positions: 32 });

describe('modelStack', () => {
  it('takes a Llama apart', () => {
    const { before, block, after } = modelStack(llama);
    expect(before.map(({ kind, parameters }) => [kind, parameters])).toEqual([['embedding', 1600]]);
    expect(block).toMatchObject({ layers: 3, parallel: false });
    expect(block.parts.map(({ kind, parameters }) => [kind, parameters])).toEqual([
      ['norm', 16],
      // q and o 16 × 16, k and v 8 × 16
      ['attention', 768],
      ['norm', 16],
      ['feed-forward', 3 * 40 * 16],
    ]);
    expect(block.parts[1]!.tensors.map(({ name, shape }) => `${name} ${shape.join('×')}`)).toEqual([
      'q_proj 16×16',
      'k_proj 8×16',
      'v_proj 8×16',
      'o_proj 16×16',
    ]);
    expect(after.map(({ kind, parameters }) => [kind, parameters])).toEqual([
      ['norm', 16],
      ['head', 0],
    ]);
  });

  const written = (name: string) =>
    readConfig('config.json', JSON.parse(readFileSync(`e2e/parity/fixtures/families/${name}/config.json`, 'utf8')) as unknown);

  it('shows norms where a family has them', () => {
    const kinds = (name: string) => modelStack(written(name)).block.parts.map(({ kind }) => kind);
    expect(kinds('gemma2')).toEqual(['norm', 'attention', 'norm', 'norm', 'feed-forward', 'norm']);
    expect(kinds('olmo2')).toEqual(['attention', 'norm', 'feed-forward', 'norm']);
    // One norm for both parts.
    expect(kinds('stablelm')).toEqual(['norm', 'attention', 'feed-forward']);
    expect(kinds('bert')).toEqual(['attention', 'norm', 'feed-forward', 'norm']);
    expect(modelStack(written('bert')).before.map(({ kind }) => kind)).toEqual(['embedding', 'positions', 'segments', 'norm']);
  });

  it.each([llama, gpt2, ...['gemma3', 'olmo2', 'phi3', 'stablelm', 'gpt-neo', 'bert', 'roberta'].map(written)])(
    'loses no parameter',
    (config) => {
      const { before, block, after } = modelStack(config);
      const sum = [...before, ...after].reduce((total, { parameters }) => total + parameters, block.layers * block.parameters);
      expect(sum).toBe(parameterCount(config));
    },
  );

  it('shows learned positions and biases', () => {
    const { before, block } = modelStack(gpt2);
    expect(before.map(({ kind }) => kind)).toEqual(['embedding', 'positions']);
    expect(block.parts[3]!.tensors).toEqual([
      { name: 'c_fc', shape: [64, 16], bias: true },
      { name: 'c_proj', shape: [16, 64], bias: true },
    ]);
  });
});
