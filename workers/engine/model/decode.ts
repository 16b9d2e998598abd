/** Generation token by token: keys and values of the text so far are kept, so that each new token costs one row. */
import { concat, gather, keep, matMul, mul, reshape, slice, softmax, tensor1d, tidy, transpose } from '@tensorflow/tfjs-core';
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { StudioError } from '../../../src/core/errors';
import type { ModelConfig } from '../../../src/core/model/config';
import { Rng } from '../../../src/core/rng/rng';
import { softCapped } from '../ops/activation';
import type { DecoderModel } from './decoder';
import { drawToken, sampleToken } from './sample';
import type { SamplingOptions } from './sample';

/** The model's logits for the token after each of several texts of one length, which grow side by side. */
export class CachedDecoder {
  /** Per layer: keys and values [rows, K, length, h], those of virtual tokens first; with a window, those of the last tokens that are in sight. */
  private cache: { k: Tensor4D; v: Tensor4D }[] = [];
  private texts: number[][];

  /**
   * @param rows how many texts
   * @throws StudioError `encoder-writes` of an encoder, which tells tokens from both sides and none that follow
   */
  constructor(
    private readonly model: DecoderModel,
    rows = 1,
  ) {
    refuseEncoder(model.config);
    this.texts = Array.from({ length: rows }, () => []);
  }

  /**
   * Appends to each text as many ids (at least one) and returns the logits [rows · V] after the last. When the model's context is full, the
   * older half of the texts is forgotten. Where the length changes how tokens are rotated, the texts are read anew.
   */
  async append(ids: readonly (readonly number[])[]): Promise<Float32Array> {
    const { context, leading } = this.model;
    const length = () => this.texts[0]!.length;
    const before = this.stretches(leading + length());
    this.texts.forEach((text, row) => text.push(...ids[row]!));
    let pending = ids;
    if (length() > context) {
      this.texts = this.texts.map((text) => text.slice(-Math.max(1, Math.floor(context / 2))));
      pending = this.texts;
      this.clear();
    } else if (this.cache.length > 0 && this.stretches(leading + length()) !== before) {
      pending = this.texts;
      this.clear();
    }
    const logits = tidy(() => reshape(this.model.logits(this.cache.length === 0 ? this.read(pending) : this.extend(pending)), [-1]));
    try {
      return await logits.data<'float32'>();
    } finally {
      logits.dispose();
    }
  }

  private stretches(tokens: number): string {
    return this.model.stretches(tokens).join(' ');
  }

  /** Goes on with these texts alone, by index. */
  keep(rows: readonly number[]): void {
    this.texts = rows.map((row) => this.texts[row]!);
    const index = tensor1d([...rows], 'int32');
    this.cache = this.cache.map(({ k, v }) => {
      const kept = { k: gather(k, index), v: gather(v, index) };
      k.dispose();
      v.dispose();
      return kept;
    });
    index.dispose();
  }

  /** Whole texts at once, with the attention the model trains with → hidden states of their last tokens [rows, D]. */
  private read(ids: readonly (readonly number[])[]): Tensor2D {
    const rows = ids.length;
    const context = ids[0]!.length;
    const hidden = this.model.hiddenStates(tensor1d(ids.flat(), 'int32'), {
      batch: rows,
      context,
      seen: (layer, _, k, v) => this.store(layer, this.inSight(layer, this.byHead(k)), this.inSight(layer, this.byHead(v))),
    });
    const width = hidden.shape[1];
    return reshape(slice(reshape(hidden, [rows, context, width]), [0, context - 1, 0], [rows, 1, width]), [rows, width]);
  }

  /** Further tokens one by one: each sees all that is kept of its text. */
  private extend(ids: readonly (readonly number[])[]): Tensor2D {
    let hidden: Tensor2D | undefined;
    const count = ids[0]!.length;
    for (let index = 0; index < count; index++) {
      hidden?.dispose();
      const position = this.model.leading + this.texts[0]!.length - count + index;
      const tokens = ids.map((row) => row[index]!);
      hidden = this.model.run(tensor1d(tokens, 'int32'), position, 1, (layer, q, k, v) => {
        const { k: oldKeys, v: oldValues } = this.cache[layer]!;
        const keys = this.inSight(layer, concat([oldKeys, this.byHead(k)], 2));
        const values = this.inSight(layer, concat([oldValues, this.byHead(v)], 2));
        this.store(layer, keys, values);
        return this.attendOne(layer, q, keys, values);
      });
    }
    return hidden!;
  }

  /** [rows · length, K·h] → [rows, K, length, h] */
  private byHead(x: Tensor2D): Tensor4D {
    const { headSize, kvHeads } = this.model.config;
    return transpose(reshape(x, [this.texts.length, -1, kvHeads, headSize]), [0, 2, 1, 3]);
  }

  /** q [rows, H·h], k and v [rows, K, T, h] → [rows, H·h] */
  private attendOne(layer: number, q: Tensor2D, k: Tensor4D, v: Tensor4D): Tensor2D {
    const { headSize } = this.model.config;
    const rows = this.texts.length;
    const { heads, kvHeads, scale, cap } = this.model.attentionShape(layer, rows, 1);
    const queries = reshape(mul(q, scale), [rows, kvHeads, heads / kvHeads, headSize]);
    const scores = matMul(queries, k, false, true);
    const weights = softmax(cap ? softCapped(scores, cap) : scores);
    return reshape(matMul(weights, v), [rows, heads * headSize]);
  }

  /** What the layer's window leaves in sight of the newest token. */
  private inSight(layer: number, x: Tensor4D): Tensor4D {
    const [rows, kvHeads, length, headSize] = x.shape;
    const window = this.model.config.windows[layer] ?? length;
    return length <= window ? x : slice(x, [0, 0, length - window, 0], [rows, kvHeads, window, headSize]);
  }

  private store(layer: number, k: Tensor4D, v: Tensor4D): void {
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
    this.texts = [];
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
    let logits = await decoder.append([prompt]);
    while (ids.length < options.maxTokens) {
      if (signal?.aborted) return { ids, ended: 'cancelled' };
      const id = sampleToken(logits, options, random.uniform());
      if (options.stop.includes(id)) return { ids, ended: 'stop' };
      ids.push(id);
      onToken(id);
      if (ids.length === options.maxTokens) break;
      await turn();
      logits = await decoder.append([[id]]);
    }
    return { ids, ended: 'length' };
  } finally {
    decoder.dispose();
  }
}

/** An answer that the model sampled, token by token: nats at the temperature of the draw. */
export interface SampledAnswer {
  /** With the token that ended it, where one did. */
  ids: number[];
  logps: number[];
  entropies: number[];
}

export interface AnswerOptions {
  temperature: number;
  maxTokens: number;
  /** Ids that end an answer. */
  stop: ReadonlySet<number>;
  /** Ids from here on are never drawn: rows of a padded vocabulary. */
  vocabulary: number;
  /** Of an answer's draws, by its place among the prompts. */
  seed(row: number): number;
}

/**
 * An answer to each prompt of at least one token. All are read side by side from their first token on, whatever their lengths: while some of
 * the prompts are still read, answers to shorter ones are being drawn.
 */
export async function sampleAnswers(
  model: DecoderModel,
  prompts: readonly (readonly number[])[],
  { temperature, maxTokens, stop, vocabulary, seed }: AnswerOptions,
): Promise<SampledAnswer[]> {
  const answers = prompts.map((): SampledAnswer => ({ ids: [], logps: [], entropies: [] }));
  const randoms = prompts.map((_, row) => new Rng(seed(row)));
  const decoder = new CachedDecoder(model, prompts.length);
  let open = prompts.map((_, row) => row);
  let read = Math.min(...prompts.map(({ length }) => length));
  try {
    let logits = await decoder.append(prompts.map((prompt) => prompt.slice(0, read)));
    for (;;) {
      const width = logits.length / open.length;
      const next = open.map((row, at) => {
        const answer = answers[row]!;
        if (read < prompts[row]!.length) return prompts[row]![read]!;
        const { id, logp, entropy } = drawToken(
          logits.subarray(at * width, (at + 1) * width),
          temperature,
          randoms[row]!.uniform(),
          vocabulary,
        );
        answer.ids.push(id);
        answer.logps.push(logp);
        answer.entropies.push(entropy);
        return id;
      });
      const going = open.flatMap((row, at) => {
        const { ids } = answers[row]!;
        return ids.length === maxTokens || stop.has(ids.at(-1) ?? -1) ? [] : [at];
      });
      if (going.length === 0) return answers;
      if (going.length < open.length) decoder.keep(going);
      open = going.map((at) => open[at]!);
      read += 1;
      logits = await decoder.append(going.map((at) => [next[at]!]));
    }
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

function refuseEncoder({ encoder, architecture }: ModelConfig): void {
  if (encoder) throw new StudioError('encoder-writes', `A model of the family ${architecture} writes no text`, { family: architecture });
}
