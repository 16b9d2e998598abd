/** Which shares are drawn at a step under the recipe's strategy (METHOD 1). */
import type { Recipe } from '../recipe/schema';
import { normaliseShares, type Shares } from './shares';

/** @param shares the faders, channel id → share; @param step 0-based; @returns shares summing to 1 */
export function effectiveShares(recipe: Pick<Recipe, 'strategy' | 'channels' | 'budget'>, shares: Shares, step: number): Shares {
  const { strategy, budget } = recipe;
  switch (strategy.kind) {
    case 'mixed':
      return normaliseShares(shares);
    case 'domain-only':
      return ofRole(recipe, shares, 'domain');
    case 'general-then-domain':
      return ofRole(recipe, shares, step < Math.round(strategy.generalRatio * budget.steps) ? 'general' : 'domain');
    case 'curriculum': {
      const start = Math.round(strategy.generalRatio * budget.steps);
      const rise = Math.round(strategy.riseRatio * budget.steps);
      if (step < start) return ofRole(recipe, shares, 'general');
      const reached = Math.min(1, (step - start + 1) / (rise + 1));
      const set = normaliseShares(shares);
      const general = ofRole(recipe, shares, 'general');
      return Object.fromEntries(recipe.channels.map(({ id }) => [id, reached * (set[id] ?? 0) + (1 - reached) * general[id]!]));
    }
  }
}

/** The channels of one role in proportion, evenly when their faders are all at zero; the others not at all. */
function ofRole({ channels }: Pick<Recipe, 'channels'>, shares: Shares, role: 'general' | 'domain'): Shares {
  const sum = channels.reduce((total, channel) => total + (channel.role === role ? (shares[channel.id] ?? 0) : 0), 0);
  const weight = (id: string) => (sum > 0 ? (shares[id] ?? 0) : 1);
  return normaliseShares(Object.fromEntries(channels.map((channel) => [channel.id, channel.role === role ? weight(channel.id) : 0])));
}
