import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editConfig, parseConfig, readConfig, type ModelConfig } from '.';
import type { StudioError } from '../../errors';
import type { ModelNotice } from '../notices';
import { parameterCount, parameterShapes } from '../parameters';

/** Configs as transformers 5 wrote them. */
const written = (name: string) => JSON.parse(readFileSync(`e2e/parity/fixtures/${name}/config.json`, 'utf8')) as Record<string, unknown>;
const parse = (name: string, changes: Record<string, unknown> = {}) =>
  parseConfig('config.json', JSON.stringify({ ...written(name), ...changes }));

function refuses(name: string, field: string, changes: Record<string, unknown>): void {
  expect(() => parse(name, changes)).toThrow(
    expect.objectContaining({ code: 'config-unsupported', values: expect.objectContaining({ file: 'config.json', field }) as unknown }),
  );
}

const plain = {
  positions: { kind: 'rotary', theta: 10000, dimensions: 8, scaling: null },
  windows: [null, null],
  layerRotary: null,
  normPlacement: 'before',
  attentionScales: [8 ** -0.5, 8 ** -0.5],
  softCaps: { scores: null, logits: null },
  scales: { embedding: 1, residual: 1, output: 1 },
  parallel: false,
};
const sizes = { vocabulary: 61, hidden: 32, feedForward: 40, layers: 2, heads: 4, context: 24, headSize: 8, endOfText: [0] };
const noBias = { queryKeyValue: false, output: false, feedForward: false };
const everyBias = { queryKeyValue: true, output: true, feedForward: true };
const gated = {
  ...sizes,
  ...plain,
  kvHeads: 2,
  norm: { kind: 'rms', epsilon: 1e-5, offset: 0 },
  normedHeads: false,
  activation: 'swiglu',
  biases: noBias,
  tied: false,
};
const old = {
  ...sizes,
  ...plain,
  kvHeads: 4,
  norm: { kind: 'layer', epsilon: 1e-5, offset: 0 },
  normedHeads: false,
  biases: everyBias,
  tied: false,
};

describe('what transformers wrote', () => {
  it.each([
    [
      'llama-linear',
      {
        ...gated,
        architecture: 'llama',
        biases: everyBias,
        tied: true,
        positions: { ...plain.positions, scaling: { kind: 'linear', factor: 4 } },
      },
    ],
    [
      'llama-llama3',
      {
        ...gated,
        architecture: 'llama',
        positions: {
          ...plain.positions,
          scaling: { kind: 'llama3', factor: 8, lowFrequency: 0.25, highFrequency: 3, originalContext: 20 },
        },
      },
    ],
    ['mistral', { ...gated, architecture: 'mistral', windows: [5, 5] }],
    ['qwen2', { ...gated, architecture: 'qwen2', windows: [null, 4], biases: { ...noBias, queryKeyValue: true }, tied: true }],
    [
      'qwen3',
      {
        ...gated,
        architecture: 'qwen3',
        headSize: 12,
        positions: { ...plain.positions, dimensions: 12 },
        normedHeads: 'each',
        attentionScales: [12 ** -0.5, 12 ** -0.5],
        tied: true,
      },
    ],
    ['gpt2', { ...old, architecture: 'gpt2', feedForward: 128, positions: { kind: 'learned' }, activation: 'gelu-tanh', tied: true }],
    ['gpt2-untied', { ...old, architecture: 'gpt2', positions: { kind: 'learned' }, activation: 'gelu' }],
    [
      'gpt-neox',
      { ...old, architecture: 'gpt_neox', positions: { ...plain.positions, dimensions: 2 }, activation: 'gelu', parallel: true },
    ],
    [
      'gpt-neox-sequential',
      {
        ...old,
        architecture: 'gpt_neox',
        positions: { kind: 'rotary', theta: 5000, dimensions: 4, scaling: { kind: 'linear', factor: 2 } },
        activation: 'gelu',
        biases: { ...noBias, feedForward: true },
        tied: true,
      },
    ],
  ])('%s', (name, config) => {
    expect(parse(`families/${name}`)).toEqual(config);
  });

  // Sizes are checked by the shapes of its tensors, and the rest by its logits; here is what one family has and another has not.
  const local = { theta: 100, dimensions: 6, scaling: null };
  const full = { theta: 2000, dimensions: 6, scaling: { kind: 'linear', factor: 2 } };
  it.each([
    ['gpt-neo', { windows: [null, 3, 3], attentionScales: [1, 1, 1], biases: { queryKeyValue: false, output: true, feedForward: true } }],
    [
      'gemma3',
      {
        windows: [3, null, 3],
        norm: { kind: 'rms', epsilon: 1e-5, offset: 1 },
        normPlacement: 'both',
        normedHeads: 'each',
        activation: 'geglu-tanh',
        attentionScales: [10 ** -0.5, 10 ** -0.5, 10 ** -0.5],
        softCaps: { scores: null, logits: 4 },
        scales: { embedding: 4, residual: 1, output: 1 },
        layerRotary: [local, full, local].map((rotary) => expect.objectContaining(rotary) as unknown),
      },
    ],
    ['gemma2', { windows: [4, null], softCaps: { scores: 3, logits: 5 }, attentionScales: [7 ** -0.5, 7 ** -0.5], tied: false }],
    ['olmo2', { normPlacement: 'after', normedHeads: 'whole' }],
    ['phi3', { windows: [6, 6], positions: expect.objectContaining({ dimensions: 4 }) as unknown }],
    ['smollm3', { layerRotary: [expect.objectContaining({ theta: 1000 }), null] }],
    ['gpt2-scaled', { attentionScales: [1, 0.5] }],
    ['minicpm', { scales: { embedding: 3, residual: 1.4 / Math.sqrt(2), output: 6 / 16 } }],
    [
      'stablelm',
      {
        parallel: 'shared',
        norm: { kind: 'layer', epsilon: 1e-5, offset: 0 },
        positions: expect.objectContaining({ dimensions: 2 }) as unknown,
      },
    ],
    // Its scaling is for texts four times as long.
    ['llama-dynamic', { context: 24 }],
  ])('%s', (name, own) => {
    expect(parse(`families/${name}`)).toMatchObject(own);
  });
});

describe('config.json of published models', () => {
  const published = JSON.parse(readFileSync('e2e/parity/fixtures/published-configs.json', 'utf8')) as Record<
    string,
    { config: Record<string, unknown>; parameters: number }
  >;
  it.each(Object.entries(published))('%s', (_, { config, parameters }) => {
    expect(parameterCount(readConfig('config.json', config))).toBe(parameters);
  });
});

describe('encoders', () => {
  const encoder = { layers: 2, hidden: 16, normPlacement: 'sum', activation: 'gelu', tied: true, biases: everyBias };

  it('are read as transformers wrote them, with the positions that RoBERTa leaves to padding', () => {
    expect(parse('families/bert')).toMatchObject({ ...encoder, context: 12, encoder: { tokenTypes: 2, firstPosition: 0 } });
    expect(parse('families/roberta')).toMatchObject({ ...encoder, context: 10, encoder: { tokenTypes: 1, firstPosition: 2 } });
    expect(parse('families/roberta', { pad_token_id: null }).context).toBe(10);
  });

  it('are refused where they are another model', () => {
    refuses('families/bert', 'is_decoder', { is_decoder: true });
    refuses('families/bert', 'tie_word_embeddings', { tie_word_embeddings: false });
    refuses('families/bert', 'position_embedding_type', { position_embedding_type: 'relative_key' });
    refuses('families/roberta', 'pad_token_id', { pad_token_id: -1 });
    refuses('families/roberta', 'max_position_embeddings', { max_position_embeddings: 2 });
    refuses('families/bert', 'architectures', { architectures: ['BertForTokenClassification'] });
    refuses('tiny-tied', 'architectures', { architectures: ['LlamaForMaskedLM'] });
  });
});

describe('older spellings', () => {
  it('reads rope_theta and rope_scaling at the top', () => {
    const changes = {
      rope_parameters: undefined,
      rope_theta: 500_000,
      head_dim: undefined,
      num_key_value_heads: undefined,
      torch_dtype: 'float16',
    };
    const found = parse('tiny-tied', { ...changes, rope_scaling: { type: 'linear', factor: 2.5 } });
    expect(found.positions).toEqual({ kind: 'rotary', theta: 500_000, dimensions: 16, scaling: { kind: 'linear', factor: 2.5 } });
    expect(found).toMatchObject({ headSize: 16, kvHeads: 3 });
    expect(parse('tiny-tied', { ...changes, rope_scaling: null }).positions).toMatchObject({ scaling: null });
  });

  it("reads Llama 3.1's own", () => {
    const scaling = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192, rope_type: 'llama3' };
    const found = parse('tiny-tied', { rope_parameters: undefined, rope_theta: 5e5, rope_scaling: scaling });
    expect(found.positions).toMatchObject({
      scaling: { kind: 'llama3', factor: 8, lowFrequency: 1, highFrequency: 4, originalContext: 8192 },
    });
  });

  it("reads Pythia's own: rotary_pct, rotary_emb_base", () => {
    const found = parse('families/gpt-neox', {
      rope_parameters: undefined,
      rotary_pct: 0.5,
      rotary_emb_base: 20_000,
      attention_bias: undefined,
    });
    expect(found).toMatchObject({ positions: { theta: 20_000, dimensions: 4 }, biases: everyBias });
  });

  it("reads GPT-2's own, with what its authors left in it", () => {
    const found = parse('families/gpt2', {
      n_ctx: 24,
      tie_word_embeddings: undefined,
      activation_function: 'gelu_new',
      task_specific_params: { 'text-generation': { do_sample: true, max_length: 50 } },
      scale_attn_weights: undefined,
    });
    expect(found).toMatchObject({ tied: true, activation: 'gelu-tanh' });
  });

  it("reads Qwen 2.5's own: a window that is not used", () => {
    const found = parse('families/qwen2', {
      layer_types: undefined,
      use_sliding_window: false,
      sliding_window: 131072,
      max_window_layers: 1,
      use_mrope: false,
    });
    expect(found.windows).toEqual([null, null]);
  });

  it('takes the defaults of transformers for what is missing, and null for what it says', () => {
    expect(() => parse('families/mistral', { num_key_value_heads: undefined })).toThrow(/num_key_value_heads/); // 8 of 4 heads
    expect(parse('families/mistral', { num_key_value_heads: null }).kvHeads).toBe(4);
    expect(parse('families/mistral', { sliding_window: null }).windows).toEqual([null, null]);
    expect(parse('families/mistral', { max_position_embeddings: undefined, sliding_window: undefined }).windows).toEqual([4096, 4096]);
    expect(parse('families/qwen3', { head_dim: undefined }).headSize).toBe(128);
    expect(parse('families/gpt2', { n_positions: undefined }).context).toBe(1024);
    expect(parse('families/mistral', { sliding_window: 24 }).windows).toEqual([null, null]);
    expect(parse('families/qwen2', { layer_types: null, max_window_layers: 0 }).windows).toEqual([4, 4]);
  });
});

describe('refused by name', () => {
  const everywhere: [field: string, value: unknown][] = [
    ['model_type', 7],
    ['architectures', ['LlamaForTokenClassification']],
    ['vocab_size', 0],
    ['vocab_size', '61'],
    ['eos_token_id', 'two'],
    ['tie_word_embeddings', 'yes'],
    ['architectures', ['LlamaForCausalLM', 'LlamaForTokenClassification']],
    ['architectures', [7]],
    ['is_encoder_decoder', true],
    ['add_cross_attention', true],
    ['is_causal', false],
    ['per_layer_config', [{}, {}]],
    ['attention_chunk_size', 4],
    ['pruned_heads', { 0: [1] }],
  ];
  const rope: [field: string, value: unknown][] = [
    ['rope_parameters.rope_type', { rope_theta: 1e4, rope_type: 'proportional', factor: 4 }],
    ['rope_parameters.type', { type: 'mrope' }],
    ['rope_parameters.rope_type', { type: 'linear', rope_type: 'su', factor: 4 }],
    ['rope_parameters.factor', { rope_type: 'yarn', original_max_position_embeddings: 12 }],
    ['rope_parameters.truncate', { rope_type: 'yarn', factor: 2, truncate: 'no' }],
    ['rope_parameters.beta_fast', { rope_type: 'yarn', factor: 2, beta_fast: 'fast' }],
    ['rope_parameters.attention_factor', { rope_type: 'yarn', factor: 2, attention_factor: -1 }],
    ['rope_parameters.short_factor', { rope_type: 'longrope', long_factor: [1, 1] }],
    ['rope_parameters.short_factor', { rope_type: 'longrope', short_factor: [1, 2, 3, 4, 5, 6, 7], long_factor: [1, 1] }],
    ['rope_parameters.factor', { rope_type: 'linear' }],
    ['rope_parameters.low_freq_factor', { rope_type: 'llama3', factor: 8 }],
    ['rope_parameters.high_freq_factor', { rope_type: 'llama3', factor: 8, low_freq_factor: 2, high_freq_factor: 2 }],
    ['rope_parameters.rope_theta', { rope_theta: -1 }],
    ['rope_parameters.full_attention', { full_attention: { rope_theta: 1e6 } }],
    ['rope_parameters', 'none'],
  ].map(([field, value]) => [field as string, value]);
  const gatedOnly: [field: string, value: unknown][] = [
    ['hidden_size', undefined],
    ['num_hidden_layers', 'two'],
    ['num_key_value_heads', 3],
    ['head_dim', 15],
    ['rms_norm_eps', -1],
    ['hidden_act', 'relu'],
    ['attention_dropout', 1.5],
    ['partial_rotary_factor', 0.5],
    ['rope_scaling', { type: 'linear', factor: 3 }],
  ];
  it.each([
    ['mixtral', 'mistral'],
    ['gemma', 'gemma2'],
    ['gemma3', 'gemma3_text'],
    ['qwen3_moe', 'qwen3'],
    ['gptj', 'gpt_neox'],
    ['opt', 'gpt2'],
    ['olmo3', 'olmo2'],
    ['toString', 'llama'],
  ])('model_type = %s, with the nearest family: %s', (model_type, nearest) => {
    expect(() => parse('families/mistral', { model_type })).toThrow(
      expect.objectContaining({ code: 'family-unsupported', values: expect.objectContaining({ value: model_type, nearest }) as unknown }),
    );
  });

  const cases: Record<string, [field: string, value: unknown][]> = {
    'llama-linear': [
      ...gatedOnly,
      ['attention_bias', 1],
      ['mlp_bias', 'true'],
      ['sliding_window', 23],
      ['layer_types', ['full_attention', 'sliding_attention']],
    ],
    mistral: [...gatedOnly, ['sliding_window', 0], ['layer_types', ['full_attention', 'full_attention']]],
    qwen2: [
      ...gatedOnly,
      ['use_sliding_window', 'yes'],
      ['sliding_window', -4],
      ['max_window_layers', 1.5],
      ['layer_types', ['full_attention']],
      ['layer_types', ['full_attention', 'chunked_attention']],
    ],
    qwen3: [...gatedOnly, ['attention_bias', 'no'], ['layer_types', ['sliding_attention', 'full_attention']]],
    gpt2: [
      ['n_embd', 0],
      ['n_head', 5],
      ['n_inner', -1],
      ['n_positions', 2.5],
      ['layer_norm_epsilon', 0],
      ['activation_function', 'relu'],
      ['activation_function', 'gelu_fast'],
      ['scale_attn_weights', 'no'],
      ['scale_attn_by_inverse_layer_idx', 1],
      ['reorder_and_upcast_attn', 'yes'],
      ['attn_pdrop', 2],
      ['hidden_size', 64],
      ['layer_types', ['full_attention', 'sliding_attention']],
    ],
    'gpt-neox': [
      ['num_attention_heads', 5],
      ['hidden_act', 'gelu_fast'],
      ['attention_dropout', 2],
      ['hidden_dropout', -1],
      ['layer_norm_eps', 'small'],
      ['use_parallel_residual', 1],
      ['attention_bias', 1],
      ['head_dim', 16],
    ],
    'gpt-neo': [
      ['num_heads', 5],
      ['num_hidden_layers', 2],
      ['window_size', 0],
      ['attention_layers', ['global', 'global']],
      ['activation_function', 'relu'],
      ['resid_dropout', 2],
    ],
    gemma2: [
      ['num_attention_heads', 12],
      ['use_bidirectional_attention', true],
      ['query_pre_attn_scalar', 0],
      ['attn_logit_softcapping', -1],
      ['final_logit_softcapping', 'high'],
      ['hidden_activation', 'relu'],
      ['sliding_window', null],
      ['layer_types', ['full_attention']],
    ],
    gemma3: [
      ['use_bidirectional_attention', true],
      ['sliding_window_pattern', 0],
      ['rope_scaling', { type: 'linear', factor: 3 }],
      ['rope_parameters.sliding_attention.factor', { sliding_attention: { rope_type: 'linear' } }],
    ],
    olmo2: [
      ['attention_bias', 'no'],
      ['sliding_window', 4],
    ],
    phi3: [
      ['rope_parameters.rope_type', { rope_type: 'linear', factor: 2 }],
      ['rope_parameters.long_factor', { rope_type: 'longrope', short_factor: [1, 1, 1], long_factor: [1] }],
      ['original_max_position_embeddings', 0],
      ['resid_pdrop', 2],
    ],
    smollm3: [
      ['no_rope_layers', [1]],
      ['no_rope_layers', [1, 'no']],
      ['layer_types', ['full_attention', 'chunked_attention']],
    ],
    minicpm: [
      ['scale_emb', 0],
      ['dim_model_base', 'wide'],
      ['num_experts', 8],
      ['sparse_config', { kernel_size: 32 }],
    ],
    stablelm: [
      ['qk_layernorm', true],
      ['use_qkv_bias', 1],
      ['use_parallel_residual', 'no'],
    ],
  };
  it.each([
    [[[['global'], 2]]],
    [
      [
        [['global', 'other'], 1],
        [['local'], 1],
      ],
    ],
    ['global'],
    [[7]],
  ])('attention_types = %j', (attention_types) => {
    refuses('families/gpt-neo', 'attention_types', { attention_layers: undefined, attention_types });
  });

  it('a window that layers ask for and the file does not give', () => {
    refuses('families/smollm3', 'sliding_window', { layer_types: ['full_attention', 'sliding_attention'] });
    refuses('families/minicpm', 'rope_parameters.rope_type', { rope_parameters: { rope_type: 'yarn', factor: 2 } });
  });

  const wherever = { 'rope_parameters.partial_rotary_factor': { rope_theta: 1e4, partial_rotary_factor: 0.5 } };

  describe.each(Object.entries(cases))('%s', (name, own) => {
    const fields = [...everywhere, ...own, ...(['gpt2', 'gpt-neo', 'gemma3', 'phi3', 'minicpm', 'stablelm'].includes(name) ? [] : rope)];
    it.each(fields)('%s = %j', (field, value) => {
      refuses(`families/${name}`, field, { [field.split('.')[0]!]: value });
    });
  });

  it.each(['llama-linear', 'mistral', 'qwen2', 'qwen3'])('a part of the head that turns, where all of it does: %s', (name) => {
    for (const [field, value] of Object.entries(wherever)) refuses(`families/${name}`, field, { rope_parameters: value });
  });

  it('a part of the head that is no even number of components, and one fact said twice in two ways', () => {
    refuses('families/gpt-neox', 'rope_parameters.partial_rotary_factor', { rope_parameters: { partial_rotary_factor: 0.4 } });
    for (const share of [0.4, 1.5, 0]) refuses('families/gpt-neox', 'rotary_pct', { rope_parameters: undefined, rotary_pct: share });
    refuses('families/gpt-neox', 'rope_theta', { rotary_emb_base: 10_000, rope_theta: 20_000 });
    refuses('families/gpt-neox', 'partial_rotary_factor', { rotary_pct: 0.25, partial_rotary_factor: 0.5 });
  });

  it.each(['', '{', '[]', 'null', '3'])('a file that is no object: %j', (text) => {
    expect(() => parseConfig('config.json', text)).toThrow(expect.objectContaining({ code: 'config-unsupported' }));
  });
});

interface FieldEffects {
  families: Record<
    string,
    {
      config: Record<string, unknown>;
      fields: string[];
      read: string[];
      effects: Record<string, [value: unknown, outcome: 'same' | 'different' | 'refused']>;
    }
  >;
}
const byTransformers = JSON.parse(readFileSync('e2e/parity/fixtures/config-fields.json', 'utf8')) as FieldEffects;
const changes = Object.entries(byTransformers.families).flatMap(([family, { config, effects }]) =>
  Object.entries(effects).map(([field, [value, outcome]]) => ({ family, config, field, value, outcome })),
);
const attempt = (config: Record<string, unknown>, notices: ModelNotice[] = []) => {
  try {
    return { config: readConfig('config.json', config, notices), refused: null };
  } catch (error) {
    return { config: null, refused: (error as StudioError).values['field'] };
  }
};
const withoutIds = (config: ModelConfig | null) => config && { ...config, endOfText: [], tied: false, context: 0 };

describe("one field changed in a model's config.json, against the logits of transformers", () => {
  it.each(changes.filter(({ outcome }) => outcome !== 'same'))('$family, other logits: $field = $value', ({ config, field, value }) => {
    const changed = attempt({ ...config, [field]: value });
    // Of the forward call alone: it gives a tuple then.
    if (field === 'return_dict') return;
    if (changed.config) expect(changed.config).not.toEqual(readConfig('config.json', config));
    else expect(changed.refused).toBeTypeOf('string');
  });

  /** Refused although these logits are the same, each for a reason of its own. */
  const strict: Record<string, string[]> = {
    // Generation: transformers' cache keeps a window or a chunk.
    every: ['sliding_window', 'attention_chunk_size', 'is_encoder_decoder', 'pruned_heads'],
    // Earlier versions of transformers rotated a part of each head.
    llama: ['partial_rotary_factor'],
    mistral: ['partial_rotary_factor'],
    qwen2: ['partial_rotary_factor'],
    qwen3: ['partial_rotary_factor'],
    gemma2: ['partial_rotary_factor'],
    olmo2: ['partial_rotary_factor'],
    smollm3: ['partial_rotary_factor'],
    // A `type` beside the older `rope_type`, which counts.
    gemma3_text: ['partial_rotary_factor', 'rope_scaling'],
    // The cache alone reads them.
    phi3: ['layer_types'],
    // It has a mask of its own.
    gpt_neo: ['is_causal'],
    // Which of two equal names counts differs between versions.
    gpt_neox: ['rotary_pct', 'rotary_emb_base', 'partial_rotary_factor', 'rope_parameters', 'rope_theta'],
  };
  it.each(changes.filter(({ outcome }) => outcome === 'same'))(
    '$family, the same logits: $field = $value',
    ({ family, config, field, value }) => {
      const changed = attempt({ ...config, [field]: value });
      if ([...strict['every']!, ...(strict[family] ?? [])].includes(field) && !changed.config) expect(changed.refused).toBe(field);
      else expect(withoutIds(changed.config)).toEqual(withoutIds(readConfig('config.json', config)));
    },
  );

  it.each(Object.entries(byTransformers.families))(
    "%s: no field of transformers' own class is told as unknown",
    (_, { config, fields }) => {
      const notices: ModelNotice[] = [];
      parseConfig('config.json', JSON.stringify({ ...Object.fromEntries(fields.map((field) => [field, false])), ...config }), notices);
      expect(notices.filter(({ kind }) => kind === 'unknown-fields')).toEqual([]);
    },
  );

  it.each(Object.entries(byTransformers.families))('%s: its code reads no field that passes unseen', (_, { config, read, effects }) => {
    // How attention is computed, the row of the embedding that padding has, the form of the answer: no causal loss depends on them.
    const free = ['_attn_implementation', 'pad_token_id', 'initializer_range', 'number_of_conv_states', 'output_attentions', 'return_dict'];
    const unseen = read.filter((field) => {
      if (free.includes(field) || effects[field]?.[1] === 'same') return false;
      const odd = attempt({ ...config, [field]: 'no such value' });
      return odd.refused === null;
    });
    expect(unseen).toEqual([]);
  });

  it('refuses rope_scaling and rope_parameters that differ', () => {
    const linear = { type: 'linear', factor: 2 };
    for (const other of [{ ...linear, factor: 4 }, { ...linear, rope_theta: 5e5 }, { rope_type: 'default' }])
      refuses('families/llama-linear', 'rope_scaling', { rope_scaling: linear, rope_parameters: other });
  });
});

describe('notices', () => {
  const noticesOf = (name: string, changes: Record<string, unknown>): ModelNotice[] => {
    const notices: ModelNotice[] = [];
    parseConfig('config.json', JSON.stringify({ ...written(name), ...changes }), notices);
    return notices;
  };

  it.each(['llama-linear', 'mistral', 'qwen2', 'qwen3', 'gpt-neox'])('%s as transformers wrote it: none', (name) => {
    expect(noticesOf(`families/${name}`, {})).toEqual([]);
  });

  it('of what transformers and tools write beside the model: fields that transformers itself does not know', () => {
    const known = {
      _name_or_path: 'x/y',
      torch_dtype: 'bfloat16',
      transformers_version: '4.51.0',
      use_cache: false,
      temperature: 0.6,
      num_labels: 2,
    };
    const unknown = {
      _model_name_or_path: 'HuggingFaceTB/SmolLM2-135M',
      auto_map: { AutoModelForCausalLM: 'modeling.Own' },
      unsloth_version: '2025.1',
      unsloth_fixed: true,
      task_specific_params: { 'text-generation': { do_sample: true } },
      is_llama_config: true,
      rope_interleaved: false,
      attn_logit_softcapping: 50,
    };
    for (const name of ['llama-linear', 'mistral', 'qwen2', 'qwen3', 'gpt-neox'])
      expect(noticesOf(`families/${name}`, { ...known, ...unknown, a_field_without_value: null })).toEqual([
        { kind: 'unknown-fields', fields: Object.keys(unknown) },
      ]);
  });

  it('of rotary keys that a kind of scaling does not have', () => {
    const rope_parameters = { type: 'linear', rope_type: 'linear', factor: 2, original_max_position_embeddings: 2048, attention_factor: 2 };
    expect(noticesOf('families/llama-linear', { rope_parameters })).toEqual([
      {
        kind: 'unknown-fields',
        fields: ['rope_parameters.original_max_position_embeddings', 'rope_parameters.attention_factor'],
      },
    ]);
  });

  it('of dropout rates', () => {
    expect(noticesOf('families/gpt2', { embd_pdrop: 0.1, attn_pdrop: 0, resid_pdrop: 0.2 })).toEqual([
      { kind: 'dropout-rates', fields: ['resid_pdrop', 'embd_pdrop'] },
    ]);
    expect(noticesOf('families/mistral', { attention_dropout: 0.1 })).toEqual([{ kind: 'dropout-rates', fields: ['attention_dropout'] }]);
  });

  it.each([
    ['llama-linear', 'LLaMAForCausalLM', 'LlamaForCausalLM'],
    ['llama-linear', 'LlamaModel', 'LlamaForCausalLM'],
    ['llama-linear', 'LlamaForSequenceClassification', 'LlamaForCausalLM'],
    ['gpt2', 'GPT2Model', 'GPT2LMHeadModel'],
    ['qwen2', 'MyQwenForCausalLM', 'Qwen2ForCausalLM'],
  ])('of the architecture: %s, %s', (name, found, read) => {
    const dropout = { resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0 };
    const changes = { architectures: [found], ...(name === 'gpt2' ? dropout : {}) };
    expect(noticesOf(`families/${name}`, changes)).toEqual([{ kind: 'architecture', found, read }]);
    expect(parse(`families/${name}`, changes)).toEqual(parse(`families/${name}`));
  });

  it('of a quantization_config: the tensors decide', () => {
    const quantization_config = { load_in_4bit: true, quant_method: 'bitsandbytes' };
    expect(noticesOf('families/qwen3', { quantization_config })).toEqual([{ kind: 'quantization-left', method: 'bitsandbytes' }]);
    refuses('families/qwen3', 'quantization_config', { quantization_config: 'int4' });
  });
});

describe('a config that is edited', () => {
  it('keeps the spelling of its numbers, which transformers checks by their type', () => {
    const text = '{"a": 6.0, "b": {"c": [1, -2.50, 1e-05, 1E6]}, "d": "6.0 \\"7.0\\" \\u0041", "e": 3}';
    const edited = editConfig(text, ({ e: _, ...fields }) => ({ ...fields, f: 0.5, g: 'x' }));
    expect(edited.replaceAll(/\s+/g, ' ')).toBe(
      '{ "a": 6.0, "b": { "c": [ 1, -2.50, 1e-05, 1E6 ] }, "d": "6.0 \\"7.0\\" A", "f": 0.5, "g": "x" } ',
    );
    expect(() => editConfig('{', (fields) => fields)).toThrow(SyntaxError);
  });
});

describe('whatever stands in the file', () => {
  it('is read or refused with the name of a field; what is read has whole sizes', () => {
    const names = [
      'llama-linear',
      'llama-llama3',
      'qwen2',
      'gpt2',
      'gpt-neox',
      'gpt-neo',
      'gemma2',
      'gemma3',
      'phi3',
      'smollm3',
      'minicpm',
    ];
    const configs = names.map((name) => written(`families/${name}`));
    const fields = [...new Set(configs.flatMap((config) => Object.keys(config)))];
    const value = fc.oneof(fc.jsonValue(), fc.integer(), fc.constantFrom('', 'gelu', 'default', 1e308, -0, 2 ** 53, [], {}));
    const change = fc.tuple(fc.constantFrom(...fields, '__proto__', 'constructor'), value);
    fc.assert(
      fc.property(fc.constantFrom(...configs), fc.array(change, { minLength: 1, maxLength: 2 }), (config, changes) => {
        const text = JSON.stringify({ ...config, ...Object.fromEntries(changes) });
        try {
          for (const shape of parameterShapes(parseConfig('config.json', text)).values())
            expect(shape.every((side) => Number.isSafeInteger(side) && side > 0)).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({
            code: expect.stringMatching(/^(config|family)-unsupported$/) as unknown,
            values: { field: expect.any(String) as unknown },
          });
        }
      }),
      { numRuns: 2000 },
    );
  });
});
