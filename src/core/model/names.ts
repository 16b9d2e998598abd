/**
 * What the parameters are called: the names of Hugging Face's modules, to which `.weight` and `.bias` are added. Where a file keeps
 * several of the decoder's maps in one tensor, each has the tensor's name with its own part behind it.
 */
import type { Family } from './config';

/** Before the names of the base's modules in a file of PEFT. */
export const PEFT_PREFIX = 'base_model.model.';

/** Modules of one layer. */
export interface LayerNames {
  /** Before attention. */
  attentionNorm: string;
  query: string;
  key: string;
  value: string;
  queryNorm: string;
  keyNorm: string;
  output: string;
  /** Of what attention adds. */
  attentionPostNorm: string;
  /** Before the feed-forward part. */
  feedForwardNorm: string;
  /** Of gated feed-forward parts alone. */
  gate: string;
  up: string;
  down: string;
  /** Of what the feed-forward part adds. */
  feedForwardPostNorm: string;
}

/** A tensor of a file that holds several of a layer's maps: one after the other, or head by head. */
interface Fused<Name> {
  name: Name;
  parts: readonly (keyof LayerNames)[];
  order: 'whole' | 'by-head';
}

interface Naming {
  /** Before every name but the head's; files of the bare decoder lack it. */
  prefix: string;
  embedding: string;
  /** Learned positions. */
  positions: string;
  /** Behind the last layer; of an encoder's head, without the prefix. */
  finalNorm: string;
  head: string;
  /** Of an encoder: segments and norm at the embedding; the head's map before its norm, and the module whose bias is the logits'. */
  encoder?: { tokenTypes: string; embeddingNorm: string; headMap: string; headBias: string };
  /** Before a layer's number. */
  layers: string;
  /** Empty where the family has none. */
  layer: LayerNames;
  file: {
    /** Linear weights are stored as [in, out]. */
    transposed: boolean;
    fused: readonly Fused<string>[];
  };
}

const QUERY_KEY_VALUE = ['query', 'key', 'value'] as const;

const gated: Naming = {
  prefix: 'model.',
  embedding: 'embed_tokens',
  positions: '',
  finalNorm: 'norm',
  head: 'lm_head',
  layers: 'layers',
  layer: {
    attentionNorm: 'input_layernorm',
    query: 'self_attn.q_proj',
    key: 'self_attn.k_proj',
    value: 'self_attn.v_proj',
    queryNorm: 'self_attn.q_norm',
    keyNorm: 'self_attn.k_norm',
    output: 'self_attn.o_proj',
    attentionPostNorm: '',
    feedForwardNorm: 'post_attention_layernorm',
    gate: 'mlp.gate_proj',
    up: 'mlp.up_proj',
    down: 'mlp.down_proj',
    feedForwardPostNorm: '',
  },
  file: { transposed: false, fused: [] },
};

const gpt2: Naming = {
  prefix: 'transformer.',
  embedding: 'wte',
  positions: 'wpe',
  finalNorm: 'ln_f',
  head: 'lm_head',
  layers: 'h',
  layer: {
    attentionNorm: 'ln_1',
    query: 'attn.c_attn.query',
    key: 'attn.c_attn.key',
    value: 'attn.c_attn.value',
    queryNorm: '',
    keyNorm: '',
    output: 'attn.c_proj',
    attentionPostNorm: '',
    feedForwardNorm: 'ln_2',
    gate: '',
    up: 'mlp.c_fc',
    down: 'mlp.c_proj',
    feedForwardPostNorm: '',
  },
  file: { transposed: true, fused: [{ name: 'attn.c_attn', parts: QUERY_KEY_VALUE, order: 'whole' }] },
};

const gptNeox: Naming = {
  prefix: 'gpt_neox.',
  embedding: 'embed_in',
  positions: '',
  finalNorm: 'final_layer_norm',
  head: 'embed_out',
  layers: 'layers',
  layer: {
    attentionNorm: 'input_layernorm',
    query: 'attention.query_key_value.query',
    key: 'attention.query_key_value.key',
    value: 'attention.query_key_value.value',
    queryNorm: '',
    keyNorm: '',
    output: 'attention.dense',
    attentionPostNorm: '',
    feedForwardNorm: 'post_attention_layernorm',
    gate: '',
    up: 'mlp.dense_h_to_4h',
    down: 'mlp.dense_4h_to_h',
    feedForwardPostNorm: '',
  },
  file: { transposed: false, fused: [{ name: 'attention.query_key_value', parts: QUERY_KEY_VALUE, order: 'by-head' }] },
};

const gptNeo: Naming = {
  ...gpt2,
  layer: {
    ...gpt2.layer,
    query: 'attn.attention.q_proj',
    key: 'attn.attention.k_proj',
    value: 'attn.attention.v_proj',
    output: 'attn.attention.out_proj',
  },
  file: { transposed: false, fused: [] },
};

const normedAfter = { attentionPostNorm: 'post_attention_layernorm', feedForwardPostNorm: 'post_feedforward_layernorm' };
const gemma: Naming = { ...gated, layer: { ...gated.layer, ...normedAfter, feedForwardNorm: 'pre_feedforward_layernorm' } };
const olmo2: Naming = { ...gated, layer: { ...gated.layer, ...normedAfter, attentionNorm: '', feedForwardNorm: '' } };

const phi3: Naming = {
  ...gated,
  layer: {
    ...gated.layer,
    query: 'self_attn.qkv_proj.query',
    key: 'self_attn.qkv_proj.key',
    value: 'self_attn.qkv_proj.value',
    gate: 'mlp.gate_up_proj.gate',
    up: 'mlp.gate_up_proj.up',
  },
  file: {
    transposed: false,
    fused: [
      { name: 'self_attn.qkv_proj', parts: QUERY_KEY_VALUE, order: 'whole' },
      { name: 'mlp.gate_up_proj', parts: ['gate', 'up'], order: 'whole' },
    ],
  },
};

const bert: Naming = {
  prefix: 'bert.',
  embedding: 'embeddings.word_embeddings',
  positions: 'embeddings.position_embeddings',
  finalNorm: 'cls.predictions.transform.LayerNorm',
  head: 'cls.predictions.decoder',
  encoder: {
    tokenTypes: 'embeddings.token_type_embeddings',
    embeddingNorm: 'embeddings.LayerNorm',
    headMap: 'cls.predictions.transform.dense',
    headBias: 'cls.predictions',
  },
  layers: 'encoder.layer',
  layer: {
    attentionNorm: '',
    query: 'attention.self.query',
    key: 'attention.self.key',
    value: 'attention.self.value',
    queryNorm: '',
    keyNorm: '',
    output: 'attention.output.dense',
    attentionPostNorm: 'attention.output.LayerNorm',
    feedForwardNorm: '',
    gate: '',
    up: 'intermediate.dense',
    down: 'output.dense',
    feedForwardPostNorm: 'output.LayerNorm',
  },
  file: { transposed: false, fused: [] },
};

const roberta: Naming = {
  ...bert,
  prefix: 'roberta.',
  finalNorm: 'lm_head.layer_norm',
  head: 'lm_head.decoder',
  encoder: { ...bert.encoder!, headMap: 'lm_head.dense', headBias: 'lm_head' },
};

const namings: Record<Family, Naming> = {
  llama: gated,
  mistral: gated,
  qwen2: gated,
  qwen3: gated,
  gpt2,
  gpt_neox: gptNeox,
  gpt_neo: gptNeo,
  gemma2: gemma,
  gemma3_text: gemma,
  olmo2,
  phi3,
  smollm3: gated,
  minicpm: gated,
  stablelm: gated,
  bert,
  roberta,
};

/** Names of a family's modules, and how its files keep their tensors. */
interface ModelNames {
  prefix: string;
  embedding: string;
  positions: string;
  finalNorm: string;
  head: string;
  /** Empty where the family is no encoder's. */
  tokenTypes: string;
  embeddingNorm: string;
  headMap: string;
  headBias: string;
  /** Modules that a text passes before the layers, and behind them. */
  below: readonly string[];
  above: readonly string[];
  /** What the names in a layer begin with, before its number. */
  layers: string;
  layer(index: number): LayerNames;
  /** As it says; a fused tensor's name is that of the module in layer `index`. */
  file: { transposed: boolean; fused: readonly Fused<(index: number) => string>[] };
}

export function namesOf(family: Family): ModelNames {
  const { prefix, embedding, positions, finalNorm, head, encoder, layers, layer, file } = namings[family];
  const inLayer = (index: number, name: string) => `${prefix}${layers}.${index}.${name}`;
  const tokenTypes = encoder ? prefix + encoder.tokenTypes : '';
  const embeddingNorm = encoder ? prefix + encoder.embeddingNorm : '';
  const { headMap, headBias } = encoder ?? { headMap: '', headBias: '' };
  const norm = encoder ? finalNorm : prefix + finalNorm;
  return {
    prefix,
    embedding: prefix + embedding,
    positions: prefix + positions,
    finalNorm: norm,
    head,
    ...{ tokenTypes, embeddingNorm, headMap, headBias },
    below: [prefix + embedding, prefix + positions, tokenTypes, embeddingNorm],
    above: [headMap, norm, headBias, head],
    layers: `${prefix}${layers}.`,
    layer: (index) =>
      Object.fromEntries(Object.entries(layer).map(([role, name]) => [role, inLayer(index, name as string)])) as unknown as LayerNames,
    file: {
      transposed: file.transposed,
      fused: file.fused.map(({ name, ...fused }) => ({ ...fused, name: (index) => inLayer(index, name) })),
    },
  };
}

/** Weights of token, position and segment embeddings, in any family. */
export const embeddingNames: ReadonlySet<string> = new Set(
  Object.values(namings).flatMap(({ prefix, embedding, positions, encoder }) =>
    [embedding, positions, ...(encoder ? [encoder.tokenTypes] : [])].map((name) => `${prefix}${name}.weight`),
  ),
);
