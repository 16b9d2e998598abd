/**
 * A teacher in the loss (Hinton et al., arXiv 1503.02531). To the loss of a predicted token of a taught row come, each with its weight,
 *
 *     T² · KL(teacher_T ‖ model_T), p_T = softmax(logits / T);
 *     the mean over layers of the mean squared difference of hidden states, the model's mapped to the teacher's width where that is another;
 *     the mean over layers and heads of KL(teacher ‖ model) of the token's attention.
 *
 * Each term's gradient by what it looks at is known without its value, so no value is computed: what it looks at passes as it is, and in the
 * backward pass the term's gradient is added to what comes back. Logits and attention maps are made for a few tokens or one row at a time.
 */
import {
  add,
  concat,
  customGrad,
  div,
  keep,
  matMul,
  mul,
  reshape,
  slice,
  softmax,
  square,
  sub,
  sum,
  tensor1d,
  tensor2d,
  tidy,
  tile,
  transpose,
  variable,
  zeros,
} from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Tensor3D, Variable } from '@tensorflow/tfjs-core';
import { deriveSeed, Rng } from '../../../src/core/rng/rng';
import { softCapped } from '../ops/activation';
import type { AttentionShape } from '../ops/attention';
import { kernels } from '../ops/kernels';
import { linear } from '../ops/linear';
import { runKernel } from '../ops/registry';
import type { DecoderModel, Taps } from './decoder';

/** Logits of one model held at a time: 4 MiB, but at least 32 tokens of them, since every block of tokens reads both heads whole. */
const LOGITS = 2 ** 20;

/** How a step is taught; weights are those of a taught token, whose cross-entropy weighs `crossEntropy`. */
export interface Teaching {
  model: DecoderModel;
  /** The teacher is the model that is trained, without its adapter. */
  withoutAdapter: boolean;
  /** By index: are the rows of the channel taught? */
  channels: readonly boolean[];
  temperature: number;
  crossEntropy: number;
  logits: number;
  hidden: number;
  /** Hidden states of every layer, or those after the final norm alone. */
  allLayers: boolean;
  /** W_h [width of the teacher, own width], one for all layers, which is trained with the model; absent where the widths are the same. */
  map?: (Variable & Tensor2D) | undefined;
  attention: number;
}

/** Name of W_h among the parameters of a run; it is none of the model's. */
export const HIDDEN_MAP = 'hidden_map.weight';

let maps = 0;

/** Within ± 1 / √(own width), as torch.nn.Linear begins. @param seed of the run */
export function hiddenMap(teacherWidth: number, width: number, seed: number): Variable & Tensor2D {
  const random = new Rng(deriveSeed(seed, 'hidden-map'));
  const values = Float32Array.from({ length: teacherWidth * width }, () => (2 * random.uniform() - 1) / Math.sqrt(width));
  const initial = tensor2d(values, [teacherWidth, width]);
  const made = variable(initial, true, `hidden-map-${(maps += 1)}`);
  initial.dispose();
  return made;
}

/** Rows as the terms see them. */
interface Rows {
  rows: number;
  context: number;
  documents?: Int32Array | undefined;
  /** Tokens see those behind them too. */
  bidirectional?: boolean | undefined;
}

/** What the teacher makes of a micro-batch; its tensors are on the device until `dispose`. */
export class Lesson {
  /** After the final norm [N, width of the teacher]. */
  private last: Tensor2D | null = null;
  /** After each layer, and queries and keys of each: where they are looked at. */
  private readonly states: Tensor2D[] = [];
  private readonly attended: [q: Tensor2D, k: Tensor2D][] = [];
  private readonly masks = new Map<string, Tensor2D>();

  /**
   * @param forward the teacher's forward pass over the batch
   * @param byNll [N]: gradient of the loss by each token's nll where the row is taught, else 0
   */
  constructor(
    private readonly teaching: Teaching,
    private readonly batch: Rows,
    private readonly byNll: Float32Array,
    forward: (model: DecoderModel, taps: Taps) => Tensor2D,
  ) {
    const { model, withoutAdapter, hidden, allLayers, attention } = teaching;
    const taps: Taps = {};
    if (hidden > 0 && allLayers)
      taps.state = (_, x) => {
        this.states.push(keep(x.clone()));
        return x;
      };
    if (attention > 0)
      taps.attention = (_, q, k) => {
        this.attended.push([keep(q.clone()), keep(k.clone())]);
        return [q, k];
      };
    const look = () => keep(tidy(() => forward(model, taps)));
    this.last = withoutAdapter ? model.withoutAdapter(look) : look();
  }

  /** Adds the terms of what lies within the model that is trained. */
  taps(model: DecoderModel): Taps {
    const { hidden, allLayers, attention } = this.teaching;
    const { layers } = model.config;
    const taps: Taps = {};
    // The last layer's states are looked at after the final norm.
    if (hidden > 0 && allLayers) taps.state = (layer, x) => (layer === layers - 1 ? x : this.near(x, this.states[layer]!, hidden / layers));
    if (attention > 0) taps.attention = (layer, q, k) => this.attending(model, layer, q, k, attention / layers);
    return taps;
  }

  /** `headProduct` of the states after the final norm [N,D], with the terms of the logits and of themselves. */
  output(model: DecoderModel, hidden: Tensor2D): [states: Tensor2D, weight: Tensor2D] {
    const { logits, hidden: weight, allLayers } = this.teaching;
    const x = weight > 0 ? this.near(hidden, this.last!, allLayers ? weight / model.config.layers : weight) : hidden;
    const [states, head] = model.headProduct(x);
    return [logits > 0 ? this.predicting(model, states, head) : states, head];
  }

  dispose(): void {
    for (const tensor of [this.last, ...this.states, ...this.attended.flat(), ...this.masks.values()]) tensor?.dispose();
  }

  /** x [N,D] as it is; weight · mean over the width of (x − goal)², or (W_h x − goal)², by each token. */
  private near(x: Tensor2D, goal: Tensor2D, weight: number): Tensor2D {
    const { map } = this.teaching;
    const away = (own: Tensor) => mul<Tensor2D>(sub(own, goal), this.column(0, this.byNll.length, (2 * weight) / goal.shape[1]));
    if (!map) return passing([x], ([own]) => [away(own!)]);
    return passing([x, map], ([own, fit]) => {
      const dy = away(linear(own as Tensor2D, fit as Tensor2D));
      return [runKernel(kernels.LinearGradInput, { dy, weight: fit! }), runKernel(kernels.LinearGradWeight, { dy, x: own! })];
    });
  }

  /** x [N,D] as it is; weight · T² · KL of the logits by each token, also for the head where it is trained. */
  private predicting(model: DecoderModel, x: Tensor2D, head: Tensor2D): Tensor2D {
    const trained = (head as Partial<Variable>).trainable !== false;
    // A frozen weight is no input of the tape's: it would have to get a gradient.
    return passing(trained ? [x, head] : [x], ([own]) => this.ofLogits(model, own as Tensor2D, head, trained));
  }

  private ofLogits(model: DecoderModel, hidden: Tensor2D, head: Tensor2D, trained: boolean): Tensor[] {
    const { model: teacher, temperature, logits: weight } = this.teaching;
    const [count, width] = hidden.shape;
    const most = Math.max(32, Math.floor(LOGITS / head.shape[0]));
    const cap = model.config.softCaps.logits;
    const parts: Tensor[] = [];
    let toHead: Tensor | undefined;
    for (let from = 0; from < count; from += most) {
      const tokens = Math.min(most, count - from);
      if (this.byNll.subarray(from, from + tokens).every((share) => share === 0)) {
        parts.push(zeros([tokens, width]));
        continue;
      }
      const before = toHead;
      const [toHidden, share] = tidy((): Tensor[] => {
        const part = (states: Tensor2D): Tensor2D => slice(states, [from, 0], [tokens, states.shape[1]]);
        const own = part(hidden);
        const raw = linear(own, head);
        const logits = cap ? softCapped(raw, cap) : raw;
        const told = softmax(div<Tensor2D>(teacher.logits(part(this.last!)), temperature));
        const away = mul<Tensor2D>(sub(softmax(div<Tensor2D>(logits, temperature)), told), this.column(from, tokens, weight * temperature));
        const dy = cap ? mul<Tensor2D>(away, sub(1, square(div(logits, cap)))) : away;
        const input = runKernel(kernels.LinearGradInput, { dy, weight: head });
        if (!trained) return [input];
        const gradient = runKernel(kernels.LinearGradWeight, { dy, x: own });
        return [input, before ? add(before, gradient) : gradient];
      });
      before?.dispose();
      parts.push(toHidden!);
      toHead = share;
    }
    const toHidden = concat(parts, 0);
    for (const part of parts) part.dispose();
    return trained ? [toHidden, toHead ?? zeros(head.shape)] : [toHidden];
  }

  /** q [N,H·h] and k [N,K·h] as they are; weight · mean over heads of the KL of each token's attention. */
  private attending(model: DecoderModel, layer: number, q: Tensor2D, k: Tensor2D, weight: number): [Tensor2D, Tensor2D] {
    const { rows, context } = this.batch;
    const [shape, theirs] = [model, this.teaching.model].map((one) => one.attentionShape(layer, rows, context)) as [
      AttentionShape,
      AttentionShape,
    ];
    const gradients = (own: readonly Tensor[]): Tensor[] => {
      const byRow = Array.from({ length: rows }, (_, row) =>
        tidy(() => {
          const of = (states: Tensor) => slice(states as Tensor2D, [row * context, 0], [context, states.shape[1]!]);
          const [theirQ, theirK] = this.attended[layer]!;
          const told = this.attention(of(theirQ), of(theirK), theirs, row);
          const has = this.attention(of(own[0]!), of(own[1]!), shape, row);
          const share = reshape(this.column(row * context, context, (weight * shape.scale) / shape.heads), [1, context, 1]);
          const away = mul(sub(has.weights, told.weights), share);
          const slopes = (shape.cap ? mul(away, sub(1, square(div(has.scores, shape.cap)))) : away) as Tensor3D;
          const toK = matMul(slopes, has.q, true, false);
          // Query heads that share a key head add up.
          const grouped = sum(reshape(toK, [shape.kvHeads, shape.heads / shape.kvHeads, context, -1]), 1);
          return [matMul(slopes, has.k), grouped].map((x) => reshape(transpose(x, [1, 0, 2]), [context, -1]));
        }),
      );
      const joined = [0, 1].map((at) => concat(byRow.map((parts) => parts[at]!) as Tensor2D[], 0));
      for (const part of byRow.flat()) part.dispose();
      return joined;
    };
    // What the keys get is added by the tape, as they go on beside.
    return [passing([q, k], gradients), k];
  }

  /** Attention of one row: q and k by query head [H,T,h], scores before the mask and weights [H,T,T]. */
  private attention(q: Tensor2D, k: Tensor2D, { heads, kvHeads, scale, window, cap }: AttentionShape, row: number) {
    const tokens = q.shape[0];
    const size = q.shape[1] / heads;
    const byHead: Tensor3D = transpose(reshape(q, [tokens, heads, size]), [1, 0, 2]);
    const keys = reshape(transpose(reshape(k, [tokens, kvHeads, size]), [1, 0, 2]), [kvHeads, 1, tokens, size]);
    const shared: Tensor3D = reshape(tile(keys, [1, heads / kvHeads, 1, 1]), [heads, tokens, size]);
    const raw = mul<Tensor3D>(matMul(byHead, shared, false, true), scale);
    const scores = cap ? softCapped(raw, cap) : raw;
    return { q: byHead, k: shared, scores, weights: softmax(add(scores, this.mask(window ?? 0, row))) };
  }

  private mask(window: number, row: number): Tensor2D {
    const { context, documents, bidirectional } = this.batch;
    const key = `${window} ${documents ? row : ''}`;
    const known = this.masks.get(key);
    if (known) return known;
    const both = bidirectional || this.teaching.model.config.encoder !== undefined;
    const made = keep(sightMask(context, window || context, documents?.subarray(row * context, (row + 1) * context), both));
    this.masks.set(key, made);
    return made;
  }

  /** [count,1]: factor · gradient of the loss by each token's nll. */
  private column(from: number, count: number, factor: number): Tensor2D {
    const values = this.byNll.subarray(from, from + count).map((share) => share * factor);
    return reshape(tensor1d(values), [count, 1]);
  }
}

/** 0 where a query may look, very low where not: ahead (unless it sees both ways), further than the window, or in another document. */
export function sightMask(tokens: number, window: number, documents?: Int32Array, both = false): Tensor2D {
  const mask = new Float32Array(tokens * tokens);
  for (let query = 0; query < tokens; query++)
    for (let key = 0; key < tokens; key++)
      if (key > (both ? query + window - 1 : query) || key <= query - window || (documents && documents[key] !== documents[query]))
        mask[query * tokens + key] = -1e9;
  return tensor2d(mask, [tokens, tokens]);
}

/** The first input as it is. In the backward pass its gradient has what `gradients` gives added; other inputs get theirs alone. */
function passing(inputs: readonly Tensor[], gradients: (inputs: readonly Tensor[]) => Tensor[]): Tensor2D {
  const compute = customGrad((...given) => {
    const own = given.slice(0, -1) as unknown as Tensor[];
    const save = given.at(-1) as unknown as (tensors: Tensor[]) => void;
    save(own);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [first, ...rest] = gradients(saved);
      return [add(dy, first!), ...rest];
    };
    return { value: own[0]!.clone(), gradFunc };
  });
  return compute(...inputs) as Tensor2D;
}
