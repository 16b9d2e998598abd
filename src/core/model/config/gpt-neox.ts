/**
 * GPT-NeoX (Black et al., arXiv 2204.06745) and Pythia (Biderman et al., 2304.01373), as transformers' GPTNeoXForCausalLM: rotary
 * positions on a part of each head, LayerNorm, attention and feed-forward side by side.
 */
import { everyLayer } from './attention';
import type { FamilyReader } from './family-reader';
import { limits } from './limits';
import { readRotary } from './rotary';

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
    fields.dropoutRates('hidden_dropout');
    fields.only('attention_dropout', 0);
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
