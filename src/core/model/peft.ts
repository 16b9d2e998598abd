/** adapter_config.json of PEFT: what it says of an adapter, and how a low-rank one of a run is written. */
import { StudioError } from '../errors';
import type { LoraMethod, SoftMethod } from '../recipe/schema';
import { adaptedModules, ALL_LINEAR, adapterScale, savedModules } from './adapter';
import type { ModelConfig } from './config';
import { namesOf } from './names';
import { softMethodOf } from './soft-prompt';

export const ADAPTER_CONFIG = 'adapter_config.json';
export const ADAPTER_WEIGHTS = 'adapter_model.safetensors';

/** The fields that decide about the scale of B (A x). */
interface ScaleFields {
  lora_alpha: number;
  use_rslora?: boolean;
  /** Pattern of module names → α of its own. */
  alpha_pattern?: Record<string, number>;
}

/** Fields with which an adapter is more than W + scale · B A, and the values by which they are off. */
const OFF: readonly (readonly [field: string, off: readonly unknown[], accepted: string])[] = [
  ['bias', ['none', null, undefined], '"none"'],
  ...['use_dora', 'lora_bias', 'use_qalora', 'use_bdlora'].map((field) => [field, [false, null, undefined], 'false'] as const),
  ...['alora_invocation_tokens', 'layer_replication', 'trainable_token_indices', 'target_parameters', 'arrow_config'].map(
    (field) => [field, [null, undefined], 'null'] as const,
  ),
  // Others change the base's weights before they train.
  ['init_lora_weights', [true, false, null, undefined, 'gaussian', 'eva', 'orthogonal'], 'true, false, "gaussian", "eva", "orthogonal"'],
];

export interface PeftAdapter {
  /** Name or path of the base, as the file has it; empty where it has none. */
  base: string;
  scaleOf: (module: string, rank: number) => number;
  /** Embeddings that it has whole hold for a tied head too. */
  ties: boolean;
  /** Of one that stands beside the base's weights instead of being added to them. */
  soft: SoftMethod | null;
}

/** @throws StudioError `json-invalid`, `config-unsupported` */
export function readPeftConfig(text: string): PeftAdapter {
  let fields: Record<string, unknown>;
  try {
    const parsed = JSON.parse(text) as unknown;
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new Error('it holds no object');
    fields = parsed as Record<string, unknown>;
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new StudioError('json-invalid', `${ADAPTER_CONFIG} is not readable JSON: ${detail}`, { file: ADAPTER_CONFIG, detail });
  }
  const refuse = (field: string, accepted: string): never => {
    const value = field in fields ? JSON.stringify(fields[field]) : '—';
    throw new StudioError('config-unsupported', `${ADAPTER_CONFIG}: ${field} is ${value}; accepted: ${accepted}`, {
      ...{ file: ADAPTER_CONFIG, field, value, accepted },
    });
  };
  const named = fields['base_model_name_or_path'];
  const base = typeof named === 'string' ? named : '';
  const soft = softMethodOf(fields, refuse);
  if (soft) return { base, scaleOf: () => 1, ties: false, soft };
  if (fields['peft_type'] !== 'LORA') refuse('peft_type', '"LORA", "PREFIX_TUNING", "PROMPT_TUNING", "ADAPTION_PROMPT"');
  for (const [field, off, accepted] of OFF) if (!off.includes(fields[field])) refuse(field, accepted);
  if (typeof fields['lora_alpha'] !== 'number') refuse('lora_alpha', 'number');
  for (const [pattern, alpha] of Object.entries((fields['alpha_pattern'] ?? {}) as Record<string, unknown>))
    if (typeof alpha !== 'number' || !isPattern(pattern)) refuse('alpha_pattern', '{ "pattern": number }');
  return {
    base,
    scaleOf: peftScale(fields as unknown as ScaleFields),
    ties: fields['ensure_weight_tying'] === true,
    soft: null,
  };
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

/** α / r, or α / √r, with the α of the first pattern that matches the end of a module's name. */
export function peftScale({ lora_alpha, use_rslora, alpha_pattern }: ScaleFields): PeftAdapter['scaleOf'] {
  const patterns = Object.entries(alpha_pattern ?? {}).map(([pattern, alpha]) => ({ ends: new RegExp(`^(.*\\.)?(${pattern})$`), alpha }));
  return (module, r) => {
    const alpha = patterns.find(({ ends }) => ends.test(module))?.alpha ?? lora_alpha;
    return adapterScale({ r, alpha, rankStabilised: use_rslora === true });
  };
}

/** Of an adapter that was trained by this method above `base`. */
export function peftConfig(config: ModelConfig, method: LoraMethod, base: string): Record<string, unknown> {
  const { file, embedding, head } = namesOf(config.architecture);
  const lastPart = (name: string) => name.slice(name.lastIndexOf('.') + 1);
  const names = adaptedModules(config, method).map(({ name }) => name);
  const all = adaptedModules(config, { targets: [ALL_LINEAR] }).map(({ name }) => name);
  // A short name where it means no other module.
  const targets = names.map((name) => {
    const short = lastPart(name);
    return all.filter((other) => lastPart(other) === short).every((other) => names.includes(other)) ? short : name;
  });
  const saved = savedModules(config, method).map((name) => name.replace(/\.weight$/, ''));
  const whole = config.tied && saved.length > 0 ? [embedding, head] : saved;
  return {
    peft_type: 'LORA',
    // PEFT has no name for masked language modelling; its plain class takes any model.
    task_type: config.encoder ? null : 'CAUSAL_LM',
    base_model_name_or_path: base,
    inference_mode: true,
    r: method.r,
    lora_alpha: method.alpha,
    lora_dropout: method.dropout,
    use_rslora: method.rankStabilised,
    target_modules: [...new Set(targets)],
    modules_to_save: whole.length > 0 ? whole.map(lastPart) : null,
    bias: 'none',
    fan_in_fan_out: file.transposed,
  };
}
