/** A person's own text and the change of each token's loss, A → B. */
import { create } from 'zustand';
import type { ErrorRecord } from '../../core/errors';
import { lab } from '../../lab/lab';
import { pickedWeights } from '../measures-store';
import { useCompare } from '../store';
import { tokenChanges, type TokenChanges } from './token-scale';

interface TokensState {
  text: string;
  changes: TokenChanges | null;
  error: ErrorRecord | null;
  setText(text: string): void;
  scoreText(): Promise<void>;
}

export const useTokens = create<TokensState>()((set, get) => ({
  text: '',
  changes: null,
  error: null,
  setText: (text) => set({ text }),
  scoreText: () =>
    useCompare.getState().engage(
      'score',
      async () => {
        const [a, b] = pickedWeights();
        const { text } = get();
        const { address } = useCompare.getState();
        if (!a || !b || text.trim() === '') return;
        set({ error: null });
        const losses = await lab.trainer.tokenLosses(a.weights, b.weights, text);
        if (useCompare.getState().address === address) set({ changes: tokenChanges(losses) });
      },
      (error) => set({ error }),
    ),
}));

useCompare.subscribe((state, before) => {
  if (state.address !== before.address) useTokens.setState({ changes: null, error: null });
});
