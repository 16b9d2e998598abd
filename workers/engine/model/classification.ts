/**
 * A text's label by a head on its hidden states, as transformers' *ForSequenceClassification: logits = score.weight · pooled state, loss = cross-entropy.
 * A row is a text, whose label is the target at the place of its last token. Pooled is the state there, or the mean over the text's tokens.
 */
import {
  argMax,
  cast,
  equal,
  keep,
  matMul,
  softmax,
  sum,
  tensor1d,
  tensor2d,
  zerosLike,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { crossEntropy } from '../ops/cross-entropy';
import { linear } from '../ops/linear';
import type { DecoderModel } from './decoder';
import { tokenLosses, type Batch } from './loss';
import type { Objective } from './objective';

export type Pooling = 'last' | 'mean';

const SCORE = 'score.weight';

/** Place of each row's target in the batch, and the tokens of its text. */
function places({ targets, context, rows }: Batch): { at: number; length: number; label: number }[] {
  return Array.from({ length: rows }, (_, row) => {
    let at = row * context;
    while (at < (row + 1) * context && targets[at]! < 0) at++;
    return { at, length: at - row * context + 1, label: targets[at] ?? -1 };
  });
}

/** [rows, N]: what of the states each row's pooled state is made of. */
function pools(batch: Batch, pooling: Pooling): Tensor2D {
  const width = batch.rows * batch.context;
  const values = new Float32Array(batch.rows * width);
  places(batch).forEach(({ at, length }, row) => {
    if (pooling === 'last') values[row * width + at] = 1;
    else values.fill(1 / length, row * width + at - length + 1, row * width + at + 1);
  });
  return tensor2d(values, [batch.rows, width]);
}

const scoreOf = (model: DecoderModel): Tensor2D => {
  const score = model.parameters.get(SCORE);
  if (!score) throw new Error(`The model has no ${SCORE}`);
  return score as Tensor as Tensor2D;
};

export function classification(pooling: Pooling): Objective {
  return {
    losses({ model, batch, targets, gradient, hidden, figure }) {
      const score = scoreOf(model);
      const states = hidden();
      const last = pools(batch, 'last');
      // A mean goes back to the place of the target, so that the loss is one at that place as any other.
      const pooled = pooling === 'last' ? states : matMul<Tensor2D>(last, matMul(pools(batch, pooling), states), true);
      const logits = linear(matMul<Tensor2D>(last, pooled), score);
      const labels = tensor1d(
        places(batch).map(({ label }) => label),
        'int32',
      );
      figure('accuracy', sum(cast(equal(argMax(logits, 1), labels), 'float32')), batch.rows);
      return crossEntropy(pooled, score, targets, gradient);
    },
  };
}

/** Probabilities of the labels for each row [rows, labels], without dropout. The caller disposes it. */
export function labelProbabilities(model: DecoderModel, batch: Batch, pooling: Pooling): Tensor2D {
  let found: Tensor2D | undefined;
  const reading: Objective = {
    losses({ hidden, targets }) {
      found = keep(softmax(linear(matMul<Tensor2D>(pools(batch, pooling), hidden()), scoreOf(model))));
      return zerosLike(targets);
    },
  };
  tokenLosses(model, { ...batch, objective: reading }).dispose();
  return found!;
}
