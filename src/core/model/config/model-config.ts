/**
 * What a decoder computes, as data: every family's config.json is read into this, and the decoder asks nothing else. Sizes in the
 * notation of the ops: D hidden, F feed-forward, V vocabulary, H heads, K key-value heads, h head size.
 */

/** Hugging Face's `model_type`. */
export type Family = 'llama' | 'mistral' | 'qwen2' | 'qwen3' | 'gpt2' | 'gpt_neox';

/** How rotary frequencies are changed for texts longer than those of the first training. */
export type RotaryScaling =
  /** Every frequency divided by the factor. */
  | { kind: 'linear'; factor: number }
  /** Llama 3.1: long waves divided by the factor, short ones kept, those between blended. */
  | { kind: 'llama3'; factor: number; lowFrequency: number; highFrequency: number; originalContext: number };

export type Positions =
  /** Queries and keys are rotated by their position; of each head the first `dimensions` components (an even number ≤ h). */
  | { kind: 'rotary'; theta: number; dimensions: number; scaling: RotaryScaling | null }
  /** A vector per position is added to the embedding. */
  | { kind: 'learned' };

export interface ModelConfig {
  architecture: Family;
  /** V */
  vocabulary: number;
  /** D */
  hidden: number;
  /** F */
  feedForward: number;
  layers: number;
  /** H */
  heads: number;
  /** K, a divisor of H. */
  kvHeads: number;
  /** h */
  headSize: number;
  /** Longest sequence, in tokens. */
  context: number;
  positions: Positions;
  /** Of each layer: how many tokens a token sees, itself included; null: all before it. */
  windows: readonly (number | null)[];
  /** `layer` norms have a bias, `rms` norms have none. */
  norm: { kind: 'rms' | 'layer'; epsilon: number };
  /** Queries and keys pass an RMS norm over each head before the rotary embedding. */
  normedHeads: boolean;
  /** `swiglu`: silu(gate)·up; the others: GELU(up), exact or by tanh. */
  activation: 'swiglu' | 'gelu' | 'gelu-tanh';
  /** Linear maps with a bias: those to queries, keys and values; the one after attention; those of the feed-forward part. */
  biases: { queryKeyValue: boolean; output: boolean; feedForward: boolean };
  /** Attention and feed-forward both read the block's input, instead of one after the other. */
  parallel: boolean;
  /** The head shares the embedding's weight. */
  tied: boolean;
  /** End-of-text token ids. */
  endOfText: number[];
}
