/**
 * GPT-2 and the families after it, and the encoders BERT and RoBERTa, as they are read from Hugging Face's config.json: what an absent field
 * stands for, what is refused.
 */
import { everyLayer, longestText, onlyFullAttention, readRotary } from './attention';
import { limits, type ConfigFields } from './fields';
import { everyScale, type FamilyReader, type Read } from './gated-decoder';
import { plain } from './model-config';

const GELUS = { gelu_new: 'gelu-tanh', gelu_pytorch_tanh: 'gelu-tanh', gelu: 'gelu' } as const;

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
    const scale = fields.flag('scale_attn_weights', true) ? (hidden / heads) ** -0.5 : 1;
    const byLayer = fields.flag('scale_attn_by_inverse_layer_idx', false);
    // Another order of the same products, for float16: in float32 the same.
    fields.flag('reorder_and_upcast_attn', false);
    return {
      ...plain,
      hidden,
      feedForward: fields.count('n_inner', limits.feedForward, 4 * hidden),
      layers,
      heads,
      kvHeads: heads,
      headSize: hidden / heads,
      context,
      positions: { kind: 'learned' },
      windows: everyLayer(null, layers, context),
      norm: { kind: 'layer', epsilon: fields.positive('layer_norm_epsilon', 1e-5), offset: 0 },
      activation: fields.choice('activation_function', 'gelu_new', GELUS),
      attentionScales: Array.from({ length: layers }, (_, layer) => (byLayer ? scale / (layer + 1) : scale)),
      biases: { queryKeyValue: true, output: true, feedForward: true },
      tied: fields.flag('tie_word_embeddings', true),
    };
  },
};

/** GPT-Neo (Black et al., 2021) and TinyStories (arXiv 2305.07759), as transformers' GPTNeoForCausalLM: GPT-2 without a score factor, with windows. */
export const gptNeo: FamilyReader = {
  architecture: 'GPTNeoForCausalLM',
  read(fields) {
    const hidden = fields.count('hidden_size', limits.hidden);
    const heads = countByName(fields, 'num_heads', 'num_attention_heads', limits.heads);
    if (hidden % heads !== 0) fields.refuse('num_heads', `a divisor of hidden_size (${hidden})`);
    const context = fields.count('max_position_embeddings', limits.context, 2048);
    const layers = countByName(fields, 'num_layers', 'num_hidden_layers', limits.layers);
    onlyFullAttention(fields, context);
    fields.dropoutRates('resid_dropout', 'embed_dropout', 'attention_dropout');
    const [window] = everyLayer(fields.count('window_size', 2 ** 30, 256), 1, context);
    return {
      ...plain,
      hidden,
      feedForward: fields.count('intermediate_size', limits.feedForward, 4 * hidden),
      layers,
      heads,
      kvHeads: heads,
      headSize: hidden / heads,
      context,
      positions: { kind: 'learned' },
      windows: readAttentionTypes(fields, layers).map((type) => (type === 'local' ? window! : null)),
      norm: { kind: 'layer', epsilon: fields.positive('layer_norm_epsilon', 1e-5), offset: 0 },
      activation: fields.choice('activation_function', 'gelu_new', GELUS),
      attentionScales: everyScale(layers, 1),
      biases: { queryKeyValue: false, output: true, feedForward: true },
      tied: fields.flag('tie_word_embeddings', true),
    };
  },
};

/** Of each layer: `attention_layers` has the whole list, `attention_types` patterns with how often they come; the former counts. */
function readAttentionTypes(fields: ConfigFields, layers: number): string[] {
  const known = (types: unknown[]): types is string[] =>
    types.length === layers && types.every((type) => type === 'global' || type === 'local');
  const patterns = fields.raw('attention_types') ?? [[['global', 'local'], 12]];
  const listed = fields.raw('attention_layers');
  if (listed !== null)
    return Array.isArray(listed) && known(listed) ? listed : fields.refuse('attention_layers', `a list of ${layers}, each global or local`);
  const types: unknown[] = [];
  for (const entry of Array.isArray(patterns) ? patterns : []) {
    const [pattern, times] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (!Array.isArray(pattern) || typeof times !== 'number' || !(Math.max(pattern.length, 1) * times <= layers)) break;
    for (let time = 0; time < times; time += 1) types.push(...(pattern as unknown[]));
  }
  const accepted = `patterns of global and local with how often each comes, for ${layers} layers in all`;
  return known(types) ? types : fields.refuse('attention_types', accepted);
}

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
    const partial = { field: 'rotary_pct', absent: 0.25 };
    const positions = readRotary(fields, { headSize, context, theta: 'rotary_emb_base', partial });
    return {
      ...plain,
      hidden,
      feedForward: fields.count('intermediate_size', limits.feedForward),
      layers,
      heads,
      kvHeads: heads,
      headSize,
      context: longestText(context, positions),
      positions,
      windows: everyLayer(null, layers, context),
      norm: { kind: 'layer', epsilon: fields.positive('layer_norm_eps', 1e-5), offset: 0 },
      activation: fields.choice('hidden_act', 'gelu', GELUS),
      attentionScales: everyScale(layers, headSize ** -0.5),
      biases: { queryKeyValue: attentionBias, output: attentionBias, feedForward: true },
      parallel: fields.flag('use_parallel_residual', true),
      tied: fields.flag('tie_word_embeddings', false),
    };
  },
};

/**
 * What BERT and RoBERTa share: an encoder with learned positions, whose norms are of the sums.
 * @param firstPosition rows of the table of positions before that of a text's first token
 */
function readEncoder(fields: ConfigFields, firstPosition: number): Read {
  const hidden = fields.count('hidden_size', limits.hidden, 768);
  const heads = fields.count('num_attention_heads', limits.heads, 12);
  if (hidden % heads !== 0) fields.refuse('num_attention_heads', `a divisor of hidden_size (${hidden})`);
  const layers = fields.count('num_hidden_layers', limits.layers, 12);
  const rows = fields.count('max_position_embeddings', limits.context, 512);
  const context = rows - firstPosition;
  if (context < 1) fields.refuse('max_position_embeddings', `a whole number above ${firstPosition}`);
  fields.dropoutRates('hidden_dropout_prob', 'attention_probs_dropout_prob');
  // Relative positions of older versions; a decoder's mask and caches; a head of its own, which transformers gives a second bias.
  fields.only('position_embedding_type', 'absolute');
  fields.only('is_decoder', false);
  fields.only('tie_word_embeddings', true);
  onlyFullAttention(fields, context);
  return {
    ...plain,
    hidden,
    feedForward: fields.count('intermediate_size', limits.feedForward, 3072),
    layers,
    heads,
    kvHeads: heads,
    headSize: hidden / heads,
    context,
    positions: { kind: 'learned' },
    windows: everyLayer(null, layers, context),
    norm: { kind: 'layer', epsilon: fields.positive('layer_norm_eps', 1e-12), offset: 0 },
    normPlacement: 'sum',
    activation: fields.choice('hidden_act', 'gelu', GELUS),
    attentionScales: everyScale(layers, (hidden / heads) ** -0.5),
    biases: { queryKeyValue: true, output: true, feedForward: true },
    tied: true,
    encoder: { tokenTypes: fields.count('type_vocab_size', limits.vocabulary, 2), firstPosition },
  };
}

/** BERT (Devlin et al., arXiv 1810.04805), as transformers' BertForMaskedLM. */
export const bert: FamilyReader = {
  architecture: 'BertForMaskedLM',
  read: (fields) => readEncoder(fields, 0),
};

/** RoBERTa (Liu et al., arXiv 1907.11692), as transformers' RobertaForMaskedLM: BERT whose positions begin behind that of padding. */
export const roberta: FamilyReader = {
  architecture: 'RobertaForMaskedLM',
  read(fields) {
    const padding: unknown = fields.raw('pad_token_id') ?? 1;
    if (!Number.isSafeInteger(padding) || (padding as number) < 0) return fields.refuse('pad_token_id', 'a token id, null');
    return readEncoder(fields, (padding as number) + 1);
  },
};
