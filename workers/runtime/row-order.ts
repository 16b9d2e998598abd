/** In which order a recipe draws the rows of a channel: shuffled, or under a curriculum by difficulty. */
import { effectiveShares } from '../../src/core/mixture/strategy';
import type { Recipe } from '../../src/core/recipe/schema';
import type { ChannelTokens } from './channel-tokens';
import { windowCount } from './channel-stream';
import { curriculumOf, tokenRarity, windowDifficulty, type Curriculum } from './curriculum';

/** By channel id; null where rows are shuffled. General text always is. */
export function rowOrders(recipe: Recipe, texts: readonly Pick<ChannelTokens, 'id' | 'train'>[]): Record<string, Curriculum | null> {
  const roles = new Map(recipe.channels.map(({ id, role }) => [id, role]));
  if (recipe.strategy.kind !== 'curriculum') return Object.fromEntries(texts.map(({ id }) => [id, null]));
  const rarity = tokenRarity(texts.flatMap(({ id, train }) => (roles.get(id) === 'general' ? [train] : [])));
  return Object.fromEntries(
    texts.map(({ id, train }) => {
      if (roles.get(id) === 'general') return [id, null];
      const windows = windowCount(train.length, recipe.sequenceLength);
      return [id, curriculumOf(windowDifficulty(train, recipe.sequenceLength, windows, rarity), expectedRows(recipe, id))];
    }),
  );
}

/** Rows of a channel over the whole run, with the shares the recipe starts with. */
function expectedRows(recipe: Recipe, id: string): number {
  const shares = Object.fromEntries(recipe.channels.map((channel) => [channel.id, channel.share]));
  const perStep = recipe.batchSize * recipe.gradientAccumulationSteps;
  let rows = 0;
  for (let step = 0; step < recipe.budget.steps; step++) rows += effectiveShares(recipe, shares, step)[id]! * perStep;
  return Math.max(1, Math.round(rows));
}
