/** Attention of each head as probabilities, and how far two models' attention lies apart. Plain tfjs ops: texts are short. */
import { add, keep, matMul, mul, reshape, softmax, tensor1d, tensor2d, tidy, tile, transpose } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import type { AttentionView } from '../../src/contract/evaluation';
import { StudioError } from '../../src/core/errors';
import { softCapped, type DecoderModel } from '../engine';
import { eachModel, type EvaluationTools } from './each-model';

/** Longest text, in tokens. */
const MAP_TOKENS = 128;

/** Attention of one layer: [heads][query][key], row after row; a query sees itself and what is before it. */
export interface LayerAttention {
  heads: number;
  tokens: number;
  /** [heads · tokens · tokens] */
  weights: Float32Array;
}

/** Every layer's attention over a text of at most `MAP_TOKENS` tokens. No weight changes. */
export async function attentionMaps(model: DecoderModel, ids: readonly number[]): Promise<LayerAttention[]> {
  const { heads, kvHeads, headSize, windows } = model.config;
  const tokens = ids.length;
  const maps: Tensor[] = [];
  const last = tidy(() => {
    const byHead = (x: Tensor2D, count: number): Tensor3D => transpose(reshape(x, [tokens, count, headSize]), [1, 0, 2]);
    // Each key-value head serves heads / kvHeads query heads that follow one another.
    const shared = (x: Tensor3D): Tensor3D =>
      reshape(tile(reshape(x, [kvHeads, 1, tokens, headSize]), [1, heads / kvHeads, 1, 1]), [heads, tokens, headSize]);
    return model.run(tensor1d([...ids], 'int32'), 0, tokens, (layer, q, k, v) => {
      const { scale, cap } = model.attentionShape(layer, 1, tokens);
      const scores = mul(matMul(byHead(q, heads), shared(byHead(k, kvHeads)), false, true), scale);
      const weights = softmax(add(cap ? softCapped(scores, cap) : scores, sightMask(tokens, windows[layer] ?? tokens)));
      maps.push(keep(weights.clone()));
      const mixed = matMul(weights, shared(byHead(v, kvHeads)));
      return reshape(transpose(mixed, [1, 0, 2]), [tokens, heads * headSize]);
    });
  });
  try {
    return await Promise.all(maps.map(async (map) => ({ heads, tokens, weights: (await map.data<'float32'>()).slice() })));
  } finally {
    last.dispose();
    for (const map of maps) map.dispose();
  }
}

/** 0 where a query may look, very low where not: ahead, or further back than the window. */
function sightMask(tokens: number, window: number): Tensor2D {
  const mask = new Float32Array(tokens * tokens);
  for (let query = 0; query < tokens; query++)
    for (let key = 0; key < tokens; key++) if (key > query || key <= query - window) mask[query * tokens + key] = -1e9;
  return tensor2d(mask, [tokens, tokens]);
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
      for (let key = 0; key <= query; key++) {
        const at = (head * tokens + query) * tokens + key;
        const q = b.weights[at]!;
        if (q > 0) sum += q * Math.log(q / Math.max(a.weights[at]!, 1e-12));
      }
  return Math.max(0, sum / (heads * (tokens - 1)));
}

/** @throws StudioError `config-unsupported` when the models' layers, heads or tokens differ */
export async function evaluateAttention(text: string, tools: EvaluationTools): Promise<AttentionView> {
  const maps: LayerAttention[][] = [];
  let tokens: string[] = [];
  let first: number[] = [];
  await eachModel(tools, async ({ model, tokenizer: { tokenizer } }, _, progress) => {
    const ids = [tokenizer.startOfText, ...tokenizer.encode(text)].slice(0, Math.min(MAP_TOKENS, model.config.context));
    if (maps.length === 0) {
      first = ids;
      tokens = ids.map((id) => tokenizer.decode([id]));
    }
    const [base] = maps;
    if (base && (base.length !== model.config.layers || base[0]?.heads !== model.config.heads || ids.join() !== first.join()))
      throw new StudioError('config-unsupported', 'Attention can be set side by side only for models of one shape and tokenizer', {
        file: 'config.json',
        field: 'num_hidden_layers, num_attention_heads, tokenizer',
        value: `${model.config.layers}, ${model.config.heads}`,
        accepted: `${base.length}, ${base[0]?.heads ?? 0}`,
      });
    await tools.work.yield();
    tools.work.signal.throwIfAborted();
    maps.push(await tools.work.lock.run(() => attentionMaps(model, ids)));
    progress(1);
  });
  return {
    tokens,
    models: maps.map((layers) => layers.map(({ heads, weights }) => ({ heads, weights }))),
    divergence: maps.map((layers) => layers.map((map, layer) => attentionDivergence(maps[0]![layer]!, map))),
  };
}
