/**
 * Tokenizes the recipe's texts while the person still reads, so that Run starts at once. The shards are those the run itself
 * would make, under the same lock; a fault here is left for Run to report.
 */
import { useEffect } from 'react';
import { useDevice } from '../lab/device-store';
import { lab } from '../lab/lab';
import { useActive } from './live-settings';
import { useRecipe } from './recipe-store';

/** The page comes first. */
const WAIT_MS = 400;

export function useWarmStart(): void {
  const open = useDevice((state) => state.device.kind === 'open');
  const active = useActive();
  const key = useRecipe(({ recipe }) =>
    recipe?.runnable ? JSON.stringify([recipe.base, [...new Set(recipe.channels.map(({ corpus }) => corpus))]]) : null,
  );
  useEffect(() => {
    if (!open || active || key === null) return;
    const [base, corpora] = JSON.parse(key) as [string, string[]];
    const timer = setTimeout(() => {
      lab.tokenizer.prepare(base, corpora, () => {}).catch(() => {});
    }, WAIT_MS);
    return () => clearTimeout(timer);
  }, [open, active, key]);
}
