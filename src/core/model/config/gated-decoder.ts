/** What Llama and its relatives share: RMS norms, rotary grouped-query attention, SwiGLU, one after the other. */
import type { ConfigFields } from './fields';
import { readHeads } from './attention';
import { limits } from './limits';
import type { ModelConfig } from './model-config';
import { readRotary } from './rotary';

interface GatedDefaults {
  context: number;
  kvHeads?: number;
  headSize?: number;
}

/** All but what a family decides by itself. */
export function readGatedDecoder(
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
  fields.only('attention_dropout', 0);
  fields.only('pretraining_tp', 1);
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
