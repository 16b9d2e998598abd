/**
 * Memory that training takes at f32. Weights, gradients and the two AdamW moments are exact (4 bytes a parameter each);
 * activations count what the backward pass of a decoder-only transformer reads, layer by layer, without recomputation.
 */
export interface ModelShape {
  parameters: number;
  layers: number;
  width: number;
  feedForward: number;
  /** Vectors of that width which a layer keeps: gate, up and their product, or what goes into GELU and what comes out. */
  feedForwardStates: number;
  heads: number;
  keyValueHeads: number;
  headWidth: number;
  /** Queries and keys are kept once more, before their norm. */
  normedHeads: boolean;
  vocabulary: number;
}

export interface TrainingMemory {
  /** All in bytes. */
  weights: number;
  gradients: number;
  moments: number;
  activations: number;
  total: number;
}

const FLOAT_BYTES = 4;

/** rows × context tokens are in flight at once (accumulation does not add to it). */
export function trainingMemory(shape: ModelShape, rows: number, context: number): TrainingMemory {
  const queries = shape.heads * shape.headWidth;
  const keys = shape.keyValueHeads * shape.headWidth;
  // Per token and layer: two residual inputs, two normed inputs, q, k, v, attention's output, the feed-forward part's inner
  // states, and one row of attention probabilities per head.
  const attention = 2 * queries + 2 * keys + (shape.normedHeads ? queries + keys : 0);
  const perLayer = 4 * shape.width + attention + shape.feedForwardStates * shape.feedForward + shape.heads * context;
  // The head: last hidden state, and the logits of the vocabulary.
  const perToken = shape.layers * perLayer + 2 * shape.width + shape.vocabulary;
  const weights = shape.parameters * FLOAT_BYTES;
  const activations = rows * context * perToken * FLOAT_BYTES;
  return { weights, gradients: weights, moments: 2 * weights, activations, total: 4 * weights + activations };
}
