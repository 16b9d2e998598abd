/**
 * The families of decoders that the engine computes, each as it is read from Hugging Face's config.json: which fields it has, what an
 * absent field stands for in transformers, and what is refused.
 */
import { everyLayer, onlyFullAttention, readHeads, readLayerWindows, readRotary } from './attention';
import { limits, type ConfigFields } from './fields';
import type { ModelConfig } from './model-config';

/** How one family's config.json is read. */
export interface FamilyReader {
  /** The class in `architectures`. */
  architecture: string;
  /** Everything but what all families share. Asks for every field of the family that changes the arithmetic. */
  read(fields: ConfigFields): Omit<ModelConfig, 'architecture' | 'vocabulary' | 'endOfText'>;
}

/** What transformers takes for absent fields. */
interface GatedDefaults {
  context: number;
  kvHeads?: number;
  headSize?: number;
}

/**
 * What Llama, Mistral and Qwen share: RMS norms, rotary positions, grouped-query attention and then SwiGLU. Windows, biases and norms of
 * heads are each family's own.
 */
function readGatedDecoder(
  fields: ConfigFields,
  defaults: GatedDefaults,
): Omit<ModelConfig, 'architecture' | 'vocabulary' | 'endOfText' | 'windows' | 'biases' | 'normedHeads'> {
  const hidden = fields.count('hidden_size', limits.hidden);
  const context = fields.count('max_position_embeddings', limits.context, defaults.context);
  const heads = readHeads(fields, {
    hidden,
    ...(defaults.kvHeads === undefined ? {} : { absent: defaults.kvHeads }),
    ...(defaults.headSize === undefined ? {} : { headSize: defaults.headSize }),
  });
  fields.only('hidden_act', 'silu', 'swish');
  fields.dropoutRates('attention_dropout');
  return {
    hidden,
    feedForward: fields.count('intermediate_size', limits.feedForward),
    layers: fields.count('num_hidden_layers', limits.layers),
    ...heads,
    context,
    positions: readRotary(fields, { headSize: heads.headSize, context }),
    norm: { kind: 'rms', epsilon: fields.positive('rms_norm_eps', 1e-6) },
    activation: 'swiglu',
    parallel: false,
    tied: fields.flag('tie_word_embeddings', false),
  };
}

/** Llama (Touvron et al., arXiv 2302.13971; rope scaling of Llama 3.1), as transformers' LlamaForCausalLM. */
export const llama: FamilyReader = {
  architecture: 'LlamaForCausalLM',
  read(fields) {
    const decoder = readGatedDecoder(fields, { context: 2048 });
    const attentionBias = fields.flag('attention_bias', false);
    onlyFullAttention(fields, decoder.context);
    return {
      ...decoder,
      windows: everyLayer(null, decoder.layers, decoder.context),
      normedHeads: false,
      biases: { queryKeyValue: attentionBias, output: attentionBias, feedForward: fields.flag('mlp_bias', false) },
    };
  },
};

/** Mistral (Jiang et al., arXiv 2310.06825), as transformers' MistralForCausalLM: Llama with a sliding window in every layer. */
export const mistral: FamilyReader = {
  architecture: 'MistralForCausalLM',
  read(fields) {
    const decoder = readGatedDecoder(fields, { context: 131_072, kvHeads: 8 });
    // transformers takes a missing field for 4096, and null for no window.
    const all = fields.raw('sliding_window') === null && fields.has('sliding_window');
    const windows = everyLayer(all ? null : fields.count('sliding_window', 2 ** 30, 4096), decoder.layers, decoder.context);
    // Of no effect where it says what holds anyway; else transformers' cache follows it and its mask does not.
    if (windows.some((window) => window !== null)) fields.absent('layer_types');
    else onlyFullAttention(fields, 0);
    return {
      ...decoder,
      windows,
      normedHeads: false,
      biases: { queryKeyValue: false, output: false, feedForward: false },
    };
  },
};

/** Qwen2 and 2.5 (arXiv 2407.10671, 2412.15115), as transformers' Qwen2ForCausalLM: Llama with a bias on queries, keys and values. */
export const qwen2: FamilyReader = {
  architecture: 'Qwen2ForCausalLM',
  read(fields) {
    const decoder = readGatedDecoder(fields, { context: 32_768, kvHeads: 32 });
    return {
      ...decoder,
      windows: readLayerWindows(fields, decoder.layers, decoder.context),
      normedHeads: false,
      biases: { queryKeyValue: true, output: false, feedForward: false },
    };
  },
};

/** Qwen3 (arXiv 2505.09388), as transformers' Qwen3ForCausalLM: Llama with an RMS norm over each head of queries and keys. */
export const qwen3: FamilyReader = {
  architecture: 'Qwen3ForCausalLM',
  read(fields) {
    const decoder = readGatedDecoder(fields, { context: 32_768, kvHeads: 32, headSize: 128 });
    const attentionBias = fields.flag('attention_bias', false);
    return {
      ...decoder,
      windows: readLayerWindows(fields, decoder.layers, decoder.context),
      normedHeads: true,
      biases: { queryKeyValue: attentionBias, output: attentionBias, feedForward: false },
    };
  },
};

/** A number with two names in transformers (`attribute_map`): where both stand they must agree. */
function countByName(fields: ConfigFields, field: string, alias: string, most: number, absent?: number): number {
  const own = fields.raw(field) === null && fields.raw(alias) !== null ? alias : field;
  const value = fields.count(own, most, absent);
  if (fields.raw(alias) !== null && fields.count(alias, most) !== value) fields.refuse(alias, `${value}, as ${field} says`);
  return value;
}

/** GPT-2 (Radford et al., 2019), as transformers' GPT2LMHeadModel: learned positions, LayerNorm, GELU by tanh, biases throughout. */
export const gpt2: FamilyReader = {
  architecture: 'GPT2LMHeadModel',
  read(fields) {
    const hidden = countByName(fields, 'n_embd', 'hidden_size', limits.hidden);
    const heads = countByName(fields, 'n_head', 'num_attention_heads', limits.heads);
    if (hidden % heads !== 0) fields.refuse('n_head', `a divisor of n_embd (${hidden})`);
    const context = countByName(fields, 'n_positions', 'max_position_embeddings', limits.context, 1024);
    const layers = countByName(fields, 'n_layer', 'num_hidden_layers', limits.layers);
    onlyFullAttention(fields, context);
    fields.dropoutRates('resid_pdrop', 'embd_pdrop', 'attn_pdrop');
    fields.only('scale_attn_weights', true);
    fields.only('scale_attn_by_inverse_layer_idx', false);
    // Another order of the same products, for float16: in float32 the same.
    fields.flag('reorder_and_upcast_attn', false);
    return {
      hidden,
      feedForward: fields.count('n_inner', limits.feedForward, 4 * hidden),
      layers,
      heads,
      kvHeads: heads,
      headSize: hidden / heads,
      context,
      positions: { kind: 'learned' },
      windows: everyLayer(null, layers, context),
      norm: { kind: 'layer', epsilon: fields.positive('layer_norm_epsilon', 1e-5) },
      normedHeads: false,
      activation: fields.choice('activation_function', 'gelu_new', {
        gelu_new: 'gelu-tanh',
        gelu_pytorch_tanh: 'gelu-tanh',
        gelu: 'gelu',
      } as const),
      biases: { queryKeyValue: true, output: true, feedForward: true },
      parallel: false,
      tied: fields.flag('tie_word_embeddings', true),
    };
  },
};

/**
 * GPT-NeoX (Black et al., arXiv 2204.06745) and Pythia (Biderman et al., 2304.01373), as transformers' GPTNeoXForCausalLM: rotary
 * positions on a part of each head, LayerNorm, attention and feed-forward side by side.
 */
export const gptNeox: FamilyReader = {
  architecture: 'GPTNeoXForCausalLM',
  read(fields) {
    const hidden = fields.count('hidden_size', limits.hidden);
    const heads = fields.count('num_attention_heads', limits.heads);
    if (hidden % heads !== 0) fields.refuse('num_attention_heads', `a divisor of hidden_size (${hidden})`);
    const headSize = hidden / heads;
    const context = fields.count('max_position_embeddings', limits.context, 2048);
    const layers = fields.count('num_hidden_layers', limits.layers);
    const attentionBias = fields.flag('attention_bias', true);
    // Rotary embeddings would follow it, the heads would not.
    fields.only('head_dim', headSize);
    onlyFullAttention(fields, context);
    fields.dropoutRates('hidden_dropout', 'attention_dropout');
    return {
      hidden,
      feedForward: fields.count('intermediate_size', limits.feedForward),
      layers,
      heads,
      kvHeads: heads,
      headSize,
      context,
      positions: readRotary(fields, { headSize, context, theta: 'rotary_emb_base', partial: { field: 'rotary_pct', absent: 0.25 } }),
      windows: everyLayer(null, layers, context),
      norm: { kind: 'layer', epsilon: fields.positive('layer_norm_eps', 1e-5) },
      normedHeads: false,
      activation: fields.choice('hidden_act', 'gelu', {
        gelu: 'gelu',
        gelu_new: 'gelu-tanh',
        gelu_pytorch_tanh: 'gelu-tanh',
      } as const),
      biases: { queryKeyValue: attentionBias, output: attentionBias, feedForward: true },
      parallel: fields.flag('use_parallel_residual', true),
      tied: fields.flag('tie_word_embeddings', false),
    };
  },
};
