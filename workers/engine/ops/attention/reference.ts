import {
  abs,
  add,
  cast,
  div,
  equal,
  exp,
  greaterEqual,
  less,
  log,
  logicalAnd,
  logicalOr,
  matMul,
  max,
  mul,
  range,
  reshape,
  square,
  sub,
  sum,
  transpose,
  where,
} from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../../src/contract/device';
import { registerReferenceKernel } from '../registry';
import { kernels } from '../kernels';
import { softCapped } from '../activation';
import type { AttentionAttributes, AttentionShape } from '.';

/** Added to the score of a pair that must not attend: e^(masked − max) is exactly 0, and unlike −∞ it is safe in WGSL. */
const masked = -1e30;

interface AttentionInputs {
  q: Tensor2D;
  k: Tensor2D;
  v: Tensor2D;
  documents?: Tensor1D;
}

/** [N, heads·h] → [B, heads, T, h] */
function byHead(x: Tensor, heads: number, { batch, context }: AttentionShape): Tensor {
  return transpose(reshape(x, [batch, context, heads, x.shape[1]! / heads]), [0, 2, 1, 3]);
}

/** [B, heads, T, h] → [N, heads·h] */
function byToken(x: Tensor, heads: number, { batch, context }: AttentionShape): Tensor {
  return reshape(transpose(reshape(x, [batch, heads, context, x.size / (batch * heads * context)]), [0, 2, 1, 3]), [batch * context, -1]);
}

/** Query heads that share a key-value head are stacked along the tokens: [B·K, (H/K)·T, h]. Keys: groups = 1. */
function stacked(x: Tensor, heads: number, shape: AttentionShape): Tensor {
  return reshape(byHead(x, heads, shape), [shape.batch * shape.kvHeads, (heads / shape.kvHeads) * shape.context, -1]);
}

/** 0 where the pair may attend, else `masked`: [1 or B, 1, T, T]. */
function mask({ batch, context, window, bidirectional }: AttentionShape, documents: Tensor1D | undefined): Tensor {
  const positions = range(0, context, 1, 'int32');
  const [own, other] = [reshape(positions, [1, 1, context, 1]), reshape(positions, [1, 1, 1, context])];
  const ahead = bidirectional ? abs(sub(own, other)) : sub(own, other);
  const earlier = greaterEqual(ahead, 0);
  const causal = window ? logicalAnd(earlier, less(ahead, window)) : earlier;
  if (documents) {
    const [from, of] = [reshape(documents, [batch, 1, context, 1]), reshape(documents, [batch, 1, 1, context])];
    const [isVirtual, apart] = [less(of, 0), ahead];
    const distance = where(logicalAnd(isVirtual, greaterEqual(from, 0)), sub(sub(own, from), of), apart);
    const near = logicalAnd(earlier, less(distance, window || context));
    return mul(sub(1, cast(logicalAnd(near, logicalOr(isVirtual, equal(of, from))), 'float32')), masked);
  }
  return mul(sub(1, cast(causal, 'float32')), masked);
}

/** Scaled and capped scores [B, H, T, T]. */
function scores(q: Tensor, k: Tensor, { batch, context, heads, scale, cap }: AttentionShape): Tensor {
  const products = mul(reshape(matMul(q, k, false, true), [batch, heads, context, context]), scale);
  return cap ? softCapped(products, cap) : products;
}

export function attentionReference({ q, k, v, documents }: AttentionInputs, shape: AttentionAttributes): Tensor[] {
  const { batch, context, heads, kvHeads } = shape;
  const pairs = add(scores(stacked(q, heads, shape), stacked(k, kvHeads, shape), shape), mask(shape, documents));
  const largest = max(pairs, 3, true);
  const weights = exp(sub(pairs, largest));
  const total = sum(weights, 3, true);
  const mixed = matMul(reshape(weights, [batch * kvHeads, -1, context]), stacked(v, kvHeads, shape));
  const out = div(reshape(mixed, [batch, heads, context, -1]), total);
  const lse = add(log(total), largest);
  return [byToken(out, heads, shape), byToken(lse, heads, shape)];
}

/** dS = P ∘ (dO·vᵀ − Σ dO∘O) · scale, times 1 − (score/cap)² where scores are capped; from which dq = dS·k, dk = dSᵀ·q; dv = Pᵀ·dO. */
export function attentionGradReference(
  { q, k, v, out, lse, dout, documents }: AttentionInputs & { out: Tensor2D; lse: Tensor2D; dout: Tensor2D },
  shape: AttentionAttributes,
): Tensor[] {
  const { batch, context, heads, kvHeads } = shape;
  const [queries, keys, values] = [stacked(q, heads, shape), stacked(k, kvHeads, shape), stacked(v, kvHeads, shape)];
  const upstream = stacked(dout, heads, shape);
  const pairs = scores(queries, keys, shape);
  const probabilities = exp(sub(add(pairs, mask(shape, documents)), byHead(lse, heads, shape)));
  const inner = sum(mul(byHead(dout, heads, shape), byHead(out, heads, shape)), 3, true);
  const dProbabilities = reshape(matMul(upstream, values, false, true), [batch, heads, context, context]);
  const dCapped = mul(mul(probabilities, sub(dProbabilities, inner)), shape.scale);
  const dScores = reshape(shape.cap ? mul(dCapped, sub(1, square(div(pairs, shape.cap)))) : dCapped, [batch * kvHeads, -1, context]);
  const dq = matMul(dScores, keys);
  const dk = matMul(dScores, queries, true, false);
  const dv = matMul(reshape(probabilities, [batch * kvHeads, -1, context]), upstream, true, false);
  return [byToken(dq, heads, shape), byToken(dk, kvHeads, shape), byToken(dv, kvHeads, shape)];
}

export function registerReference(backend: BackendName): void {
  registerReferenceKernel(kernels.Attention, backend, attentionReference);
  registerReferenceKernel(kernels.AttentionGrad, backend, attentionGradReference);
}
