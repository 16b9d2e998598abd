/** Qwen2 and 2.5 (arXiv 2407.10671, 2412.15115), as transformers' Qwen2ForCausalLM: Llama with a bias on queries, keys and values. */
import { readLayerWindows } from './attention';
import type { FamilyReader } from './family-reader';
import { readGatedDecoder } from './gated-decoder';

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
