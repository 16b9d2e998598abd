/** Qwen3 (arXiv 2505.09388), as transformers' Qwen3ForCausalLM: Llama with an RMS norm over each head of queries and keys. */
import { readLayerWindows } from './attention';
import type { FamilyReader } from './family-reader';
import { readGatedDecoder } from './gated-decoder';

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
