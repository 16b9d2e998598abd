/** Generation token by token: keys and values of the text so far are kept, so that each new token costs one row. */
import { concat, keep, matMul, mul, reshape, slice, softmax, tensor1d, tidy, transpose } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { Rng } from '../../../src/core/rng/rng';
import { softCapped } from '../ops/activation';
import type { DecoderModel } from './decoder';
import { sampleToken } from './sample';
import type { SamplingOptions } from './sample';

/** The model's logits for the token after a text that grows. */
export class CachedDecoder {
  /** Per layer: keys and values [length, K·h], those of virtual tokens first; with a window, those of the last tokens that are in sight. */
  private cache: { k: Tensor2D; v: Tensor2D }[] = [];
  private text: number[] = [];

  constructor(private readonly model: DecoderModel) {}

  /**
   * Appends ids (at least one) and returns the logits [V] after the last. When the model's context is full, the older half of
   * the text is forgotten. Where the text's length changes how its tokens are rotated, it is read anew.
   */
  async append(ids: readonly number[]): Promise<Float32Array> {
    const { context, leading } = this.model;
    const before = this.model.stretchOf(leading + this.text.length);
    this.text.push(...ids);
    let pending = ids;
    if (this.text.length > context) {
      this.text = this.text.slice(-Math.max(1, Math.floor(context / 2)));
      pending = this.text;
      this.clear();
    } else if (this.cache.length > 0 && this.model.stretchOf(leading + this.text.length) !== before) {
      pending = this.text;
      this.clear();
    }
    const logits = tidy(() => {
      const hidden = this.cache.length === 0 ? this.read(pending) : this.extend(pending);
      const last = slice(hidden, [hidden.shape[0] - 1, 0], [1, hidden.shape[1]]);
      return reshape(this.model.logits(last), [-1]);
    });
    try {
      return await logits.data<'float32'>();
    } finally {
      logits.dispose();
    }
  }

  /** A whole text at once, with the attention the model trains with. */
  private read(ids: readonly number[]): Tensor2D {
    return this.model.hiddenStates(tensor1d([...ids], 'int32'), {
      batch: 1,
      context: ids.length,
      seen: (layer, _, k, v) => this.store(layer, this.inSight(layer, k), this.inSight(layer, v)),
    });
  }

  /** Further tokens one by one: each sees all that is kept. */
  private extend(ids: readonly number[]): Tensor2D {
    let hidden: Tensor2D | undefined;
    for (const [index, id] of ids.entries()) {
      hidden?.dispose();
      const position = this.model.leading + this.text.length - ids.length + index;
      hidden = this.model.run(tensor1d([id], 'int32'), position, 1, (layer, q, k, v) => {
        const { k: oldKeys, v: oldValues } = this.cache[layer]!;
        const keys = this.inSight(layer, concat([oldKeys, k], 0));
        const values = this.inSight(layer, concat([oldValues, v], 0));
        this.store(layer, keys, values);
        return this.attendOne(layer, q, keys, values);
      });
    }
    return hidden!;
  }

  /** q [1,H·h], k and v [T,K·h] → [1,H·h] */
  private attendOne(layer: number, q: Tensor2D, k: Tensor2D, v: Tensor2D): Tensor2D {
    const { headSize } = this.model.config;
    const { heads, kvHeads, scale, cap } = this.model.attentionShape(layer, 1, 1);
    const byHead = (x: Tensor) => transpose(reshape(x, [-1, kvHeads, headSize]), [1, 0, 2]);
    const queries = reshape(mul(q, scale), [kvHeads, heads / kvHeads, headSize]);
    const scores = matMul(queries, byHead(k), false, true);
    const weights = softmax(cap ? softCapped(scores, cap) : scores);
    return reshape(matMul(weights, byHead(v)), [1, heads * headSize]);
  }

  /** Rows that the layer's window leaves in sight of the newest token. */
  private inSight(layer: number, rows: Tensor2D): Tensor2D {
    const [length, width] = rows.shape;
    const window = this.model.config.windows[layer] ?? length;
    return length <= window ? rows : slice(rows, [length - window, 0], [window, width]);
  }

  private store(layer: number, k: Tensor2D, v: Tensor2D): void {
    const old = this.cache[layer];
    this.cache[layer] = { k: keep(k.clone()), v: keep(v.clone()) };
    old?.k.dispose();
    old?.v.dispose();
  }

  private clear(): void {
    for (const { k, v } of this.cache) {
      k.dispose();
      v.dispose();
    }
    this.cache = [];
  }

  dispose(): void {
    this.clear();
    this.text = [];
  }
}

export interface GenerationOptions extends SamplingOptions {
  seed: number;
  maxTokens: number;
  /** Token ids that end the text; not part of it. */
  stop: readonly number[];
}

export interface Generation {
  ids: number[];
  ended: 'stop' | 'length' | 'cancelled';
}

/**
 * Continues a prompt of at least one token. `onToken` is called with each new id, and the event loop turns in between, so that a
 * cancel can arrive. The same seed gives the same text.
 */
export async function generate(
  model: DecoderModel,
  prompt: readonly number[],
  options: GenerationOptions,
  onToken: (id: number) => void,
  signal?: AbortSignal,
): Promise<Generation> {
  const decoder = new CachedDecoder(model);
  const random = new Rng(options.seed);
  const ids: number[] = [];
  try {
    let logits = await decoder.append(prompt);
    while (ids.length < options.maxTokens) {
      if (signal?.aborted) return { ids, ended: 'cancelled' };
      const id = sampleToken(logits, options, random.uniform());
      if (options.stop.includes(id)) return { ids, ended: 'stop' };
      ids.push(id);
      onToken(id);
      if (ids.length === options.maxTokens) break;
      await turn();
      logits = await decoder.append([id]);
    }
    return { ids, ended: 'length' };
  } finally {
    decoder.dispose();
  }
}

/**
 * tfjs's wasm and cpu results come in a microtask; messages need a whole turn of the event loop. By a MessageChannel: timers wait, and in a hidden
 * tab for up to a minute.
 */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
