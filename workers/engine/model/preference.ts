/**
 * Learning from pairs of answers of which one is preferred: as a reward model (Bradley and Terry 1952; Ouyang et al., arXiv 2203.02155), or at once
 * in the policy (direct preference optimisation, Rafailov et al., arXiv 2305.18290). Both make of a pair a margin x and lose −log σ(x) by it.
 * The rows of a batch are pairs, the chosen answer's row before the rejected one's.
 */
import { add, customGrad, greater, mul, neg, reshape, sigmoid, softplus, sub, sum, tensor1d } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { scaled } from '../ops/add';
import { crossEntropy } from '../ops/cross-entropy';
import { linear } from '../ops/linear';
import type { DecoderModel } from './decoder';
import { tokenLosses, type Batch } from './loss';
import type { Objective, Pass, Prepared } from './objective';

/** f(x) by element, with f'(x) for the backward pass. */
export function elementwise(x: Tensor1D, make: (x: Tensor1D) => { value: Tensor1D; slope: Tensor1D }): Tensor1D {
  const compute = customGrad((input, keeping) => {
    const { value, slope } = make(input as Tensor1D);
    (keeping as unknown as (tensors: Tensor[]) => void)([slope]);
    return { value, gradFunc: (dy: Tensor, saved: Tensor[]) => mul(dy, saved[0]!) };
  });
  return compute(x);
}

/** x [N,1] → [N] */
export function flattened(x: Tensor2D): Tensor1D {
  const compute = customGrad((input) => ({ value: reshape(input as Tensor, [-1]), gradFunc: (dy: Tensor) => reshape(dy, x.shape) }));
  return compute(x) as Tensor1D;
}

/** x [rows·context] → Σ weight · x of each pair of rows [pairs]. */
function pairSums(x: Tensor1D, weights: Tensor1D, pairs: number): Tensor1D {
  const compute = customGrad((input, factors, keeping) => {
    (keeping as unknown as (tensors: Tensor[]) => void)([factors as Tensor]);
    const value = sum(reshape(mul(input as Tensor, factors as Tensor), [pairs, -1]), 1);
    const gradFunc = (dy: Tensor, [of]: Tensor[]) => {
      const byPlace = reshape(mul(reshape(dy, [pairs, 1]), reshape(of!, [pairs, -1])), [-1]);
      return [byPlace, byPlace];
    };
    return { value, gradFunc };
  });
  return compute(x, weights) as Tensor1D;
}

/** A number of each pair [pairs] → at the places that are marked [rows·context], 0 elsewhere. */
export function placed(ofPairs: Tensor1D, places: Tensor1D): Tensor1D {
  const pairs = ofPairs.size;
  const compute = customGrad((input, marks, keeping) => {
    (keeping as unknown as (tensors: Tensor[]) => void)([marks as Tensor]);
    const value = reshape(mul(reshape(input as Tensor, [pairs, 1]), reshape(marks as Tensor, [pairs, -1])), [-1]);
    const gradFunc = (dy: Tensor, [of]: Tensor[]) => {
      const ofPair = sum(reshape(mul(dy, of!), [pairs, -1]), 1);
      return [ofPair, dy];
    };
    return { value, gradFunc };
  });
  return compute(ofPairs, places) as Tensor1D;
}

/** −(1 − ε) · log σ(x) − ε · log σ(−x) of each margin; ε is how often a pair is believed to be the wrong way round (Mitchell 2023). */
export function marginLosses(margins: Tensor1D, smoothing = 0): Tensor1D {
  return elementwise(margins, (x) => {
    const right: Tensor1D = softplus(neg(x));
    // log σ(−x) = log σ(x) − x, so that the two are −log σ(x) + ε · x together, and the slope is ε − σ(−x).
    return { value: add(right, mul(x, smoothing)), slope: sub(smoothing, sigmoid(neg(x))) };
  });
}

/** [pairs]: β · (how much more the policy prefers the chosen answer than the reference does), from the answers' nll [rows·context]. */
export function dpoMargins(nll: Tensor1D, reference: Tensor1D, beta: number): Tensor1D {
  const pairs = reference.size;
  const context = nll.size / pairs / 2;
  // −1 in the row of a chosen answer and 1 in that of a rejected one: nll is −log p.
  const sides = Float32Array.from({ length: nll.size }, (_, at) => (Math.floor(at / context) % 2 === 0 ? -1 : 1));
  return scaled(add(pairSums(nll, tensor1d(sides), pairs), neg(reference)), beta);
}

/** What lies in a row: tokens of the prompt, then those of the answer, `length` together. */
export interface AnswerRow {
  prompt: number;
  length: number;
}

/** [rows·context]: the answers' tokens, each at the place before it; −1 elsewhere. */
function answerTargets({ rows, context, ids }: Pick<Batch, 'rows' | 'context' | 'ids'>, lying: readonly AnswerRow[]): Int32Array {
  const targets = new Int32Array(rows * context).fill(-1);
  lying.forEach(({ prompt, length }, row) => {
    for (let at = prompt - 1; at < length - 1; at++) targets[row * context + at] = ids[row * context + at + 1]!;
  });
  return targets;
}

/** Loss of each pair at its marked place, and for the log how many pairs are the right way round and by how much. */
function pairLosses({ batch, figure }: Pass, margins: Tensor1D, losses: Tensor1D): Tensor1D {
  const places = tensor1d(Float32Array.from(batch.targets, (target) => Number(target >= 0)));
  figure('accuracy', sum(mul(greater(margins, 0), 1)), margins.size);
  figure('margin', sum(margins), margins.size);
  return placed(losses, places);
}

/** A score of an answer by the head `score`, read at its last token. @param margins by how much each pair's scores are to differ */
export function rewardObjective(lying: readonly AnswerRow[], margins: readonly number[]): Objective {
  return {
    losses(pass) {
      const { model, batch } = pass;
      const head = model.parameters.get('score.weight') as Tensor | undefined as Tensor2D;
      const signs = new Float32Array(batch.rows * batch.context);
      lying.forEach(({ length }, row) => (signs[row * batch.context + length - 1] = row % 2 === 0 ? 1 : -1));
      const scores = flattened(linear(pass.hidden(), head));
      const ahead = pairSums(scores, tensor1d(signs), margins.length);
      return pairLosses(pass, ahead, marginLosses(add(ahead, tensor1d(margins.map((margin) => -margin)))));
    },
  };
}

export interface DpoOptions {
  /** How strongly the policy is held to the reference. */
  beta: number;
  labelSmoothing: number;
}

/** @param pairs numbers of the pairs, in the order of the rows */
export function dpoObjective(
  lying: readonly AnswerRow[],
  pairs: readonly number[],
  options: DpoOptions,
  references: PairReferences,
): Objective {
  return {
    prepare: (batch, by) => references.look(batch, lying, pairs, by),
    losses(pass) {
      const { model, batch } = pass;
      const targets = tensor1d(answerTargets(batch, lying), 'int32');
      const cap = model.config.softCaps.logits ?? undefined;
      const nll = crossEntropy(pass.hidden(), model.headWeight(), targets, undefined, cap);
      const margins = dpoMargins(nll, tensor1d(pairs.map((pair) => references.margin(pair))), options.beta);
      return pairLosses(pass, margins, marginLosses(margins, options.labelSmoothing));
    },
  };
}

/** How much the reference prefers the chosen answer of each pair: log p(chosen) − log p(rejected), asked once a pair. */
export class PairReferences {
  private readonly margins = new Map<number, number>();

  margin(pair: number): number {
    return this.margins.get(pair)!;
  }

  /** A pair is looked at alone, so that its value does not depend on the batch that it is first drawn in. */
  async look({ context, ids }: Batch, lying: readonly AnswerRow[], pairs: readonly number[], by: Prepared): Promise<void> {
    for (const [at, pair] of pairs.entries()) {
      if (this.margins.has(pair)) continue;
      const own = lying.slice(2 * at, 2 * at + 2);
      const longest = Math.max(...own.map(({ length }) => length));
      const cut = new Int32Array(2 * longest);
      for (const row of [0, 1]) cut.set(ids.subarray((2 * at + row) * context, (2 * at + row) * context + longest), row * longest);
      const alone = { rows: 2, context: longest, ids: cut, channels: new Int32Array(2) };
      const losses = withReference(by, (reference) => tokenLosses(reference, { ...alone, targets: answerTargets(alone, own) }));
      const nll = await losses.data<'float32'>();
      losses.dispose();
      const sides = [nll.subarray(0, longest), nll.subarray(longest)].map((row) => row.reduce((total, one) => total + one, 0));
      this.margins.set(pair, sides[1]! - sides[0]!);
    }
  }
}

/** What is computed with the weights that the run began with: those of the base, or of the model without what is trained beside it. */
export function withReference<T>({ model, base }: Pick<Prepared, 'model' | 'base'>, compute: (reference: DecoderModel) => T): T {
  if (base) return compute(base);
  const { usesPrompt } = model;
  model.usesPrompt = false;
  try {
    return model.withoutAdapter(() => compute(model));
  } finally {
    model.usesPrompt = usesPrompt;
  }
}
