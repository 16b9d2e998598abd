/**
 * What is learnt beside frozen weights as if it were text: keys and values before those of the text in every layer (prefix tuning, Li and
 * Liang, arXiv 2101.00190), embeddings before those of the text (prompt tuning, Lester et al., arXiv 2104.08691), or prompts that the top
 * layers attend to through a gate that begins at 0 (LLaMA-Adapter, Zhang et al., arXiv 2303.16199). Shapes, faults and PEFT's files of them.
 */
import { StudioError } from '../errors';
import type { Method, SoftMethod } from '../recipe/schema';
import type { Family, ModelConfig } from './config';
import { namesOf, PEFT_PREFIX } from './names';

/** Families that PEFT's adaption prompts know. */
const ADAPTION_FAMILIES: readonly Family[] = ['llama', 'mistral', 'gpt2'];

/** In PEFT's file, of prefix and prompt tuning. */
const EMBEDDINGS = 'prompt_embeddings';

interface SoftParameter {
  name: string;
  shape: readonly number[];
}

/** A tensor of PEFT's file: [tokens, Σ width of its parameters] side by side, or one parameter as it is. */
interface SoftTensor {
  name: string;
  shape: readonly number[];
  parameters: readonly SoftParameter[];
}

export function isSoft(method: Method | undefined): method is SoftMethod {
  return method?.kind === 'prefix' || method?.kind === 'prompt' || method?.kind === 'llama-adapter';
}

/** It is no part of any weight: merges and files of whole models cannot hold it. */
export function unmergeable({ kind }: SoftMethod): StudioError {
  const message = `What the method ${kind} learns is no part of any weight; export it in PEFT's format and load it above its base`;
  return new StudioError('model-unmergeable', message, { method: kind });
}

/** Positions that it takes before the first token of a text. */
export const leadingTokens = (method: Method | undefined): number =>
  method?.kind === 'prefix' || method?.kind === 'prompt' ? method.tokens : 0;

/** Names of a layer's own part: they begin as the names of that layer's modules do. */
export const prefixNames = ({ architecture }: ModelConfig, layer: number): { key: string; value: string } => {
  const { key, value } = namesOf(architecture).layer(layer);
  return { key: `${key}.prefix`, value: `${value}.prefix` };
};

export const adaptionNames = ({ architecture }: ModelConfig, layer: number): { prompt: string; gate: string } => {
  const { output } = namesOf(architecture).layer(layer);
  return { prompt: `${output}.adaption_prompt`, gate: `${output}.adaption_gate` };
};

export const PROMPT = 'soft_prompt';

/** The lowest layer that has adaption prompts. */
const firstAdapted = ({ layers }: ModelConfig, { adapterLayers }: { adapterLayers: number }): number => layers - adapterLayers;

const layersFrom = (first: number, { layers }: ModelConfig): number[] =>
  Array.from({ length: Math.max(0, layers - first) }, (_, at) => first + at);

/** The tensors of PEFT's file, with the parameters that they are made of. */
export function softTensors(config: ModelConfig, method: SoftMethod): SoftTensor[] {
  const { hidden, kvHeads, headSize } = config;
  const { tokens } = method;
  const whole = (name: string, shape: readonly number[], parameters: readonly SoftParameter[]): SoftTensor => ({ name, shape, parameters });
  switch (method.kind) {
    case 'prefix': {
      const width = kvHeads * headSize;
      const parameters = layersFrom(0, config).flatMap((layer) =>
        Object.values(prefixNames(config, layer)).map((name) => ({ name, shape: [tokens, width] })),
      );
      return [whole(EMBEDDINGS, [tokens, parameters.length * width], parameters)];
    }
    case 'prompt':
      return [whole(EMBEDDINGS, [tokens, hidden], [{ name: PROMPT, shape: [tokens, hidden] }])];
    case 'llama-adapter':
      return layersFrom(firstAdapted(config, method), config).flatMap((layer) => {
        const { output } = namesOf(config.architecture).layer(layer);
        const attention = PEFT_PREFIX + output.slice(0, output.lastIndexOf('.'));
        const { prompt, gate } = adaptionNames(config, layer);
        return [
          whole(`${attention}.adaption_prompt`, [1, tokens, hidden], [{ name: prompt, shape: [tokens, hidden] }]),
          whole(`${attention}.adaption_gate`, [1], [{ name: gate, shape: [1] }]),
        ];
      });
  }
}

const sizeOf = ({ shape }: { shape: readonly number[] }): number => shape.reduce((product, side) => product * side, 1);

/** Number of weights that are trained. */
export const softCount = (config: ModelConfig, method: SoftMethod): number =>
  softTensors(config, method).reduce((sum, tensor) => sum + sizeOf(tensor), 0);

/** The lowest layer that a gradient passes through. */
export const lowestSoftLayer = (config: ModelConfig, method: SoftMethod): number =>
  method.kind === 'llama-adapter' ? Math.max(0, firstAdapted(config, method)) : 0;

/** What of it does not go with a model. @param rows tokens of a row of text, which stand behind the virtual ones */
export function softFault(
  config: ModelConfig,
  method: SoftMethod,
  rows: number,
): { field: string; value: string; accepted: string } | null {
  const fault = (field: string, value: string | number, accepted: string) => ({ field: `method.${field}`, value: String(value), accepted });
  if (config.encoder) return fault('kind', `${method.kind} (${config.architecture})`, 'lora, partial');
  if (method.kind !== 'llama-adapter') {
    const room = config.context - rows;
    return method.tokens <= room ? null : fault('tokens', method.tokens, `1 … ${room} (context ${config.context} − ${rows})`);
  }
  const { architecture, layers, heads, headSize, hidden } = config;
  if (!ADAPTION_FAMILIES.includes(architecture)) return fault('kind', `llama-adapter (${architecture})`, ADAPTION_FAMILIES.join(', '));
  // PEFT finds the number of key-value heads by the ratio of the maps' sides.
  if (heads * headSize !== hidden) return fault('kind', `llama-adapter (${heads} × ${headSize})`, `heads × head_dim = ${hidden}`);
  return method.adapterLayers <= layers ? null : fault('adapterLayers', method.adapterLayers, `1 … ${layers}`);
}

/** adapter_config.json of PEFT, of one that was trained by this method above `base`. */
export function softPeftConfig(config: ModelConfig, method: SoftMethod, base: string): Record<string, unknown> {
  const { hidden, heads, kvHeads, headSize, layers, architecture } = config;
  const common = { task_type: 'CAUSAL_LM', base_model_name_or_path: base, inference_mode: true };
  if (method.kind === 'llama-adapter') {
    const target_modules = architecture === 'gpt2' ? 'attn' : 'self_attn';
    return { peft_type: 'ADAPTION_PROMPT', ...common, target_modules, adapter_len: method.tokens, adapter_layers: method.adapterLayers };
  }
  const shape = { num_virtual_tokens: method.tokens, num_transformer_submodules: 1, num_layers: layers };
  if (method.kind === 'prompt')
    // RANDOM, whatever it began with: PEFT would look for a tokenizer else.
    return { peft_type: 'PROMPT_TUNING', ...common, ...shape, token_dim: hidden, num_attention_heads: heads, prompt_tuning_init: 'RANDOM' };
  const width = kvHeads * headSize;
  const prefix = { token_dim: width, num_attention_heads: kvHeads, encoder_hidden_size: width, prefix_projection: false };
  return { peft_type: 'PREFIX_TUNING', ...common, ...shape, ...prefix };
}

/**
 * The method that made an adapter, from the fields of its adapter_config.json; null for other types. What it began with is not asked: its values
 * are there. Of a prefix with a projection PEFT's file has what the projection made.
 * @param refuse a field, with what would be accepted
 */
export function softMethodOf(fields: Record<string, unknown>, refuse: (field: string, accepted: string) => never): SoftMethod | null {
  const count = (field: string): number => {
    const value = fields[field];
    return typeof value === 'number' && Number.isInteger(value) && value >= 1 ? value : refuse(field, '1, 2, …');
  };
  const off = (field: string, accepted: readonly unknown[]) =>
    [null, undefined, ...accepted].includes(fields[field]) || refuse(field, ['null', ...accepted].join(', '));
  switch (fields['peft_type']) {
    case 'PREFIX_TUNING':
    case 'PROMPT_TUNING':
      off('modules_to_save', []);
      off('num_transformer_submodules', [1]);
      return fields['peft_type'] === 'PREFIX_TUNING'
        ? { kind: 'prefix', tokens: count('num_virtual_tokens'), init: 'random' }
        : { kind: 'prompt', tokens: count('num_virtual_tokens'), init: 'random' };
    case 'ADAPTION_PROMPT':
      off('modules_to_save', []);
      off('target_modules', ['self_attn', 'attn']);
      return { kind: 'llama-adapter', tokens: count('adapter_len'), adapterLayers: count('adapter_layers') };
    default:
      return null;
  }
}

/** The tokens whose embeddings a soft prompt begins as: those of the text over and over, up to its length, as in PEFT. */
export function repeatedTokens(text: readonly number[], tokens: number): number[] {
  return Array.from({ length: tokens }, (_, at) => text[at % text.length]!);
}
