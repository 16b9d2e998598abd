/** What Llama and the families after it share, as it is read from config.json, with what each may set otherwise. */
import { longestText, readHeads, readRotary, type RotaryDefaults } from './attention';
import { limits, type ConfigFields } from './fields';
import { plain, type ModelConfig, type Positions } from './model-config';

/** All of a config but what every family says alike. */
export type Read = Omit<ModelConfig, 'architecture' | 'vocabulary' | 'endOfText'>;

/** How one family's config.json is read. */
export interface FamilyReader {
  /** The class in `architectures`. */
  architecture: string;
  /** Everything but what all families share. Asks for every field of the family that changes the arithmetic. */
  read(fields: ConfigFields): Read;
}

/** What transformers takes for absent fields, and where a family has its own. */
export interface GatedDefaults {
  context: number;
  kvHeads?: number;
  headSize?: number;
  /** LayerNorm instead of RMS norms. */
  norm?: 'layer';
  epsilon?: number;
  tied?: boolean;
  /** Of the hidden activation: its field, and what stands for absent. */
  activation?: [field: string, absent: string];
  rotary?: Omit<RotaryDefaults, 'headSize' | 'context'>;
  /** Reads the positions instead of `readRotary`. */
  positions?: (given: RotaryDefaults) => Positions;
}

const GATED_ACTIVATIONS = {
  silu: 'swiglu',
  swish: 'swiglu',
  gelu: 'geglu',
  gelu_new: 'geglu-tanh',
  gelu_pytorch_tanh: 'geglu-tanh',
} as const;

export const noBiases = { queryKeyValue: false, output: false, feedForward: false };

/**
 * What Llama and those after it share: RMS norms, rotary positions, grouped-query attention and then a gated feed-forward part. Windows,
 * biases, norms of heads and factors are each family's own.
 */
export function readGatedDecoder(fields: ConfigFields, defaults: GatedDefaults): Omit<Read, 'windows' | 'biases'> {
  const hidden = fields.count('hidden_size', limits.hidden);
  const context = fields.count('max_position_embeddings', limits.context, defaults.context);
  const layers = fields.count('num_hidden_layers', limits.layers);
  const heads = readHeads(fields, {
    hidden,
    ...(defaults.kvHeads === undefined ? {} : { absent: defaults.kvHeads }),
    ...(defaults.headSize === undefined ? {} : { headSize: defaults.headSize }),
  });
  fields.dropoutRates('attention_dropout');
  const [activation, absent] = defaults.activation ?? ['hidden_act', 'silu'];
  const given = { headSize: heads.headSize, context, ...defaults.rotary };
  const positions = defaults.positions?.(given) ?? readRotary(fields, given);
  return {
    ...plain,
    hidden,
    feedForward: fields.count('intermediate_size', limits.feedForward),
    layers,
    ...heads,
    context: longestText(context, positions),
    positions,
    norm:
      defaults.norm === 'layer'
        ? { kind: 'layer', epsilon: fields.positive('layer_norm_eps', 1e-5), offset: 0 }
        : { kind: 'rms', epsilon: fields.positive('rms_norm_eps', defaults.epsilon ?? 1e-6), offset: 0 },
    activation: fields.choice(activation, absent, GATED_ACTIVATIONS),
    attentionScales: everyScale(layers, heads.headSize ** -0.5),
    tied: fields.flag('tie_word_embeddings', defaults.tied ?? false),
  };
}

export const everyScale = (layers: number, scale: number): number[] => new Array<number>(layers).fill(scale);
