/**
 * Llama and the families after it, each as it is read from Hugging Face's config.json: which fields it has, what an absent field stands
 * for in transformers, and what is refused.
 */
import { everyLayer, onlyFullAttention, readLayerTypes, readLayerWindows, readOneWindow, readTwoRotaries } from './attention';
import { limits, type ConfigFields } from './fields';
import { everyScale, noBiases, readGatedDecoder, type FamilyReader, type GatedDefaults, type Read } from './gated-decoder';
import { plain, type RotaryScaling } from './model-config';

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
    return { ...decoder, windows: readOneWindow(fields, decoder.layers, decoder.context, 4096), biases: noBiases };
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
      biases: { ...noBiases, queryKeyValue: true },
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
      normedHeads: 'each',
      biases: { queryKeyValue: attentionBias, output: attentionBias, feedForward: false },
    };
  },
};

/** transformers refuses other widths, although the heads' size does not come from it. */
function checkWholeHeads(fields: ConfigFields, { hidden, heads }: { hidden: number; heads: number }): void {
  if (hidden % heads !== 0) fields.refuse('num_attention_heads', `a divisor of hidden_size (${hidden})`);
}

/**
 * What Gemma 2 and 3 share: RMS norms by 1 + weight before and after attention and feed-forward, an embedding times √D, GEGLU, windows in
 * some layers, and a score factor of its own.
 */
function readGemma(
  fields: ConfigFields,
  defaults: { context: number; windowedBut: number; logitCap: number | null; positions?: GatedDefaults['positions'] },
) {
  const decoder = readGatedDecoder(fields, {
    context: defaults.context,
    kvHeads: 4,
    headSize: 256,
    tied: true,
    activation: ['hidden_activation', 'gelu_pytorch_tanh'],
    ...(defaults.positions ? { positions: defaults.positions } : {}),
  });
  checkWholeHeads(fields, decoder);
  fields.only('use_bidirectional_attention', false);
  const attentionBias = fields.flag('attention_bias', false);
  const cap = (field: string, absent: number | null) => (fields.has(field) || absent === null ? capOf(fields, field) : absent);
  const layerTypes = readLayerTypes(fields, decoder.layers, decoder.context, {
    absent: 4096,
    kindOf: (layer) => (layer + 1) % defaults.windowedBut !== 0,
  });
  const read: Read = {
    ...decoder,
    windows: layerTypes.windows,
    norm: { ...decoder.norm, offset: 1 },
    normPlacement: 'both',
    biases: { queryKeyValue: attentionBias, output: attentionBias, feedForward: false },
    attentionScales: everyScale(decoder.layers, fields.positive('query_pre_attn_scalar', 256) ** -0.5),
    softCaps: { scores: null, logits: cap('final_logit_softcapping', defaults.logitCap) },
    scales: { ...plain.scales, embedding: decoder.hidden ** 0.5 },
  };
  return { read, windowed: layerTypes.windowed, cap };
}

function capOf(fields: ConfigFields, field: string): number | null {
  return fields.raw(field) === null ? null : fields.positive(field);
}

/** Gemma 2 (arXiv 2408.00118), as transformers' Gemma2ForCausalLM: caps on scores and logits, a window in every other layer. */
export const gemma2: FamilyReader = {
  architecture: 'Gemma2ForCausalLM',
  read(fields) {
    const { read, cap } = readGemma(fields, { context: 8192, windowedBut: 2, logitCap: 30 });
    return { ...read, softCaps: { ...read.softCaps, scores: cap('attn_logit_softcapping', 50) } };
  },
};

/**
 * Gemma 3's text models (arXiv 2503.19786), as transformers' Gemma3ForCausalLM: norms of each head of queries and keys, a window in five of
 * six layers, whose rotation has a base of its own. transformers does not read its `attn_logit_softcapping`.
 */
export const gemma3Text: FamilyReader = {
  architecture: 'Gemma3ForCausalLM',
  read(fields) {
    const pattern = fields.count('sliding_window_pattern', limits.layers, 6);
    let rotaries: ReturnType<typeof readTwoRotaries> | undefined;
    const { read, windowed } = readGemma(fields, {
      context: 131_072,
      windowedBut: pattern,
      logitCap: null,
      positions: (given) => (rotaries = readTwoRotaries(fields, given)).full,
    });
    return {
      ...read,
      layerRotary: windowed.map((has) => (has ? rotaries!.local : rotaries!.full)),
      normedHeads: 'each',
    };
  },
};

/** OLMo 2 (arXiv 2501.00656), as transformers' Olmo2ForCausalLM: norms after attention and feed-forward, and of all queries and keys. */
export const olmo2: FamilyReader = {
  architecture: 'Olmo2ForCausalLM',
  read(fields) {
    const decoder = readGatedDecoder(fields, { context: 2048, epsilon: 1e-5 });
    const attentionBias = fields.flag('attention_bias', false);
    onlyFullAttention(fields, decoder.context);
    return {
      ...decoder,
      windows: everyLayer(null, decoder.layers, decoder.context),
      normPlacement: 'after',
      normedHeads: 'whole',
      biases: { queryKeyValue: attentionBias, output: attentionBias, feedForward: false },
    };
  },
};

/** Phi-3 and Phi-4 mini (arXiv 2404.14219), as transformers' Phi3ForCausalLM: Llama with fused maps, LongRoPE, and part of each head rotated. */
export const phi3: FamilyReader = {
  architecture: 'Phi3ForCausalLM',
  read(fields) {
    const decoder = readGatedDecoder(fields, {
      context: 4096,
      epsilon: 1e-5,
      rotary: {
        partial: { field: 'partial_rotary_factor', absent: 1 },
        // The names of its first versions, which transformers takes for longrope.
        kinds: { default: 'default', longrope: 'longrope', su: 'longrope', yarn: 'longrope' },
        original: 4096,
      },
    });
    // A number that the class has whether rotation is scaled or not.
    fields.count('original_max_position_embeddings', limits.context, 4096);
    fields.dropoutRates('resid_pdrop', 'embd_pdrop');
    return { ...decoder, windows: readOneWindow(fields, decoder.layers, decoder.context, null), biases: noBiases };
  },
};

/** SmolLM3 (Hugging Face, 2025), as transformers' SmolLM3ForCausalLM: Llama with every fourth layer left without rotation. */
export const smollm3: FamilyReader = {
  architecture: 'SmolLM3ForCausalLM',
  read(fields) {
    const decoder = readGatedDecoder(fields, { context: 32_768, kvHeads: 4, tied: true, rotary: { base: 2_000_000 } });
    const { layers, context, positions } = decoder;
    const interval = fields.count('no_rope_layer_interval', 2 ** 30, 4);
    const listed: unknown =
      fields.raw('no_rope_layers') ?? Array.from({ length: layers }, (_, layer) => Number((layer + 1) % interval !== 0));
    if (!Array.isArray(listed) || listed.length < layers || !listed.every((rotated) => [0, 1, true, false].includes(rotated as number)))
      return fields.refuse('no_rope_layers', `a list of ${layers}, 1 in layers with rotation and 0 in those without`);
    const rotated = listed.slice(0, layers).map(Boolean);
    const windowed = fields.flag('use_sliding_window', false) && fields.raw('sliding_window') !== null;
    const attentionBias = fields.flag('attention_bias', false);
    return {
      ...decoder,
      windows: readLayerTypes(fields, layers, context, { absent: null, kindOf: (layer) => windowed && !rotated[layer] }).windows,
      layerRotary: positions.kind === 'rotary' && rotated.includes(false) ? rotated.map((has) => (has ? positions : null)) : null,
      biases: { queryKeyValue: attentionBias, output: attentionBias, feedForward: fields.flag('mlp_bias', false) },
    };
  },
};

/**
 * MiniCPM 1, 2 and 4 (arXiv 2404.06395), by the modeling code that comes with its checkpoints: Llama with factors on the embedding, on what
 * a block's parts add, and on the states before the head.
 */
export const minicpm: FamilyReader = {
  architecture: 'MiniCPMForCausalLM',
  read(fields) {
    const kinds = { default: 'default', linear: 'linear', dynamic: 'dynamic', longrope: 'longrope' } as const;
    const decoder = readGatedDecoder(fields, { context: 2048, tied: true, rotary: { kinds } });
    const { hidden, heads, layers, positions } = decoder;
    fields.only('head_dim', hidden / heads);
    // Sparse attention of version 4.1, and mixtures of experts.
    fields.absent('sparse_config');
    fields.only('num_experts', 0);
    onlyFullAttention(fields, decoder.context);
    const attentionBias = fields.flag('attention_bias', false);
    return {
      ...decoder,
      positions: { ...positions, ...(positions.kind === 'rotary' ? { scaling: alwaysLongest(positions.scaling, decoder.context) } : {}) },
      windows: everyLayer(null, layers, decoder.context),
      biases: { queryKeyValue: attentionBias, output: attentionBias, feedForward: false },
      scales: {
        embedding: fields.positive('scale_emb', 1),
        residual: fields.positive('scale_depth', 1) / Math.sqrt(layers),
        output: fields.positive('dim_model_base', 1) / hidden,
      },
    };
  },
};

/** MiniCPM's LongRoPE takes the factors of its longest text for all texts, and asks for the ratio of the lengths alone. */
function alwaysLongest(scaling: RotaryScaling | null, context: number): RotaryScaling | null {
  if (scaling?.kind !== 'longrope') return scaling;
  const { originalContext, short, long } = scaling;
  const factors = context > originalContext ? long : short;
  const attentionFactor = Math.sqrt(1 + Math.log(context / originalContext) / Math.log(originalContext));
  return { ...scaling, short: factors, long: factors, attentionFactor };
}

/** StableLM 2 (Stability AI, 2024), as transformers' StableLmForCausalLM: Llama with LayerNorm and a quarter of each head rotated. */
export const stablelm: FamilyReader = {
  architecture: 'StableLmForCausalLM',
  read(fields) {
    const partial = { field: 'partial_rotary_factor', absent: 0.25 };
    const decoder = readGatedDecoder(fields, { context: 4096, kvHeads: 32, norm: 'layer', rotary: { partial } });
    checkWholeHeads(fields, decoder);
    fields.only('head_dim', decoder.hidden / decoder.heads);
    // A LayerNorm of its own for each head.
    fields.only('qk_layernorm', false);
    fields.dropoutRates('hidden_dropout');
    onlyFullAttention(fields, decoder.context);
    return {
      ...decoder,
      windows: everyLayer(null, decoder.layers, decoder.context),
      biases: { ...noBiases, queryKeyValue: fields.flag('use_qkv_bias', false) },
      parallel: fields.flag('use_parallel_residual', false) && 'shared',
    };
  },
};
