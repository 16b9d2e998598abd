/** Attention of each head as probabilities, and how far two models' attention lies apart. Plain tfjs ops: texts are short. */
import { add, keep, matMul, mul, reshape, slice, softmax, tensor1d, tidy, tile, transpose } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { sightMask, softCapped, type DecoderModel } from '../engine';
import type { HeldOutSet } from './held-out';

/** Longest text, in tokens. */
export const MAP_TOKENS = 128;

/** Attention of one layer: [heads][query][key], row after row; a query sees itself and what is before it, in an encoder all. */
export interface LayerAttention {
  heads: number;
  tokens: number;
  /** [heads · tokens · tokens] */
  weights: Float32Array;
}

/**
 * Every layer's attention over a text of at most `MAP_TOKENS` tokens, among its own tokens: what goes to the virtual ones of a soft prompt is
 * left out, and the rest of each query sums to 1. No weight changes.
 */
export async function attentionMaps(model: DecoderModel, ids: readonly number[]): Promise<LayerAttention[]> {
  const { heads, kvHeads, headSize, windows } = model.config;
  const tokens = ids.length;
  const maps: Tensor[] = [];
  const last = tidy(() => {
    const ofText = (x: Tensor2D): Tensor2D => slice(x, [x.shape[0] - tokens, 0], [tokens, x.shape[1]]);
    const byHead = (x: Tensor2D, count: number): Tensor3D => transpose(reshape(ofText(x), [tokens, count, headSize]), [1, 0, 2]);
    // Each key-value head serves heads / kvHeads query heads that follow one another.
    const shared = (x: Tensor3D): Tensor3D =>
      reshape(tile(reshape(x, [kvHeads, 1, tokens, headSize]), [1, heads / kvHeads, 1, 1]), [heads, tokens, headSize]);
    const seen = (layer: number, q: Tensor2D, k: Tensor2D) => {
      const { scale, cap, bidirectional } = model.attentionShape(layer, 1, tokens);
      const scores = mul(matMul(byHead(q, heads), shared(byHead(k, kvHeads)), false, true), scale);
      const weights = softmax(
        add(cap ? softCapped(scores, cap) : scores, sightMask(tokens, windows[layer] ?? tokens, undefined, bidirectional)),
      );
      maps.push(keep(weights.clone()));
    };
    return model.hiddenStates(tensor1d([...ids], 'int32'), { batch: 1, context: tokens, seen });
  });
  try {
    return await Promise.all(maps.map(async (map) => ({ heads, tokens, weights: (await map.data<'float32'>()).slice() })));
  } finally {
    last.dispose();
    for (const map of maps) map.dispose();
  }
}

/**
 * KL(b ‖ a) in nats, mean over heads and over the queries that have a choice (all but the first). How far the attention of b has
 * moved from that of a.
 */
export function attentionDivergence(a: LayerAttention, b: LayerAttention): number {
  const { heads, tokens } = a;
  if (tokens < 2) return 0;
  let sum = 0;
  for (let head = 0; head < heads; head++)
    for (let query = 1; query < tokens; query++)
      for (let key = 0; key < tokens; key++) {
        const at = (head * tokens + query) * tokens + key;
        const q = b.weights[at]!;
        if (q > 0) sum += q * Math.log(q / Math.max(a.weights[at]!, 1e-12));
      }
  return Math.max(0, sum / (heads * (tokens - 1)));
}

/** The first rows of every channel's held-out text, each as long as a map can show; of a row with several documents the first. */
export function attentionTexts({ batches }: HeldOutSet, rowsPerChannel: number): number[][] {
  const taken = new Map<number, number>();
  return batches.flatMap(({ rows, context, ids, targets, channels, documents }) =>
    Array.from({ length: rows }, (_, row): number[] => {
      const channel = channels[row]!;
      const count = taken.get(channel) ?? 0;
      if (count >= rowsPerChannel) return [];
      taken.set(channel, count + 1);
      const from = row * context;
      let length = Math.min(context, MAP_TOKENS);
      if (documents) while (documents[from + length - 1] !== documents[from]) length -= 1;
      while (length > 0 && targets[from + length - 1]! < 0) length -= 1;
      return Array.from(ids.subarray(from, from + length));
    }).filter((text) => text.length > 1),
  );
}

/** A run's attention against its base's, on the same texts each time. */
export interface AttentionSample {
  /** Mean KL(model ‖ base) over the texts, nats by layer. @param between called before each text; false ends it, and null is returned */
  divergence(between: () => Promise<boolean>, exclusively: <T>(work: () => Promise<T>) => Promise<T>): Promise<number[] | null>;
}

/** @param base whose maps are kept from now on; its weights are not needed any more */
export async function attentionSample(model: DecoderModel, base: DecoderModel, texts: readonly number[][]): Promise<AttentionSample> {
  const before: LayerAttention[][] = [];
  for (const ids of texts) before.push(await attentionMaps(base, ids));
  return {
    async divergence(between, exclusively) {
      const sums = new Array<number>(model.config.layers).fill(0);
      for (const [at, ids] of texts.entries()) {
        if (!(await between())) return null;
        const maps = await exclusively(() => attentionMaps(model, ids));
        maps.forEach((map, layer) => (sums[layer]! += attentionDivergence(before[at]![layer]!, map)));
      }
      return sums.map((sum) => sum / Math.max(1, texts.length));
    },
  };
}
