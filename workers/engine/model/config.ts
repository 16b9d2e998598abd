/** Hugging Face's config.json, checked: what this engine cannot compute exactly is refused by name. */
import { z } from 'zod';
import { StudioError } from '../../../src/core/errors';

/** A Llama decoder. Sizes in the notation of the ops: D hidden, F feed-forward, V vocabulary, H heads, K key-value heads, h head size. */
export interface ModelConfig {
  architecture: 'llama';
  vocabulary: number;
  hidden: number;
  feedForward: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headSize: number;
  /** Longest sequence, in tokens. */
  context: number;
  normEpsilon: number;
  ropeTheta: number;
  /** The head shares the embedding's weight. */
  tied: boolean;
  /** End-of-text token ids. */
  endOfText: number[];
}

const count = (most: number) => z.number().int().min(1).max(most);

const schema = z.looseObject({
  vocab_size: count(2 ** 20),
  hidden_size: count(2 ** 16),
  intermediate_size: count(2 ** 18),
  num_hidden_layers: count(512),
  num_attention_heads: count(1024),
  num_key_value_heads: count(1024).nullish(),
  head_dim: count(4096).nullish(),
  max_position_embeddings: count(2 ** 24).default(2048),
  rms_norm_eps: z.number().positive().max(1).default(1e-6),
  rope_theta: z.number().positive().nullish(),
  rope_parameters: z.looseObject({ rope_theta: z.number().positive().optional() }).nullish(),
  tie_word_embeddings: z.boolean().default(false),
  eos_token_id: z.union([z.number().int(), z.array(z.number().int())]).nullish(),
});

/** Fields that change the arithmetic, with the only values it is right for; an absent or null field is right. */
const required: [field: string, accepted: (string | number | boolean)[]][] = [
  ['hidden_act', ['silu', 'swish']],
  ['attention_bias', [false]],
  ['mlp_bias', [false]],
  ['attention_dropout', [0]],
  ['pretraining_tp', [1]],
  ['partial_rotary_factor', [1]],
  ['use_sliding_window', [false]],
];
/** Fields that must be absent or null. */
const absent = ['sliding_window', 'quantization_config', 'attn_logit_softcapping', 'final_logit_softcapping', 'logit_scale'];

/**
 * @param file name for messages
 * @throws StudioError `config-unsupported` with field, value and what is accepted
 */
export function parseConfig(file: string, text: string): ModelConfig {
  const refuse = (field: string, value: unknown, accepted: string): never => {
    const shown = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
    throw new StudioError('config-unsupported', `${file}: ${field} is ${shown}; accepted: ${accepted}`, {
      file,
      field,
      value: shown,
      accepted,
    });
  };
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    return refuse('(whole file)', error instanceof Error ? error.message : 'not JSON', 'a JSON object');
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return refuse('(whole file)', raw, 'a JSON object');
  const fields = raw as Record<string, unknown>;
  if (fields['model_type'] !== 'llama') refuse('model_type', fields['model_type'], 'llama');
  const { architectures } = fields;
  if (architectures != null && !(Array.isArray(architectures) && architectures[0] === 'LlamaForCausalLM'))
    refuse('architectures', architectures, 'LlamaForCausalLM');
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], raw);
    return refuse(issue.path.join('.'), value, issue.message);
  }
  for (const [field, accepted] of required)
    if (fields[field] != null && !accepted.includes(fields[field] as string)) refuse(field, fields[field], accepted.join(', '));
  for (const field of absent) if (fields[field] != null) refuse(field, fields[field], 'null');
  if (Array.isArray(fields['layer_types']) && fields['layer_types'].some((kind) => kind !== 'full_attention'))
    refuse('layer_types', fields['layer_types'], 'full_attention');
  // transformers 4 writes rope_scaling and rope_theta, transformers 5 rope_parameters with both.
  for (const field of ['rope_scaling', 'rope_parameters']) {
    const rope = fields[field] as Record<string, unknown> | null | undefined;
    if (rope == null) continue;
    const kind = rope['rope_type'] ?? rope['type'] ?? 'default';
    if (kind !== 'default') refuse(field, rope, 'rope_type default');
    const partial = rope['partial_rotary_factor'];
    if (partial != null && partial !== 1) refuse(`${field}.partial_rotary_factor`, partial, '1');
  }

  const config = parsed.data;
  const heads = config.num_attention_heads;
  const kvHeads = config.num_key_value_heads ?? heads;
  if (heads % kvHeads !== 0) refuse('num_key_value_heads', kvHeads, `a divisor of num_attention_heads (${heads})`);
  const headSize = config.head_dim ?? config.hidden_size / heads;
  if (headSize % 2 !== 0) refuse('head_dim', headSize, 'an even whole number');
  const ends = config.eos_token_id ?? [];
  return {
    architecture: 'llama',
    vocabulary: config.vocab_size,
    hidden: config.hidden_size,
    feedForward: config.intermediate_size,
    layers: config.num_hidden_layers,
    heads,
    kvHeads,
    headSize,
    context: config.max_position_embeddings,
    normEpsilon: config.rms_norm_eps,
    ropeTheta: config.rope_parameters?.rope_theta ?? config.rope_theta ?? 10_000,
    tied: config.tie_word_embeddings,
    endOfText: typeof ends === 'number' ? [ends] : ends,
  };
}
