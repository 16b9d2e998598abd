/** Llama (Touvron et al., arXiv 2302.13971; rope scaling of Llama 3.1), as transformers' LlamaForCausalLM. */
import { everyLayer, onlyFullAttention } from './attention';
import type { FamilyReader } from './family-reader';
import { readGatedDecoder } from './gated-decoder';

export const llama: FamilyReader = {
  architecture: 'LlamaForCausalLM',
  read(fields) {
    const decoder = readGatedDecoder(fields, { context: 2048 });
    const attentionBias = fields.flag('attention_bias', false);
    onlyFullAttention(fields);
    return {
      ...decoder,
      windows: everyLayer(null, decoder.layers, decoder.context),
      normedHeads: false,
      biases: { queryKeyValue: attentionBias, output: attentionBias, feedForward: fields.flag('mlp_bias', false) },
    };
  },
};
