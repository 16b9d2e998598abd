/** A person's own text and the change of each token's loss from A to B or the third, in nats, with the scale of its colours. */
import { create } from 'zustand';
import type { TokenLoss } from '../../contract/evaluation';
import type { ErrorRecord } from '../../core/errors';
import { lab } from '../../lab/lab';
import { pickedWeights } from '../measures';
import { useCompare } from '../store';

export interface TokenChange {
  text: string;
  a: number | null;
  b: number | null;
  /** Absent without a third. */
  c?: number | null;
  /** Loss of the one that is looked at − loss A; null where nothing predicts the token. */
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
export function tokenChanges(losses: readonly TokenLoss[], versus: 'b' | 'c' = 'b'): TokenChanges {
  const change = (token: TokenLoss) => {
    const other = token[versus] ?? null;
    return token.a === null || other === null ? null : other - token.a;
  };
  const deltas = losses.flatMap((token) => change(token) ?? []);
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
      const delta = change(token);
      return {
        ...token,
        delta,
        direction: delta === null || Math.abs(delta) < NOISE ? 'same' : delta < 0 ? 'better' : 'worse',
        strength: delta === null ? 0 : Math.min(1, Math.abs(delta) / limit),
      };
    }),
  };
}

interface TokensState {
  text: string;
  losses: readonly TokenLoss[] | null;
  /** The tuned weights that A is held against. */
  versus: 'b' | 'c';
  error: ErrorRecord | null;
  setText(text: string): void;
  holdAgainst(versus: 'b' | 'c'): void;
  scoreText(): Promise<void>;
}

export const useTokens = create<TokensState>()((set, get) => ({
  text: '',
  losses: null,
  versus: 'b',
  error: null,
  holdAgainst: (versus) => set({ versus }),
  setText: (text) => set({ text }),
  scoreText: () =>
    useCompare.getState().engage(
      'score',
      async () => {
        const [a, b, c] = pickedWeights();
        const { text } = get();
        const { address } = useCompare.getState();
        if (!a || !b || text.trim() === '') return;
        set({ error: null });
        const losses = await lab.trainer.tokenLosses(a.weights, b.weights, text, c?.weights);
        if (useCompare.getState().address === address) set({ losses });
      },
      (error) => set({ error }),
    ),
}));

useCompare.subscribe((state, before) => {
  if (state.address !== before.address) useTokens.setState({ losses: null, versus: 'b', error: null });
});
