/**
 * Diagonal of the Fisher information, as elastic weight consolidation takes it (Kirkpatrick et al., arXiv 1612.00796): for each weight the mean
 * over sequences of (∂ log p(y|x) / ∂θ)², y the labels of a whole sequence. Drawn from the model they give the true Fisher, the text's own the
 * empirical one (Kunstner et al., arXiv 1905.12558).
 */
import { add, div, mul, slice, square, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { DecoderModel } from './decoder';
import { tensorsOf, trainingGradients } from './loss';
import type { Batch } from './loss';

/** Positions whose logits lie on the device at once. */
const BLOCK = 64;

/**
 * A label for each target of a sequence, drawn from what the model predicts there; −1 stays −1.
 * @param uniform numbers in [0, 1), one a target, in order: the only randomness
 */
export async function drawnLabels(model: DecoderModel, batch: Batch, uniform: () => number): Promise<Int32Array<ArrayBuffer>> {
  const { rows, context, targets } = batch;
  const hidden = tidy(() => {
    const { ids, documents } = tensorsOf(batch, model.leading);
    return model.hiddenStates(ids, { batch: rows, context, ...(documents ? { documents } : {}) });
  });
  const labels = Int32Array.from(targets);
  try {
    for (let from = 0; from < labels.length; from += BLOCK) {
      const size = Math.min(BLOCK, labels.length - from);
      const block = tidy(() => model.logits(slice(hidden, [from, 0], [size, hidden.shape[1]])));
      const logits = await block.data<'float32'>();
      const vocabulary = block.shape[1];
      block.dispose();
      for (let at = 0; at < size; at++)
        if (labels[from + at]! >= 0) labels[from + at] = drawn(logits.subarray(at * vocabulary, (at + 1) * vocabulary), uniform());
    }
  } finally {
    hidden.dispose();
  }
  return labels;
}

/** The token at which the sum of softmax, token by token, passes `uniform`. */
function drawn(logits: Float32Array, uniform: number): number {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const weights = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const mark = uniform * weights.reduce((total, weight) => total + weight, 0);
  let total = 0;
  for (const [token, weight] of weights.entries()) {
    total += weight;
    if (total > mark) return token;
  }
  return weights.length - 1;
}

/** Sums squares sequence by sequence, on the device, in float32. */
export class FisherDiagonal {
  private sums = new Map<string, Tensor>();
  private sequences = 0;

  constructor(private readonly model: DecoderModel) {}

  /** @param sequence one row, whose targets are the labels */
  add(sequence: Batch, recompute: boolean): void {
    const { gradients, sums } = trainingGradients(this.model, [sequence], { channels: 1, recompute });
    sums.dispose();
    // The gradients are of the mean over the labels; the Fisher's are of the sum.
    const labels = sequence.targets.reduce((count, target) => count + (target < 0 ? 0 : 1), 0);
    for (const [name, gradient] of gradients) {
      const before = this.sums.get(name);
      const own = tidy(() => {
        const squared = square(mul(gradient, labels));
        return before ? add(before, squared) : squared;
      });
      before?.dispose();
      gradient.dispose();
      this.sums.set(name, own);
    }
    this.sequences += 1;
  }

  /** By the parameters' names; the caller disposes them. */
  mean(): Map<string, Tensor> {
    return new Map([...this.sums].map(([name, sum]) => [name, tidy(() => div(sum, this.sequences))]));
  }

  dispose(): void {
    for (const sum of this.sums.values()) sum.dispose();
    this.sums.clear();
  }
}
