/** Model folders in Hugging Face layout, made for a test: a small sound one with the bundled tokenizer, and ways to break it. */
import { readFileSync } from 'node:fs';
import { writeSafetensors } from './safetensors';

/** As Playwright's file inputs take them. */
export interface UploadedFile {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

const bundled = (file: string) => readFileSync(new URL(`../../public/models/nano/${file}`, import.meta.url));
const file = (name: string, buffer: Buffer): UploadedFile => ({ name, mimeType: 'application/octet-stream', buffer });

const WIDTH = 16;
const FEED_FORWARD = 32;
const VOCABULARY = 4096;

interface Changes {
  vocabulary?: number;
  config?: Record<string, unknown>;
  /** Changes a tensor's values in place. */
  values?: (name: string, values: Float32Array) => void;
  weights?: (whole: Buffer) => Buffer;
}

/** Values that look random and are the same in every run: a linear congruential generator (Numerical Recipes). */
function fillEvenly(values: Float32Array, scale: number): void {
  let state = 1;
  for (let at = 0; at < values.length; at += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[at] = (state / 2 ** 31 - 1) * scale;
  }
}

/** One layer of width 16 with an untied head, 135,000 parameters, not trained at all. */
export function smallModel({
  vocabulary = VOCABULARY,
  config = {},
  values: change,
  weights = (whole) => whole,
}: Changes = {}): UploadedFile[] {
  const shapes: Record<string, number[]> = {
    'model.embed_tokens.weight': [vocabulary, WIDTH],
    'model.layers.0.input_layernorm.weight': [WIDTH],
    'model.layers.0.self_attn.q_proj.weight': [WIDTH, WIDTH],
    'model.layers.0.self_attn.k_proj.weight': [WIDTH, WIDTH],
    'model.layers.0.self_attn.v_proj.weight': [WIDTH, WIDTH],
    'model.layers.0.self_attn.o_proj.weight': [WIDTH, WIDTH],
    'model.layers.0.post_attention_layernorm.weight': [WIDTH],
    'model.layers.0.mlp.gate_proj.weight': [FEED_FORWARD, WIDTH],
    'model.layers.0.mlp.up_proj.weight': [FEED_FORWARD, WIDTH],
    'model.layers.0.mlp.down_proj.weight': [WIDTH, FEED_FORWARD],
    'model.norm.weight': [WIDTH],
    'lm_head.weight': [vocabulary, WIDTH],
  };
  const tensors = new Map(
    Object.entries(shapes).map(([name, shape]) => {
      const values = new Float32Array(shape.reduce((product, side) => product * side, 1));
      if (shape.length === 1) values.fill(1);
      else fillEvenly(values, 0.05);
      change?.(name, values);
      return [name, { shape, values }] as const;
    }),
  );
  const fields = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    bos_token_id: 0,
    eos_token_id: 0,
    hidden_act: 'silu',
    hidden_size: WIDTH,
    intermediate_size: FEED_FORWARD,
    max_position_embeddings: 64,
    num_attention_heads: 2,
    num_hidden_layers: 1,
    num_key_value_heads: 2,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    tie_word_embeddings: false,
    torch_dtype: 'float32',
    vocab_size: vocabulary,
    ...config,
  };
  return [
    file('config.json', Buffer.from(JSON.stringify(fields))),
    file('model.safetensors', weights(writeSafetensors(tensors))),
    file('tokenizer.json', bundled('tokenizer.json')),
    file('tokenizer_config.json', bundled('tokenizer_config.json')),
  ];
}
