/** Hugging Face's config.json, checked: what this engine cannot compute exactly is refused by name. */
import { StudioError } from '../../errors';
import { bookkeeping } from './bookkeeping';
import { ConfigFields, limits } from './fields';
import type { FamilyReader } from './gated-decoder';
import { gemma2, gemma3Text, llama, minicpm, mistral, olmo2, phi3, qwen2, qwen3, smollm3, stablelm } from './families';
import { bert, gpt2, gptNeo, gptNeox, roberta } from './gpt-families';
import type { ModelNotice } from '../notices';
import type { Family, ModelConfig } from './model-config';

export { editConfig } from './fields';
export { plain } from './model-config';
export type { Family, ModelConfig, Rotary, RotaryScaling } from './model-config';

const readers: Record<Family, FamilyReader> = {
  llama,
  mistral,
  qwen2,
  qwen3,
  olmo2,
  smollm3,
  phi3,
  gemma2,
  gemma3_text: gemma3Text,
  minicpm,
  stablelm,
  gpt2,
  gpt_neo: gptNeo,
  gpt_neox: gptNeox,
  bert,
  roberta,
};

/** Parts of the names of families that are not read, and the nearest that is; the first found counts, and Llama where none is. */
const NEAREST: readonly (readonly [part: string, nearest: Family])[] = [
  ['gemma3', 'gemma3_text'],
  ['gemma', 'gemma2'],
  ['qwen3', 'qwen3'],
  ['qwen', 'qwen2'],
  ['olmo', 'olmo2'],
  ['phi', 'phi3'],
  ['smol', 'smollm3'],
  ['minicpm', 'minicpm'],
  ['granite', 'minicpm'],
  ['stablelm', 'stablelm'],
  ['mistral', 'mistral'],
  ['mixtral', 'mistral'],
  ['neox', 'gpt_neox'],
  ['gptj', 'gpt_neox'],
  ['codegen', 'gpt_neox'],
  ['falcon', 'gpt_neox'],
  ['roberta', 'roberta'],
  ['camembert', 'roberta'],
  ['electra', 'bert'],
  ['bert', 'bert'],
  ['gpt', 'gpt2'],
  ['opt', 'gpt2'],
  ['bloom', 'gpt2'],
  ['mpt', 'gpt2'],
];

function familyUnsupported(file: string, value: string): StudioError {
  const nearest = NEAREST.find(([part]) => value.includes(part))?.[1] ?? 'llama';
  const accepted = Object.keys(readers).join(', ');
  const family = value.slice(0, 80);
  return new StudioError('family-unsupported', `${file}: model_type is ${family}; nearest: ${nearest}; accepted: ${accepted}`, {
    file,
    field: 'model_type',
    value: family,
    nearest,
    accepted,
  });
}

/**
 * @param file name for messages
 * @param notices gets what the file says and the engine need not follow
 * @throws StudioError `config-unsupported` with field, value and what is accepted; `family-unsupported` with the nearest family too
 */
export function parseConfig(file: string, text: string, notices: ModelNotice[] = []): ModelConfig {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = text;
  }
  const read: ModelNotice[] = [];
  const config = readConfig(file, value, read);
  for (const notice of read) {
    const fields = notice.kind === 'unknown-fields' ? notice.fields.filter((field) => !bookkeeping.has(field)) : null;
    if (fields === null) notices.push(notice);
    else if (fields.length > 0) notices.push({ kind: 'unknown-fields', fields });
  }
  return config;
}

/**
 * The same of JSON that was parsed already, for pages: without the list of what is bookkeeping, which would weigh on them.
 * @param notices gets the notices, bookkeeping among the unknown fields
 */
export function readConfig(file: string, value: unknown, notices: ModelNotice[] = []): ModelConfig {
  const fields = ConfigFields.of(file, value);
  const modelType = fields.raw('model_type');
  if (typeof modelType !== 'string') return fields.refuse('model_type', Object.keys(readers).join(', '));
  if (!Object.hasOwn(readers, modelType)) throw familyUnsupported(file, modelType);
  const family = modelType as Family;
  const reader = readers[family];
  const architecture = readArchitecture(fields, reader.architecture);
  // What would make any family another model: read by transformers' shared code for masks, caches and layers.
  fields.only('is_encoder_decoder', false);
  fields.only('add_cross_attention', false);
  fields.only('is_causal', true);
  fields.absent('attention_chunk_size', 'per_layer_config', 'kv_sharing_modes');
  const pruned = fields.raw('pruned_heads');
  if (pruned !== null && JSON.stringify(pruned) !== '{}') fields.refuse('pruned_heads', '{}');
  const quantization = fields.inner('quantization_config');
  const config: ModelConfig = {
    architecture: family,
    vocabulary: fields.count('vocab_size', limits.vocabulary),
    ...reader.read(fields),
    endOfText: readEndOfText(fields),
  };
  fields.finish();
  if (architecture !== null) notices.push({ kind: 'architecture', found: architecture, read: reader.architecture });
  // The tensors decide whether weights are quantised; merged QLoRA models keep this field beside float weights.
  if (quantization) notices.push({ kind: 'quantization-left', method: methodOf(quantization) });
  if (fields.unknown.length > 0) notices.push({ kind: 'unknown-fields', fields: fields.unknown });
  if (fields.dropout.length > 0) notices.push({ kind: 'dropout-rates', fields: fields.dropout });
  return config;
}

/** Classes of other tasks, whose weights are no language model's. */
const OTHER_TASK =
  /Classification|QuestionAnswering|MaskedLM|MultipleChoice|NextSentence|ConditionalGeneration|DoubleHeads|Encoder|Bidirectional|Reward|Regression|Embedding/i;

/** A decoder with a head of labels beside its own; an encoder's has a pooler besides. */
const isClassifier = (name: string, own: string): boolean => name.endsWith('ForSequenceClassification') && /CausalLM|LMHead/.test(own);

/** The class that `architectures` names where it is not `own`, else null: `model_type` decides what is computed. */
function readArchitecture(fields: ConfigFields, own: string): string | null {
  const value = fields.raw('architectures') ?? [];
  const names: unknown[] = Array.isArray(value) ? value : [value];
  if (
    !names.every((name): name is string => typeof name === 'string' && (name === own || isClassifier(name, own) || !OTHER_TASK.test(name)))
  )
    return fields.refuse('architectures', `${own}, or another name of a language model of its kind`);
  return names.find((name) => name !== own) ?? null;
}

function methodOf(quantization: ConfigFields): string {
  const method = quantization.raw('quant_method');
  return typeof method === 'string' ? method : '—';
}

function readEndOfText(fields: ConfigFields): number[] {
  const value = fields.raw('eos_token_id') ?? [];
  const ids: unknown[] = Array.isArray(value) ? value : [value];
  if (!ids.every((id): id is number => Number.isSafeInteger(id))) return fields.refuse('eos_token_id', 'a token id, a list of them, null');
  return ids;
}
