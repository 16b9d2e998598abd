/**
 * What the architectures of GGUF files share: the names of modules and keys, which are those of convert_hf_to_gguf, and the settings of
 * decoders with rotary positions and a gate. Each architecture's own are in gguf-families.ts.
 */
import type { ModelConfig } from '../../../src/core/model/config';
import type { LayerNames } from '../../../src/core/model/names';
import { StudioError } from '../../../src/core/errors';
import type { GgufFile, GgufMetadata } from '../checkpoint/gguf';
import type { GgufEntry } from '../checkpoint/gguf-write';
import { readScaling, scalingEntries, shortest } from './gguf-rope';

export interface Architecture {
  /** `general.architecture` */
  name: string;
  /** The rotary embedding turns neighbours, where transformers turns halves: rows of queries and keys change places. */
  permuted: boolean;
  /** Tensors that hold several of a layer's maps, one after the other, by their name. */
  fused: Readonly<Record<string, readonly (keyof LayerNames)[]>>;
  /** Added to the weights of norms. */
  normOffset?: 1;
  /** Fields of config.json besides those that all families have. */
  read(file: GgufFile, keys: Keys): Promise<Record<string, unknown>> | Record<string, unknown>;
  /** @throws StudioError `gguf-unwritable` for what llama.cpp does not compute */
  write(config: ModelConfig): GgufEntry[];
}

/** Names of modules outside the layers, and of a layer's behind `blk.<number>.`. */
export const MODULES = { embedding: 'token_embd', positions: 'position_embd', finalNorm: 'output_norm', head: 'output' } as const;
export const QKV = 'attn_qkv';
export const ONE_QKV = { [QKV]: ['query', 'key', 'value'] } as const;
export const LAYER: Readonly<Record<keyof LayerNames, string>> = {
  attentionNorm: 'attn_norm',
  query: 'attn_q',
  key: 'attn_k',
  value: 'attn_v',
  queryNorm: 'attn_q_norm',
  keyNorm: 'attn_k_norm',
  output: 'attn_output',
  attentionPostNorm: 'post_attention_norm',
  feedForwardNorm: 'ffn_norm',
  gate: 'ffn_gate',
  up: 'ffn_up',
  down: 'ffn_down',
  feedForwardPostNorm: 'post_ffw_norm',
};
/** An architecture's own keys. */
export class Keys {
  constructor(
    readonly meta: GgufMetadata,
    private readonly architecture: string,
  ) {}
  of = (key: string): string => `${this.architecture}.${key}`;
  has = (key: string): boolean => this.meta.has(this.of(key));
  count = (key: string, absent?: number): number => this.meta.count(this.of(key), absent);
  flag = (key: string, absent: boolean): boolean => this.meta.flag(this.of(key), absent);
  /** A float32 as the shortest decimal number that it is nearest to: 1e-5, not 9.999999747378752e-6. */
  number = (key: string, absent?: number): number => shortest(this.meta.number(this.of(key), absent));
  refuse = (key: string, accepted: string): never => this.meta.refuse(this.of(key), accepted);
}

/** Whether the first layer has this tensor. */
export const hasTensor = ({ tensors }: GgufFile, name: string): boolean => tensors.has(`blk.0.${name}`);

interface GatedReading {
  /** Rotary positions may be on a part of each head: the field that says so. */
  partial?: string;
  /** The key of the norms' epsilon and its field; RMS norms if absent. */
  epsilon?: readonly [key: string, field: string];
  /** Keys of factors that the architecture has. */
  scales?: boolean;
}

/** Fields of config.json that decoders with rotary positions and a gate share. */
export async function readGated(file: GgufFile, keys: Keys, reading: GatedReading = {}): Promise<Record<string, unknown>> {
  // What other kinds of layers would need; llama.cpp reads it for these architectures too.
  for (const key of ['expert_count', 'attention.clamp_kqv', 'attention.max_alibi_bias']) keys.meta.only(keys.of(key), 0);
  if (!reading.scales) for (const key of SCALES) keys.meta.only(keys.of(key), 1);
  keys.meta.only(keys.of('attention.causal'), true);
  const heads = keys.count('attention.head_count');
  const hidden = keys.count('embedding_length');
  const headSize = keys.count('attention.key_length', hidden / heads);
  if (keys.count('attention.value_length', headSize) !== headSize) keys.refuse('attention.value_length', `${headSize}, as key_length`);
  const dimensions = keys.count('rope.dimension_count', headSize);
  if (!reading.partial && dimensions !== headSize) keys.refuse('rope.dimension_count', `${headSize}, the size of a head`);
  const context = keys.count('context_length');
  const theta = keys.number('rope.freq_base', 10_000);
  const scaling = await readScaling(file, keys, { theta, dimensions, context });
  const [key, field] = reading.epsilon ?? ['attention.layer_norm_rms_epsilon', 'rms_norm_eps'];
  return {
    hidden_act: 'silu',
    hidden_size: hidden,
    intermediate_size: keys.count('feed_forward_length'),
    num_hidden_layers: keys.count('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: keys.count('attention.head_count_kv', heads),
    head_dim: headSize,
    max_position_embeddings: context,
    [field]: keys.number(key),
    rope_theta: theta,
    ...(reading.partial ? { [reading.partial]: shareOf(dimensions, headSize) } : {}),
    ...(scaling ? { rope_scaling: scaling } : {}),
  };
}

/** Factors on the residual stream and the logits, which most architectures do not have. */
const SCALES = ['logit_scale', 'residual_scale', 'embedding_scale'] as const;

/** A share of the head size that gives these dimensions again when it is rounded down. */
export function shareOf(dimensions: number, headSize: number): number {
  const share = dimensions / headSize;
  return Math.floor(share * headSize) === dimensions ? share : (dimensions + 1e-6) / headSize;
}

interface GatedWriting {
  activation?: ModelConfig['activation'];
  /** Factor on the attention scores, which llama.cpp takes for granted. */
  attentionScale?: number;
}

/**
 * The same of a model that is written.
 * @throws StudioError `gguf-unwritable` for settings that llama.cpp does not have in such architectures
 */
export function writeGated(config: ModelConfig, writing: GatedWriting = {}): GgufEntry[] {
  const { positions, headSize, activation } = config;
  const { activation: own = 'swiglu', attentionScale = headSize ** -0.5 } = writing;
  if (positions.kind !== 'rotary') throw unwritable('position_embedding_type', positions.kind, 'rotary');
  if (activation !== own) throw unwritable('hidden_act', activation, own);
  refuseAttentionScales(config, attentionScale);
  const { theta, scaling, dimensions } = positions;
  const scaled = scalingEntries(scaling);
  if (scaled === null) throw unwritable('rope_scaling', scaling!.kind, 'null, linear, llama3, longrope');
  const epsilon = config.norm.kind === 'rms' ? 'attention.layer_norm_rms_epsilon' : 'attention.layer_norm_epsilon';
  return [
    ...commonEntries(config),
    ['attention.head_count_kv', 'u32', config.kvHeads],
    [epsilon, 'f32', config.norm.epsilon],
    ['attention.key_length', 'u32', headSize],
    ['attention.value_length', 'u32', headSize],
    ['rope.freq_base', 'f32', theta],
    ['rope.dimension_count', 'u32', dimensions],
    ...scaled,
    ['vocab_size', 'u32', config.vocabulary],
  ];
}

export const commonEntries = (config: ModelConfig): GgufEntry[] => [
  ['block_count', 'u32', config.layers],
  ['context_length', 'u32', config.context],
  ['embedding_length', 'u32', config.hidden],
  ['feed_forward_length', 'u32', config.feedForward],
  ['attention.head_count', 'u32', config.heads],
];

/** llama.cpp has one factor on the scores of all layers, and takes it for granted. */
export function refuseAttentionScales({ attentionScales, headSize }: ModelConfig, expected = headSize ** -0.5): void {
  const other = attentionScales.find((one) => Math.abs(one / expected - 1) > 1e-6);
  if (other !== undefined) throw unwritable('the factor on attention scores', other, String(expected));
}

/** llama.cpp sees the whole text in these architectures. */
export function refuseWindows({ windows }: ModelConfig): void {
  const window = windows.find((one) => one !== null);
  if (window != null) throw unwritable('sliding_window', window, 'null: llama.cpp knows no window in this architecture');
}

export function unwritable(field: string, value: string | number, accepted: string): StudioError {
  return new StudioError('gguf-unwritable', `No GGUF can be written: ${field} is ${value}; accepted: ${accepted}`, {
    field,
    value,
    accepted,
  });
}
