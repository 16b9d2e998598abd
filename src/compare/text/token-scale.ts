/** The diverging scale of the token view: how strongly a token's loss changed, and the sum over the text. Nats. */
import type { TokenLoss } from '../../contract/evaluation';

export interface TokenChange {
  text: string;
  a: number | null;
  b: number | null;
  /** loss B − loss A; null where nothing predicts the token. */
  delta: number | null;
  direction: 'better' | 'worse' | 'same';
  /** 0 to 1, clipped at the scale's limit. */
  strength: number;
}

export interface TokenChanges {
  tokens: TokenChange[];
  /** |Δ| at which the colour is full. */
  limit: number;
  sum: number;
  mean: number;
  predicted: number;
}

/** Below this a change is rounding, not learning. */
const NOISE = 0.005;
const SMALLEST_LIMIT = 0.5;

/** The limit is the 95th percentile of |Δ|, so that one wild token does not bleach the rest, rounded up to a half nat. */
export function tokenChanges(losses: readonly TokenLoss[]): TokenChanges {
  const deltas = losses.flatMap((token) => (token.a === null || token.b === null ? [] : [token.b - token.a]));
  const sizes = deltas.map(Math.abs).sort((one, other) => one - other);
  const percentile = sizes[Math.min(sizes.length - 1, Math.floor(0.95 * sizes.length))] ?? 0;
  const limit = Math.max(SMALLEST_LIMIT, Math.ceil(percentile * 2) / 2);
  const sum = deltas.reduce((total, delta) => total + delta, 0);
  return {
    limit,
    sum,
    mean: deltas.length > 0 ? sum / deltas.length : 0,
    predicted: deltas.length,
    tokens: losses.map((token) => {
      const delta = token.a === null || token.b === null ? null : token.b - token.a;
      return {
        text: token.text,
        a: token.a,
        b: token.b,
        delta,
        direction: delta === null || Math.abs(delta) < NOISE ? 'same' : delta < 0 ? 'better' : 'worse',
        strength: delta === null ? 0 : Math.min(1, Math.abs(delta) / limit),
      };
    }),
  };
}
