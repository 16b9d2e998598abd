/** Pure edits of a recipe's channels: whatever is done, the shares sum to 1 again. */
import { moveFader, normaliseShares, type Shares } from '../core/mixture/shares';
import type { Channel, ChannelRole, Recipe } from '../core/recipe/schema';

/** Share a channel starts with when it joins a mixture. */
const ENTRY_SHARE = 0.1;

export function sharesOf(recipe: Pick<Recipe, 'channels'>): Shares {
  return Object.fromEntries(recipe.channels.map(({ id, share }) => [id, share]));
}

export function withShares(recipe: Recipe, shares: Shares): Recipe {
  return { ...recipe, channels: recipe.channels.map((channel) => ({ ...channel, share: shares[channel.id] ?? channel.share })) };
}

/** A new channel at the end of its role's group; the others make room in proportion. */
export function addChannel(recipe: Recipe, corpus: { id: string; role: ChannelRole }): Recipe {
  if (recipe.channels.some(({ id }) => id === corpus.id)) return recipe;
  const added: Channel = { id: corpus.id, corpus: corpus.id, role: corpus.role, share: 0 };
  const next = { ...recipe, channels: [...recipe.channels, added] };
  return withShares(next, moveFader(sharesOf(next), corpus.id, ENTRY_SHARE, { locked: new Set() }));
}

/** Without the channel; the others take its share. The last channel stays. */
export function removeChannel(recipe: Recipe, id: string): Recipe {
  const channels = recipe.channels.filter((channel) => channel.id !== id);
  if (channels.length === 0 || channels.length === recipe.channels.length) return recipe;
  const sum = channels.reduce((total, { share }) => total + share, 0);
  const weights = Object.fromEntries(channels.map((channel) => [channel.id, sum > 0 ? channel.share : 1]));
  return withShares({ ...recipe, channels }, normaliseShares(weights));
}

/** Another text in the same strip, at the same share. */
export function swapChannel(recipe: Recipe, id: string, corpus: { id: string; role: ChannelRole }): Recipe {
  if (recipe.channels.some((channel) => channel.id === corpus.id)) return recipe;
  const channels = recipe.channels.map((channel) =>
    channel.id === id ? { ...channel, id: corpus.id, corpus: corpus.id, role: corpus.role } : channel,
  );
  return { ...recipe, channels };
}
