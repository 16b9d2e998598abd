/** Mistral (Jiang et al., arXiv 2310.06825), as transformers' MistralForCausalLM: Llama with a sliding window in every layer. */
import { everyLayer } from './attention';
import type { FamilyReader } from './family-reader';
import { readGatedDecoder } from './gated-decoder';

export const mistral: FamilyReader = {
  architecture: 'MistralForCausalLM',
  read(fields) {
    const decoder = readGatedDecoder(fields, { context: 131_072, kvHeads: 8 });
    // transformers takes a missing field for 4096, and null for no window.
    const all = fields.raw('sliding_window') === null && fields.has('sliding_window');
    return {
      ...decoder,
      windows: everyLayer(all ? null : fields.count('sliding_window', 2 ** 30, 4096), decoder.layers, decoder.context),
      normedHeads: false,
      biases: { queryKeyValue: false, output: false, feedForward: false },
    };
  },
};
