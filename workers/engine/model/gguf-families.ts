/**
 * How llama.cpp names families and their settings: for each architecture what of config.json its metadata says, and back. A new family is
 * an entry here beside its reader and its names.
 */
import type { Family, ModelConfig } from '../../../src/core/model/config';
import { limits } from '../../../src/core/model/config/fields';
import type { GgufFile, GgufTensor } from '../checkpoint/gguf';
import type { GgufEntry } from '../checkpoint/gguf-write';
import {
  commonEntries,
  hasTensor,
  Keys,
  MODULES,
  ONE_QKV,
  QKV,
  readGated,
  refuseAttentionScales,
  refuseWindows,
  shareOf,
  unwritable,
  writeGated,
  type Architecture,
} from './gguf-architectures';
import { shortestFor } from './gguf-rope';

const llama: Architecture = {
  name: 'llama',
  permuted: true,
  fused: {},
  async read(file, keys) {
    const gated = await readGated(file, keys);
    const window = keys.count('attention.sliding_window', 0);
    // Mistral's models have Llama's architecture, and a window if any.
    if (window > 0) return { model_type: 'mistral', ...gated, sliding_window: window };
    const biases = { attention_bias: hasTensor(file, 'attn_q.bias'), mlp_bias: hasTensor(file, 'ffn_up.bias') };
    return { model_type: 'llama', ...gated, ...biases };
  },
  write(config) {
    if (config.architecture === 'mistral') return [...writeGated(config), ...windowEntries(config)];
    refuseWindows(config);
    return writeGated(config);
  },
};

/** llama.cpp keeps a window of all layers, and shows the whole text all the same: an export says so (`modelfile`). */
const windowEntries = ({ windows: [window] }: ModelConfig): GgufEntry[] =>
  window == null ? [] : [['attention.sliding_window', 'u32', window]];

/** Without biases but those that are read of the tensors. */
function writeUnbiased(config: ModelConfig): GgufEntry[] {
  if (config.biases.output) throw unwritable('attention_bias', 'true', 'false');
  return llama.write(config);
}

const qwen2: Architecture = {
  name: 'qwen2',
  permuted: false,
  fused: {},
  read: async (file, keys) => ({ model_type: 'qwen2', ...(await readGated(file, keys)) }),
  write: llama.write,
};

const qwen3: Architecture = {
  name: 'qwen3',
  permuted: false,
  fused: {},
  read: async (file, keys) => ({
    model_type: 'qwen3',
    ...(await readGated(file, keys)),
    attention_bias: hasTensor(file, 'attn_q.bias'),
  }),
  write: writeUnbiased,
};

const olmo2: Architecture = {
  name: 'olmo2',
  permuted: false,
  fused: {},
  read: async (file, keys) => {
    // OLMo 3 has the same name, and windows.
    keys.meta.only(keys.of('attention.sliding_window'), 0);
    return { model_type: 'olmo2', ...(await readGated(file, keys)) };
  },
  write: writeUnbiased,
};

const phi3: Architecture = {
  name: 'phi3',
  permuted: false,
  fused: { ...ONE_QKV, ffn_up: ['gate', 'up'] },
  async read(file, keys) {
    const window = keys.count('attention.sliding_window', 0);
    const original = 'rope.scaling.original_context_length';
    return {
      model_type: 'phi3',
      ...(await readGated(file, keys, { partial: 'partial_rotary_factor' })),
      original_max_position_embeddings: keys.count(original, keys.count('context_length')),
      sliding_window: window === 0 ? null : window,
    };
  },
  write: (config) => [...writeGated(config), ...windowEntries(config)],
};

/** Layers without rotation, which llama.cpp counts off by itself. */
const UNROTATED = 4;

const smollm3: Architecture = {
  name: 'smollm3',
  permuted: true,
  fused: {},
  read: async (file, keys) => ({
    model_type: 'smollm3',
    ...(await readGated(file, keys)),
    no_rope_layer_interval: UNROTATED,
    attention_bias: hasTensor(file, 'attn_q.bias'),
  }),
  write(config) {
    const rotated = config.windows.map((_, layer) => config.layerRotary === null || config.layerRotary[layer] !== null);
    if (rotated.some((is, layer) => is === ((layer + 1) % UNROTATED === 0)))
      throw unwritable('no_rope_layers', `[${rotated.map(Number).join(', ')}]`, `0 in every layer of number ${UNROTATED}, 1 in the others`);
    return writeUnbiased(config);
  },
};

const minicpm: Architecture = {
  name: 'minicpm',
  permuted: true,
  fused: {},
  async read(file, keys) {
    const gated = await readGated(file, keys, { scales: true });
    const [hidden, layers] = [keys.count('embedding_length'), keys.count('block_count')];
    const [residual, logits] = [keys.number('residual_scale'), keys.number('logit_scale')];
    return {
      model_type: 'minicpm',
      ...gated,
      scale_emb: keys.number('embedding_scale'),
      scale_depth: shortestFor(residual * Math.sqrt(layers), (depth) => Math.fround(depth / Math.sqrt(layers)) === Math.fround(residual)),
      dim_model_base: shortestFor(hidden / logits, (base) => Math.fround(hidden / base) === Math.fround(logits)),
      attention_bias: hasTensor(file, 'attn_q.bias'),
    };
  },
  write: (config) => [
    ...writeUnbiased(config),
    ['embedding_scale', 'f32', config.scales.embedding],
    ['residual_scale', 'f32', config.scales.residual],
    ['logit_scale', 'f32', 1 / config.scales.output],
  ],
};

const stablelm: Architecture = {
  name: 'stablelm',
  permuted: false,
  fused: {},
  read: async (file, keys) => ({
    model_type: 'stablelm',
    ...(await readGated(file, keys, { partial: 'partial_rotary_factor', epsilon: ['attention.layer_norm_epsilon', 'layer_norm_eps'] })),
    use_qkv_bias: hasTensor(file, 'attn_q.bias'),
    // As llama.cpp has it: what has one norm a layer reads it twice.
    use_parallel_residual: !hasTensor(file, 'ffn_norm.weight'),
  }),
  write: (config) => [...llama.write(config), ['use_parallel_residual', 'flag', config.parallel !== false]],
};

/** More are refused by the reader of config.json. */
const MOST_LAYERS = limits.layers + 1;

/** Factor on the scores: by the size of a head, in the largest model of either version by the width. */
function gemmaScalar(
  layers: number,
  largest: number,
  { hidden, heads, headSize }: Pick<ModelConfig, 'hidden' | 'heads' | 'headSize'>,
): number {
  return layers === largest ? hidden / heads : headSize;
}

function gemma(version: { name: string; family: Family; largest: number; everyWindow: number }): Architecture {
  const { name, family, largest, everyWindow } = version;
  const isWindowed = (layer: number) => (layer + 1) % everyWindow !== 0;
  return {
    name,
    permuted: false,
    fused: {},
    normOffset: 1,
    async read(file, keys) {
      const gated = await readGated(file, keys);
      const { hidden_act: _, rope_theta: theta, ...fields } = gated;
      const sizes = { hidden: fields['hidden_size'], heads: fields['num_attention_heads'], headSize: fields['head_dim'] } as Record<
        'hidden' | 'heads' | 'headSize',
        number
      >;
      const cap = (key: string) => (keys.has(key) ? keys.number(key) : null);
      return {
        model_type: family,
        ...fields,
        hidden_activation: 'gelu_pytorch_tanh',
        query_pre_attn_scalar: gemmaScalar(keys.count('block_count'), largest, sizes),
        sliding_window: keys.count('attention.sliding_window', 4096),
        layer_types: Array.from({ length: Math.min(keys.count('block_count'), MOST_LAYERS) }, (_each, layer) =>
          isWindowed(layer) ? 'sliding_attention' : 'full_attention',
        ),
        final_logit_softcapping: cap('final_logit_softcapping'),
        rope_theta: theta,
        ...(family === 'gemma2' ? { attn_logit_softcapping: cap('attn_logit_softcapping') } : { rope_local_base_freq: 10_000 }),
      };
    },
    write(config) {
      const { windows, softCaps, layerRotary, layers } = config;
      if (!config.tied) throw unwritable('tie_word_embeddings', 'false', 'true');
      const window = windows.find((one) => one !== null) ?? config.context;
      const own =
        windows.every((one, layer) => one === null || isWindowed(layer)) &&
        windows.every((one, layer) => !isWindowed(layer) || one === (windows.some((each) => each !== null) ? window : null));
      const local =
        layerRotary?.every(
          (rotary, layer) => rotary !== null && (!isWindowed(layer) || (rotary.theta === 10_000 && rotary.scaling === null)),
        ) ?? true;
      if (!own || !local)
        throw unwritable(
          'layer_types',
          '…',
          `full attention in every layer of number ${everyWindow}, windows and a base of 10000 in the others`,
        );
      const caps = [
        ['attn_logit_softcapping', softCaps.scores],
        ['final_logit_softcapping', softCaps.logits],
      ] as const;
      return [
        ...writeUnwindowed(config, gemmaScalar(layers, largest, config) ** -0.5),
        ['attention.sliding_window', 'u32', window],
        ...caps.flatMap(([key, cap]): GgufEntry[] => (cap === null ? [] : [[key, 'f32', cap]])),
      ];
    },
  };
}

function writeUnwindowed(config: ModelConfig, attentionScale: number): GgufEntry[] {
  if (config.biases.output) throw unwritable('attention_bias', 'true', 'false');
  return writeGated(config, { activation: 'geglu-tanh', attentionScale });
}

const gpt2: Architecture = {
  name: 'gpt2',
  permuted: false,
  fused: ONE_QKV,
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
    refuseAttentionScales(config);
    if (config.activation !== 'gelu-tanh') throw unwritable('activation_function', config.activation, 'gelu_new');
    return [...commonEntries(config), ['attention.layer_norm_epsilon', 'f32', config.norm.epsilon]];
  },
};

const gptNeox: Architecture = {
  name: 'gptneox',
  permuted: false,
  fused: ONE_QKV,
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
    refuseAttentionScales(config);
    if (positions.kind !== 'rotary' || positions.scaling !== null) throw unwritable('rope_scaling', 'set', 'null');
    return [
      ...commonEntries(config),
      ['attention.layer_norm_epsilon', 'f32', config.norm.epsilon],
      ['rope.dimension_count', 'u32', positions.dimensions],
      ['rope.freq_base', 'f32', positions.theta],
      ['use_parallel_residual', 'flag', config.parallel !== false],
    ];
  },
};

/** llama.cpp has no architecture for GPT-Neo's unscaled scores and local layers. */
/** Of a family that llama.cpp does not have, or not with the head that is trained here. */
const unwritten = (own: Family): Architecture => ({
  name: '',
  permuted: false,
  fused: {},
  read: (_, keys) => keys.refuse('', '—'),
  write: () => {
    const written = Object.entries(architectures).filter(([, { name }]) => name !== '');
    throw unwritable('model_type', own, written.map(([family]) => family).join(', '));
  },
});

export const architectures: Readonly<Record<Family, Architecture>> = {
  llama,
  mistral: llama,
  qwen2,
  qwen3,
  olmo2,
  phi3,
  smollm3,
  minicpm,
  stablelm,
  gemma2: gemma({ name: 'gemma2', family: 'gemma2', largest: 46, everyWindow: 2 }),
  gemma3_text: gemma({ name: 'gemma3', family: 'gemma3_text', largest: 62, everyWindow: 6 }),
  gpt2,
  gpt_neox: gptNeox,
  gpt_neo: unwritten('gpt_neo'),
  bert: unwritten('bert'),
  roberta: unwritten('roberta'),
};

const TOKENS = 'tokenizer.ggml.';

/**
 * config.json as transformers would write it for the model in the file.
 * @throws StudioError `config-unsupported` with the key of the metadata
 */
export async function configOfGguf(file: GgufFile): Promise<Record<string, unknown>> {
  const { metadata: meta, tensors } = file;
  const name = meta.text('general.architecture');
  const architecture = Object.values(architectures).find((one) => one.name === name && name !== '');
  if (!architecture) {
    const known = new Set(Object.values(architectures).map((one) => one.name));
    return meta.refuse('general.architecture', [...known].filter((one) => one !== '').join(', '));
  }
  if (meta.text('general.type', 'model') !== 'model') meta.refuse('general.type', 'model');
  const id = (token: string) => (meta.has(`${TOKENS}${token}_token_id`) ? meta.count(`${TOKENS}${token}_token_id`) : null);
  const embedding = tensors.get(`${MODULES.embedding}.weight`);
  return {
    ...(await architecture.read(file, new Keys(meta, name))),
    vocab_size: embedding?.shape[0] ?? meta.texts(`${TOKENS}tokens`).length,
    tie_word_embeddings: await sameValues(embedding, tensors.get(`${MODULES.head}.weight`)),
    bos_token_id: id('bos'),
    eos_token_id: id('eos'),
    pad_token_id: id('padding'),
    torch_dtype: { F16: 'float16', BF16: 'bfloat16' }[embedding?.type as string] ?? 'float32',
  };
}

/** A head is tied where there is none, or where it repeats the embedding, as former converters wrote GPT-2's. */
async function sameValues(embedding: GgufTensor | undefined, head: GgufTensor | undefined): Promise<boolean> {
  if (!head) return true;
  if (embedding?.type !== head.type || String(embedding.shape) !== String(head.shape)) return false;
  const others = head.pieces();
  for await (const values of embedding.pieces()) {
    const { value: other } = (await others.next()) as { value: Float32Array };
    if (values.some((value, at) => value !== other[at])) return false;
  }
  return true;
}
