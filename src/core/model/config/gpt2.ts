/** GPT-2 (Radford et al., 2019), as transformers' GPT2LMHeadModel: learned positions, LayerNorm, GELU by tanh, biases throughout. */
import { everyLayer } from './attention';
import type { FamilyReader } from './family-reader';
import { limits } from './limits';

export const gpt2: FamilyReader = {
  architecture: 'GPT2LMHeadModel',
  read(fields) {
    const hidden = fields.count('n_embd', limits.hidden);
    const heads = fields.count('n_head', limits.heads);
    if (hidden % heads !== 0) fields.refuse('n_head', `a divisor of n_embd (${hidden})`);
    const context = fields.count('n_positions', limits.context, 1024);
    const layers = fields.count('n_layer', limits.layers);
    // Written by old versions, never read.
    fields.raw('n_ctx');
    fields.dropoutRates('resid_pdrop', 'embd_pdrop', 'attn_pdrop');
    fields.only('scale_attn_weights', true);
    fields.only('scale_attn_by_inverse_layer_idx', false);
    fields.only('reorder_and_upcast_attn', false);
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
