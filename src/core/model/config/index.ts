/** Hugging Face's config.json, checked: what this engine cannot compute exactly is refused by name. */
import { ConfigFields, limits } from './fields';
import type { FamilyReader } from './families';
import { gpt2, gptNeox, llama, mistral, qwen2, qwen3 } from './families';
import type { Family, ModelConfig } from './model-config';

export type { Family, ModelConfig, Positions, RotaryScaling } from './model-config';

const readers: Record<Family, FamilyReader> = { llama, mistral, qwen2, qwen3, gpt2, gpt_neox: gptNeox };

/**
 * @param file name for messages
 * @throws StudioError `config-unsupported` with field, value and what is accepted
 */
export function parseConfig(file: string, text: string): ModelConfig {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = text;
  }
  return readConfig(file, value);
}

/** The same of JSON that was parsed already. */
export function readConfig(file: string, value: unknown): ModelConfig {
  const fields = ConfigFields.of(file, value);
  const modelType = fields.raw('model_type');
  if (typeof modelType !== 'string' || !Object.hasOwn(readers, modelType))
    return fields.refuse('model_type', Object.keys(readers).join(', '));
  const family = modelType as Family;
  const reader = readers[family];
  const architectures = fields.raw('architectures');
  if (architectures !== null && !(Array.isArray(architectures) && architectures.length === 1 && architectures[0] === reader.architecture))
    fields.refuse('architectures', reader.architecture);
  // What would make any family another model.
  fields.only('is_encoder_decoder', false);
  fields.only('add_cross_attention', false);
  const pruned = fields.raw('pruned_heads');
  if (pruned !== null && JSON.stringify(pruned) !== '{}') fields.refuse('pruned_heads', '{}');
  const config: ModelConfig = {
    architecture: family,
    vocabulary: fields.count('vocab_size', limits.vocabulary),
    ...reader.read(fields),
    endOfText: readEndOfText(fields),
  };
  fields.finish();
  return config;
}

function readEndOfText(fields: ConfigFields): number[] {
  const value = fields.raw('eos_token_id') ?? [];
  const ids: unknown[] = Array.isArray(value) ? value : [value];
  if (!ids.every((id): id is number => Number.isSafeInteger(id))) return fields.refuse('eos_token_id', 'a token id, a list of them, null');
  return ids;
}
