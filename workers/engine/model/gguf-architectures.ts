/**
 * How llama.cpp names families and their settings: for each architecture what of config.json its metadata says, and back. The keys are
 * those of convert_hf_to_gguf. A new family is an entry here beside its reader and its names.
 */
import type { Family, ModelConfig, RotaryScaling } from '../../../src/core/model/config';
import type { LayerNames } from '../../../src/core/model/names';
import { StudioError } from '../../../src/core/errors';
import type { GgufFile, GgufMetadata } from '../checkpoint/gguf';
import type { GgufEntry } from '../checkpoint/gguf-write';

interface Architecture {
  /** `general.architecture` */
  name: string;
  /** The rotary embedding turns neighbours, where transformers turns halves: rows of queries and keys change places. */
  permuted: boolean;
  /** Queries, keys and values lie in one tensor, one after the other. */
  fused: boolean;
  /** Fields of config.json besides those that all families have. */
  read(file: GgufFile, keys: Keys): Promise<Record<string, unknown>> | Record<string, unknown>;
  /** @throws StudioError `gguf-unwritable` for what llama.cpp does not compute */
  write(config: ModelConfig): GgufEntry[];
}

/** Names of modules outside the layers, and of a layer's behind `blk.<number>.`. */
export const MODULES = { embedding: 'token_embd', positions: 'position_embd', finalNorm: 'output_norm', head: 'output' } as const;
export const QKV = 'attn_qkv';
export const LAYER: Readonly<Record<keyof LayerNames, string>> = {
  attentionNorm: 'attn_norm',
  query: 'attn_q',
  key: 'attn_k',
  value: 'attn_v',
  queryNorm: 'attn_q_norm',
  keyNorm: 'attn_k_norm',
  output: 'attn_output',
  feedForwardNorm: 'ffn_norm',
  gate: 'ffn_gate',
  up: 'ffn_up',
  down: 'ffn_down',
};
/** Factors of the rotary frequencies of Llama 3.1, of which there is no key in the metadata. */
export const ROPE_FACTORS = 'rope_freqs.weight';

/** An architecture's own keys. */
class Keys {
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

function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits += 1) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === Math.fround(value)) return rounded;
  }
  return value;
}

const hasTensor = ({ tensors }: GgufFile, name: string): boolean => tensors.has(`blk.0.${name}`);

/** Llama, Mistral and Qwen. */
async function readGated(file: GgufFile, keys: Keys): Promise<Record<string, unknown>> {
  // What other kinds of layers would need; llama.cpp reads it for these architectures too.
  for (const key of ['expert_count', 'attention.clamp_kqv', 'attention.max_alibi_bias']) keys.meta.only(keys.of(key), 0);
  for (const key of ['logit_scale', 'residual_scale', 'embedding_scale']) keys.meta.only(keys.of(key), 1);
  keys.meta.only(keys.of('attention.causal'), true);
  const heads = keys.count('attention.head_count');
  const hidden = keys.count('embedding_length');
  const headSize = keys.count('attention.key_length', hidden / heads);
  for (const key of ['attention.value_length', 'rope.dimension_count'])
    if (keys.count(key, headSize) !== headSize) keys.refuse(key, `${headSize}, the size of a head`);
  const context = keys.count('context_length');
  const theta = keys.number('rope.freq_base', 10_000);
  const scaling = await readScaling(file, keys, theta, headSize, context);
  return {
    hidden_act: 'silu',
    hidden_size: hidden,
    intermediate_size: keys.count('feed_forward_length'),
    num_hidden_layers: keys.count('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: keys.count('attention.head_count_kv', heads),
    head_dim: headSize,
    max_position_embeddings: context,
    rms_norm_eps: keys.number('attention.layer_norm_rms_epsilon'),
    rope_theta: theta,
    ...(scaling ? { rope_scaling: scaling } : {}),
  };
}

async function readScaling(
  { tensors }: GgufFile,
  keys: Keys,
  theta: number,
  headSize: number,
  context: number,
): Promise<Record<string, unknown> | null> {
  const factors = await tensors.get(ROPE_FACTORS)?.read();
  if (factors) {
    const found = llama3Scaling(factors, theta, headSize);
    if (!found)
      throw unsupported(keys.meta.file, ROPE_FACTORS, `[${factors.slice(0, 4).join(', ')}, …]`, 'the factors of rope type llama3');
    const { factor, lowFrequency, highFrequency, originalContext } = found;
    return {
      rope_type: 'llama3',
      factor,
      low_freq_factor: lowFrequency,
      high_freq_factor: highFrequency,
      original_max_position_embeddings: originalContext,
    };
  }
  // The key of files before 2023-11.
  if (keys.has('rope.scale_linear')) return { rope_type: 'linear', factor: keys.number('rope.scale_linear') };
  const kind = keys.meta.text(keys.of('rope.scaling.type'), 'none');
  if (kind === 'none') return null;
  const original = keys.has('rope.scaling.original_context_length')
    ? { original_max_position_embeddings: keys.count('rope.scaling.original_context_length', context) }
    : {};
  return { rope_type: kind, factor: keys.number('rope.scaling.factor'), ...(kind === 'linear' ? {} : original) };
}

function unsupported(file: string, field: string, value: string, accepted: string): StudioError {
  return new StudioError('config-unsupported', `${file}: ${field} is ${value}; accepted: ${accepted}`, { file, field, value, accepted });
}

type Llama3 = Extract<RotaryScaling, { kind: 'llama3' }>;

/** By how much each frequency is divided, as convert_hf_to_gguf writes it. */
export function llama3Factors(
  { factor, lowFrequency, highFrequency, originalContext }: Llama3,
  theta: number,
  headSize: number,
): Float32Array {
  return Float32Array.from({ length: headSize / 2 }, (_, index) => {
    const wave = 2 * Math.PI * Math.fround(theta ** ((2 * index) / headSize));
    if (wave < originalContext / highFrequency) return 1;
    if (wave > originalContext / lowFrequency) return factor;
    const kept = (originalContext / wave - lowFrequency) / (highFrequency - lowFrequency);
    return 1 / ((1 - kept) / factor + kept);
  });
}

/**
 * The settings of rope type llama3 behind such factors; null where there are none. Between the short and the long waves 1/f is a
 * straight line over 1/wave, from whose slope and height both limits follow but for a common measure: a low limit of 1, or where that
 * gives no whole number of tokens, an original context of 8192. Of a line with one point on it the usual ratio of the limits is taken.
 */
export function llama3Scaling(factors: Float32Array, theta: number, headSize: number): Llama3 | null {
  if (factors.length !== headSize / 2) return null;
  const factor = factors.reduce((most, one) => Math.max(most, one), 1);
  if (factor === 1) return null;
  const between = [...factors].flatMap((one, index) => {
    if (one <= 1 || one >= factor) return [];
    const kept = (1 / one - 1 / factor) / (1 - 1 / factor);
    return [{ turns: 1 / (2 * Math.PI * theta ** ((2 * index) / headSize)), kept }];
  });
  const usual: Llama3 = { kind: 'llama3', factor: shortest(factor), lowFrequency: 1, highFrequency: 4, originalContext: 8192 };
  const candidates = [usual];
  const [first, last] = [between[0], between.at(-1)];
  if (first && last) {
    const slope = first === last ? (first.kept + 1 / 3) / first.turns : (first.kept - last.kept) / (first.turns - last.turns);
    const height = slope * first.turns - first.kept;
    const highFrequency = Math.round((1 + 1 / height) * 1000) / 1000;
    candidates.push({ ...usual, highFrequency, originalContext: Math.round(slope / height) });
    const width = usual.originalContext / slope;
    candidates.push({ ...usual, lowFrequency: height * width, highFrequency: (height + 1) * width });
  }
  const same = (candidate: Llama3) =>
    llama3Factors(candidate, theta, headSize).every((one, index) => Math.abs(one / factors[index]! - 1) < 1e-5);
  return candidates.find(same) ?? null;
}

function writeGated(config: ModelConfig): GgufEntry[] {
  const { positions, headSize } = config;
  if (positions.kind !== 'rotary') throw unwritable('position_embedding_type', positions.kind, 'rotary');
  const { theta, scaling, dimensions } = positions;
  return [
    ...commonEntries(config),
    ['attention.head_count_kv', 'u32', config.kvHeads],
    ['attention.layer_norm_rms_epsilon', 'f32', config.norm.epsilon],
    ['attention.key_length', 'u32', headSize],
    ['attention.value_length', 'u32', headSize],
    ['rope.freq_base', 'f32', theta],
    ['rope.dimension_count', 'u32', dimensions],
    ...(scaling?.kind === 'linear'
      ? ([
          ['rope.scaling.type', 'text', 'linear'],
          ['rope.scaling.factor', 'f32', scaling.factor],
        ] as const)
      : []),
    ['vocab_size', 'u32', config.vocabulary],
  ];
}

const commonEntries = (config: ModelConfig): GgufEntry[] => [
  ['block_count', 'u32', config.layers],
  ['context_length', 'u32', config.context],
  ['embedding_length', 'u32', config.hidden],
  ['feed_forward_length', 'u32', config.feedForward],
  ['attention.head_count', 'u32', config.heads],
];

/** llama.cpp sees the whole text in these architectures. */
function refuseWindows({ windows }: ModelConfig): void {
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

const llama: Architecture = {
  name: 'llama',
  permuted: true,
  fused: false,
  async read(file, keys) {
    const biased = hasTensor(file, 'attn_q.bias');
    const gated = await readGated(file, keys);
    const window = keys.count('attention.sliding_window', 0);
    // Mistral's models have Llama's architecture, and a window if any.
    if (window > 0) return { model_type: 'mistral', ...gated, sliding_window: window };
    return { model_type: 'llama', ...gated, attention_bias: biased, mlp_bias: hasTensor(file, 'ffn_up.bias') };
  },
  write(config) {
    refuseWindows(config);
    return writeGated(config);
  },
};

const qwen2: Architecture = {
  name: 'qwen2',
  permuted: false,
  fused: false,
  read: async (file, keys) => ({ model_type: 'qwen2', ...(await readGated(file, keys)) }),
  write: llama.write,
};

const qwen3: Architecture = {
  name: 'qwen3',
  permuted: false,
  fused: false,
  read: async (file, keys) => ({
    model_type: 'qwen3',
    ...(await readGated(file, keys)),
    attention_bias: hasTensor(file, 'attn_q.bias'),
  }),
  write(config) {
    if (config.biases.output) throw unwritable('attention_bias', 'true', 'false');
    return llama.write(config);
  },
};

const gpt2: Architecture = {
  name: 'gpt2',
  permuted: false,
  fused: true,
  read: (_, keys) => ({
    model_type: 'gpt2',
    activation_function: 'gelu_new',
    n_embd: keys.count('embedding_length'),
    n_layer: keys.count('block_count'),
    n_head: keys.count('attention.head_count'),
    n_positions: keys.count('context_length'),
    n_inner: keys.count('feed_forward_length'),
    layer_norm_epsilon: keys.number('attention.layer_norm_epsilon'),
  }),
  write(config) {
    if (config.activation !== 'gelu-tanh') throw unwritable('activation_function', config.activation, 'gelu_new');
    return [...commonEntries(config), ['attention.layer_norm_epsilon', 'f32', config.norm.epsilon]];
  },
};

const gptNeox: Architecture = {
  name: 'gptneox',
  permuted: false,
  fused: true,
  read(file, keys) {
    const hidden = keys.count('embedding_length');
    const heads = keys.count('attention.head_count');
    const headSize = hidden / heads;
    return {
      model_type: 'gpt_neox',
      hidden_act: 'gelu',
      hidden_size: hidden,
      intermediate_size: keys.count('feed_forward_length'),
      num_hidden_layers: keys.count('block_count'),
      num_attention_heads: heads,
      max_position_embeddings: keys.count('context_length'),
      layer_norm_eps: keys.number('attention.layer_norm_epsilon'),
      rotary_pct: shareOf(keys.count('rope.dimension_count', headSize), headSize),
      rotary_emb_base: keys.number('rope.freq_base', 10_000),
      use_parallel_residual: keys.flag('use_parallel_residual', true),
      attention_bias: hasTensor(file, `${QKV}.bias`),
    };
  },
  write(config) {
    const { positions } = config;
    if (positions.kind !== 'rotary' || positions.scaling !== null) throw unwritable('rope_scaling', 'set', 'null');
    return [
      ...commonEntries(config),
      ['attention.layer_norm_epsilon', 'f32', config.norm.epsilon],
      ['rope.dimension_count', 'u32', positions.dimensions],
      ['rope.freq_base', 'f32', positions.theta],
      ['use_parallel_residual', 'flag', config.parallel],
    ];
  },
};

/** A share of the head size that gives these dimensions again when it is rounded down. */
function shareOf(dimensions: number, headSize: number): number {
  const share = dimensions / headSize;
  return Math.floor(share * headSize) === dimensions ? share : (dimensions + 1e-6) / headSize;
}

export const architectures: Readonly<Record<Family, Architecture>> = { llama, mistral: llama, qwen2, qwen3, gpt2, gpt_neox: gptNeox };

const TOKENS = 'tokenizer.ggml.';

/**
 * config.json as transformers would write it for the model in the file.
 * @throws StudioError `config-unsupported` with the key of the metadata
 */
export async function configOfGguf(file: GgufFile): Promise<Record<string, unknown>> {
  const { metadata: meta, tensors } = file;
  const name = meta.text('general.architecture');
  const architecture = Object.values(architectures).find((one) => one.name === name);
  if (!architecture) {
    const known = new Set(Object.values(architectures).map((one) => one.name));
    return meta.refuse('general.architecture', [...known].join(', '));
  }
  if (meta.text('general.type', 'model') !== 'model') meta.refuse('general.type', 'model');
  const id = (token: string) => (meta.has(`${TOKENS}${token}_token_id`) ? meta.count(`${TOKENS}${token}_token_id`) : null);
  const embedding = tensors.get(`${MODULES.embedding}.weight`);
  return {
    ...(await architecture.read(file, new Keys(meta, name))),
    vocab_size: embedding?.shape[0] ?? meta.texts(`${TOKENS}tokens`).length,
    tie_word_embeddings: !tensors.has(`${MODULES.head}.weight`),
    bos_token_id: id('bos'),
    eos_token_id: id('eos'),
    pad_token_id: id('padding'),
    torch_dtype: { F16: 'float16', BF16: 'bfloat16' }[embedding?.type as string] ?? 'float32',
  };
}
