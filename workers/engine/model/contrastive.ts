/**
 * Contrastive learning of text embeddings, as SimCSE (Gao et al., arXiv 2104.08821): a text's two views lie near each other and other texts away from
 * them. The views are the same tokens under two dropout masks. A text's embedding is the mean of its tokens' hidden states or that of its last.
 */
import {
  add,
  concat,
  customGrad,
  div,
  exp,
  gather,
  log,
  matMul,
  max,
  mul,
  norm,
  reshape,
  slice,
  softmax,
  sub,
  sum,
  tensor1d,
  tensor2d,
} from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { PADDING } from './masked';
import type { Batch } from './loss';
import type { Objective } from './objective';

type Pooling = 'mean' | 'last';

/** [rows, rows·context]: what each row's embedding takes of each place's state. Padding is no part of a text. */
export function poolingWeights({ rows, context, documents }: Pick<Batch, 'rows' | 'context' | 'documents'>, pooling: Pooling): Tensor2D {
  const weights = new Float32Array(rows * rows * context);
  for (let row = 0; row < rows; row++) {
    const from = row * context;
    let length = context;
    while (length > 1 && documents?.[from + length - 1] === PADDING) length -= 1;
    const first = pooling === 'last' ? length - 1 : 0;
    for (let at = first; at < length; at++) weights[row * rows * context + from + at] = 1 / (length - first);
  }
  return tensor2d(weights, [rows, rows * context]);
}

/** Rows [n,D] of length 1, and their lengths before [n,1]. */
export function normalised(x: Tensor2D): { units: Tensor2D; lengths: Tensor } {
  const lengths = add(norm(x, 2, 1, true), 1e-12);
  return { units: div(x, lengths), lengths };
}

/** mean ‖a − b‖² over pairs of rows of length 1 (alignment; Wang and Isola, arXiv 2005.10242). */
const alignment = (a: Tensor2D, b: Tensor2D): Tensor => div(sum(mul(sub(a, b), sub(a, b))), a.shape[0]);

/** ln of the mean of e^(−2 ‖a − b‖²) over all pairs of other rows of length 1 (uniformity; Wang and Isola). */
function uniformity(units: Tensor2D): Tensor {
  const [count] = units.shape;
  // ‖a − b‖² = 2 − 2 a·b; a row beside itself has e⁰.
  const pairs = sum(exp(sub(mul(matMul(units, units, false, true), 4), 4)));
  return log(div(sub(pairs, count), Math.max(1, count * (count - 1))));
}

/**
 * −ln softmax of the view's similarity, among those of all texts' second views and of hard negatives, at temperature τ; at the one target of each text.
 * @param rowsEach rows of a text: two views, and a hard negative where there is one
 */
export function contrastiveObjective(temperature: number, pooling: Pooling, rowsEach: 2 | 3): Objective {
  return {
    losses({ batch, hidden, figure }) {
      const texts = batch.rows / rowsEach;
      const places = Array.from({ length: texts }, (_, text) =>
        batch.targets.findIndex((target, at) => target >= 0 && at >= text * rowsEach * batch.context),
      );
      const rowsOf = (part: number) =>
        tensor1d(
          Array.from({ length: texts }, (_, text) => text * rowsEach + part),
          'int32',
        );
      const parts = Array.from({ length: rowsEach }, (_, part) => part);
      const embed = (states: Tensor2D) => {
        const { units, lengths } = normalised(matMul(poolingWeights(batch, pooling), states));
        const [anchors, ...others] = parts.map((part) => gather(units, rowsOf(part))) as [Tensor2D, ...Tensor2D[]];
        const against: Tensor2D = concat(others, 0);
        return {
          units,
          lengths,
          anchors,
          second: others[0]!,
          against,
          scores: div<Tensor2D>(matMul(anchors, against, false, true), temperature),
        };
      };
      const compute = customGrad((states, save) => {
        const given = states as Tensor2D;
        (save as unknown as (tensors: Tensor[]) => void)([given]);
        const { anchors, second, scores } = embed(given);
        figure('alignment', alignment(anchors, second), 1);
        if (texts > 1) figure('uniformity', uniformity(anchors), 1);
        const largest = max(scores, 1, true);
        const all = add(log(sum(exp(sub(scores, largest)), 1)), reshape(largest, [texts]));
        const own = div(sum(mul(anchors, second), 1), temperature);
        const placed = new Float32Array(texts * batch.targets.length);
        places.forEach((place, text) => (placed[text * batch.targets.length + place] = 1));
        const value = reshape(matMul(reshape(sub(all, own), [1, texts]), tensor2d(placed, [texts, batch.targets.length])), [-1]);
        const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor => {
          const again = embed(saved[0] as Tensor2D);
          const upstream = reshape(gather(dy as Tensor1D, tensor1d(places, 'int32')), [texts, 1]);
          const wanted = new Float32Array(texts * again.against.shape[0]);
          for (let text = 0; text < texts; text++) wanted[text * again.against.shape[0] + text] = 1;
          const away = sub(softmax(again.scores), tensor2d(wanted, [texts, again.against.shape[0]]));
          const slopes: Tensor2D = div(mul(away, upstream), temperature);
          const toAnchors = matMul(slopes, again.against);
          const toAgainst = matMul(slopes, again.anchors, true, false);
          const width = given.shape[1];
          const toParts = [toAnchors, ...parts.slice(1).map((_, at) => slice(toAgainst, [at * texts, 0], [texts, width]))];
          // From parts to rows, in which a text's parts follow one another.
          const order = tensor1d(
            Array.from({ length: batch.rows }, (_, row) => (row % rowsEach) * texts + Math.floor(row / rowsEach)),
            'int32',
          );
          const toUnits = gather(concat(toParts, 0), order);
          const toPooled = div<Tensor2D>(sub(toUnits, mul(again.units, sum(mul(again.units, toUnits), 1, true))), again.lengths);
          return matMul(poolingWeights(batch, pooling), toPooled, true, false);
        };
        return { value, gradFunc };
      });
      return compute(hidden()) as Tensor1D;
    },
  };
}
