/**
 * What a model computes, as data: every family's config.json is read into this, and the model asks nothing else. Sizes in the
 * notation of the ops: D hidden, F feed-forward, V vocabulary, H heads, K key-value heads, h head size.
 */

/** Hugging Face's `model_type`. */
export type Family =
  | 'llama'
  | 'mistral'
  | 'qwen2'
  | 'qwen3'
  | 'gpt2'
  | 'gpt_neox'
  | 'gpt_neo'
  | 'gemma2'
  | 'gemma3_text'
  | 'olmo2'
  | 'phi3'
  | 'smollm3'
  | 'minicpm'
  | 'stablelm'
  | 'bert'
  | 'roberta';

/**
 * How rotary frequencies are changed for texts longer than those of the first training. `originalContext`: tokens of those;
 * `attentionFactor`: on cos and sin.
 */
export type RotaryScaling =
  /** Every frequency divided by the factor. */
  | { kind: 'linear'; factor: number }
  /** Llama 3.1: long waves divided by the factor, short ones kept, those between blended. */
  | { kind: 'llama3'; factor: number; lowFrequency: number; highFrequency: number; originalContext: number }
  /** NTK-aware: beyond the original context the base grows with the length of the text. */
  | { kind: 'dynamic'; factor: number; originalContext: number }
  /**
   * YaRN (Peng et al., arXiv 2309.00071): components that turn more than `fast` times in the original context are kept, those below
   * `slow` divided by the factor, with a ramp between; `truncate`: its ends are whole components.
   */
  | { kind: 'yarn'; factor: number; originalContext: number; fast: number; slow: number; truncate: boolean; attentionFactor: number }
  /** LongRoPE (Ding et al., arXiv 2402.13753): each component's own divisor, one list up to the original context and one beyond. */
  | { kind: 'longrope'; short: readonly number[]; long: readonly number[]; originalContext: number; attentionFactor: number };

/** A rotary embedding: of each head the first `dimensions` components (an even number ≤ h) are rotated. */
export interface Rotary {
  theta: number;
  dimensions: number;
  scaling: RotaryScaling | null;
}

export type Positions =
  /** Queries and keys are rotated by their position. */
  | ({ kind: 'rotary' } & Rotary)
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
  /** Where layers are rotated otherwise than `positions` says: each layer's own, null for none. Null: all layers alike. */
  layerRotary: readonly (Rotary | null)[] | null;
  /** Of each layer: how many tokens a token sees, itself included; null: all before it. */
  windows: readonly (number | null)[];
  /** `layer` norms have a bias, `rms` norms have none. Of rms norms, what is added to the weight: 1 in Gemma. */
  norm: { kind: 'rms' | 'layer'; epsilon: number; offset: 0 | 1 };
  /**
   * Where a block has its norms: before attention and before feed-forward, after each (OLMo 2), both (Gemma), or of the sums that each gives
   * with the residual stream (BERT).
   */
  normPlacement: 'before' | 'after' | 'both' | 'sum';
  /** Queries and keys pass an RMS norm before the rotary embedding: over each head, or over the whole width. */
  normedHeads: false | 'each' | 'whole';
  /** `swiglu`: silu(gate)·up, `geglu`: GELU(gate)·up; the others: GELU(up). GELU exact or by tanh. */
  activation: 'swiglu' | 'geglu' | 'geglu-tanh' | 'gelu' | 'gelu-tanh';
  /** Factor on the attention scores of each layer. */
  attentionScales: readonly number[];
  /** Scores and logits x become cap · tanh(x / cap); null: they stay. */
  softCaps: { scores: number | null; logits: number | null };
  /** Factors: on the token embedding, on what a block's two parts add to the residual stream, on the states before the head. */
  scales: { embedding: number; residual: number; output: number };
  /** Linear maps with a bias: those to queries, keys and values; the one after attention; those of the feed-forward part. */
  biases: { queryKeyValue: boolean; output: boolean; feedForward: boolean };
  /** Attention and feed-forward both read the block's input, instead of one after the other: each by its norm, or by one (`shared`). */
  parallel: boolean | 'shared';
  /** The head shares the embedding's weight. */
  tied: boolean;
  /** End-of-text token ids. */
  endOfText: number[];
  /** Of an encoder alone. */
  encoder?: Encoder;
}

/**
 * What an encoder has that a decoder lacks: tokens see those behind them too, segments and a norm at the embedding, and instead of a final
 * norm the head of masked language modelling: a map D → D with GELU, a norm, and a bias of each logit.
 */
interface Encoder {
  /** Rows of the table of segments, of which every token takes the first. */
  tokenTypes: number;
  /** Rows of the table of positions before that of a text's first token (RoBERTa's padding_idx + 1). */
  firstPosition: number;
}

/** What most families have, for readers to begin with. */
export const plain = {
  layerRotary: null,
  normPlacement: 'before',
  normedHeads: false,
  softCaps: { scores: null, logits: null },
  scales: { embedding: 1, residual: 1, output: 1 },
  parallel: false,
} as const satisfies Partial<ModelConfig>;

/** Whether the feed-forward part has a gate beside its other map. */
export function isGated({ activation }: Pick<ModelConfig, 'activation'>): boolean {
  return activation === 'swiglu' || activation === 'geglu' || activation === 'geglu-tanh';
}
