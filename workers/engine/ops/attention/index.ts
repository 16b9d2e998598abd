/**
 * Grouped-query attention, causal or both ways (Ainslie et al., arXiv 2305.13245). The backward recomputes the probabilities from the saved
 * log-sum-exp of each row (Dao, FlashAttention, arXiv 2205.14135), so none are stored.
 */
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { defineGradient, handOut, runKernels } from '../registry';
import { kernels } from '../kernels';

export interface AttentionShape {
  /** Sequences. */
  batch: number;
  /** Tokens of each. */
  context: number;
  heads: number;
  kvHeads: number;
  /** Factor on the scores, 1/√h in Llama. */
  scale: number;
  /** A token sees itself and at most window − 1 tokens before it (Mistral's sliding window); 0 or absent: all before it. */
  window?: number | undefined;
  /** A token sees those behind it as it sees those before it; not with virtual tokens. */
  bidirectional?: boolean | undefined;
  /** Scores become cap · tanh(score / cap) (Gemma 2); absent: they stay. */
  cap?: number | undefined;
}

export type AttentionAttributes = AttentionShape;

/** The documents ride along on the tape as an attribute too: tfjs cannot save an input that may be absent. */
type TapeAttributes = AttentionShape & { documents?: Tensor1D };

/**
 * q [N,H·h], k [N,K·h], v [N,K·h] → [N,H·h]. Query head i reads key-value head ⌊i·K/H⌋. A token sees itself and earlier (or all) tokens
 * of its sequence, within the shape's window; with `documents` (int32 [N]) only those with the same document id.
 * A sequence may begin with n virtual tokens, of documents −n … −1, that every document sees as if they stood right before it; the id of a
 * document is then the place of its first token in the sequence. When gradients are taken, `documents` must
 * have been made outside the function that tfjs differentiates: the tape holds it without saving it.
 */
export function attention(q: Tensor2D, k: Tensor2D, v: Tensor2D, shape: AttentionShape, documents?: Tensor1D): Tensor2D {
  const attributes: TapeAttributes = documents ? { ...shape, documents } : shape;
  const [out, lse] = runKernels(kernels.Attention, { q, k, v, documents }, attributes);
  lse!.dispose();
  return out as Tensor2D;
}

defineGradient<TapeAttributes>({
  kernel: kernels.Attention,
  saveInputs: ['q', 'k', 'v'],
  saveOutputs: [true, true],
  gradient: ([dout], [q, k, v, out, lse], { documents, ...shape }) =>
    handOut(['q', 'k', 'v'], runKernels(kernels.AttentionGrad, { q, k, v, out, lse, dout, documents }, shape)),
});
