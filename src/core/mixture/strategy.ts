/** Which shares are drawn at a step under the recipe's strategy (METHOD: mixed, general then domain, domain only). */
import type { Recipe } from '../recipe/schema';
import { normaliseShares, type Shares } from './shares';

/** @param shares the faders, channel id → share; @param step 0-based; @returns shares summing to 1 */
export function effectiveShares(recipe: Pick<Recipe, 'strategy' | 'channels' | 'budget'>, shares: Shares, step: number): Shares {
  const { strategy } = recipe;
  if (strategy.kind === 'mixed') return normaliseShares(shares);
  const general = strategy.kind === 'general-then-domain' && step < Math.round(strategy.generalRatio * recipe.budget.steps);
  const role = general ? 'general' : 'domain';
  const chosen = recipe.channels.filter((channel) => channel.role === role);
  const sum = chosen.reduce((total, channel) => total + (shares[channel.id] ?? 0), 0);
  const weight = (id: string) => (sum > 0 ? (shares[id] ?? 0) : 1);
  return normaliseShares(Object.fromEntries(recipe.channels.map((c) => [c.id, c.role === role ? weight(c.id) : 0])));
}
