/** Facts of a model read from its config.json, which came from a file and is believed only field by field. */
import type { ModelRecord } from '../../workers/api';
import type { ModelShape } from './memory';

export interface ArchitectureFacts {
  family: string;
  parameters: number;
  layers: number | null;
  width: number | null;
  feedForward: number | null;
  heads: number | null;
  keyValueHeads: number | null;
  headWidth: number | null;
  vocabulary: number;
  context: number;
  /** null when the config does not say. */
  tiedHead: boolean | null;
  ropeTheta: number | null;
  activation: string | null;
}

export function architectureFacts(model: ModelRecord): ArchitectureFacts {
  const config = model.config;
  const width = whole(config['hidden_size']);
  const heads = whole(config['num_attention_heads']);
  return {
    family: model.architecture,
    parameters: model.parameters,
    layers: whole(config['num_hidden_layers']),
    width,
    feedForward: whole(config['intermediate_size']),
    heads,
    keyValueHeads: whole(config['num_key_value_heads']) ?? heads,
    headWidth: whole(config['head_dim']) ?? (width !== null && heads !== null ? width / heads : null),
    vocabulary: model.vocabulary,
    context: model.context,
    tiedHead: typeof config['tie_word_embeddings'] === 'boolean' ? config['tie_word_embeddings'] : null,
    ropeTheta: ropeTheta(config),
    activation: typeof config['hidden_act'] === 'string' ? config['hidden_act'] : null,
  };
}

/** The shape that the memory estimate needs, or null when the config lacks a part of it. */
export function modelShape(facts: ArchitectureFacts): ModelShape | null {
  const { parameters, layers, width, feedForward, heads, keyValueHeads, headWidth, vocabulary } = facts;
  if (layers === null || width === null || feedForward === null || heads === null || keyValueHeads === null || headWidth === null)
    return null;
  return { parameters, layers, width, feedForward, heads, keyValueHeads, headWidth, vocabulary };
}

function whole(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** transformers 5 keeps it under `rope_parameters`, earlier versions at the top. */
function ropeTheta(config: Record<string, unknown>): number | null {
  const nested = config['rope_parameters'];
  const value =
    config['rope_theta'] ?? (typeof nested === 'object' && nested !== null && 'rope_theta' in nested ? nested.rope_theta : null);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
