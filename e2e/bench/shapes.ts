/** Models and batches that are measured, all with a tied head. S and M have about the arithmetic of the GPT of the same name. */
import { plain } from '../../src/core/model/config';
import type { ModelConfig } from '../../workers/engine';

export interface BenchShape {
  config: ModelConfig;
  /** Sequences a step. */
  rows: number;
  /** Tokens of each. */
  context: number;
}

type Sizes = [vocabulary: number, hidden: number, feedForward: number, layers: number, heads: number, kvHeads: number];

function shape(
  [vocabulary, hidden, feedForward, layers, heads, kvHeads]: Sizes,
  rows: number,
  context: number,
  window: number | null = null,
): BenchShape {
  return {
    config: {
      ...plain,
      architecture: 'llama',
      vocabulary,
      hidden,
      feedForward,
      layers,
      heads,
      kvHeads,
      headSize: hidden / heads,
      context,
      positions: { kind: 'rotary', theta: 10_000, dimensions: hidden / heads, scaling: null },
      windows: new Array<number | null>(layers).fill(window),
      norm: { kind: 'rms', epsilon: 1e-5, offset: 0 },
      activation: 'swiglu',
      biases: { queryKeyValue: false, output: false, feedForward: false },
      attentionScales: new Array<number>(layers).fill((hidden / heads) ** -0.5),
      tied: true,
      endOfText: [],
    },
    rows,
    context,
  };
}

export const shapes = {
  /** 8/3 of the width in SwiGLU's three matrices is 4 of it in the GPT's two. */
  S: shape([1024, 64, 176, 2, 4, 4], 8, 64),
  M: shape([2048, 128, 344, 4, 4, 4], 8, 128),
  nano: shape([4096, 128, 384, 4, 4, 2], 8, 128),
  'nano-256': shape([4096, 128, 384, 4, 4, 2], 8, 256),
  /** Four times as many layers: what activation checkpointing is for. */
  'nano-deep': shape([4096, 128, 384, 16, 4, 2], 8, 256),
  /** The same tokens a step as nano-256 at four times the context: memory of attention must not grow with its square. */
  'nano-1024': shape([4096, 128, 384, 4, 4, 2], 2, 1024),
  /** And with attention that reaches back 128 tokens. */
  'nano-1024-window': shape([4096, 128, 384, 4, 4, 2], 2, 1024, 128),
} as const;

export type ShapeName = keyof typeof shapes;

/** Floating-point operations of the matrix products of one token, forward and backward: 6 per weight, a tied head counted once. */
export function productFlops({ vocabulary, hidden, feedForward, layers, heads, kvHeads, headSize }: ModelConfig): number {
  const attention = hidden * headSize * (2 * heads + 2 * kvHeads);
  return 6 * (layers * (attention + 3 * hidden * feedForward) + vocabulary * hidden);
}
