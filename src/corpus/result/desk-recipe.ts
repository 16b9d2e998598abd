/** The default recipe with the prepared channels instead of the bundled texts of their role. */
import { normaliseShares } from '../../core/mixture/mixture';
import type { Channel, ChannelRole, Recipe } from '../../core/recipe/schema';
import { encodeRecipe } from '../../core/recipe/share-link';
import { presets } from '../../lab/desk-recipes';

/** Channels of one role share evenly what that role had; a role without a cleaned channel keeps its bundled texts. */
export function withCorpora(recipe: Recipe, corpora: readonly { id: string; role: ChannelRole }[]): Recipe {
  const channels = (['general', 'domain'] as const).flatMap((role): Channel[] => {
    const before = recipe.channels.filter((channel) => channel.role === role);
    const own = corpora.filter((corpus) => corpus.role === role);
    if (own.length === 0) return before;
    const share = before.reduce((sum, channel) => sum + channel.share, 0) / own.length;
    return own.map(({ id }) => ({ id, corpus: id, role, share }));
  });
  const shares = normaliseShares(Object.fromEntries(channels.map(({ id, share }) => [id, share])));
  return { ...recipe, channels: channels.map((channel) => ({ ...channel, share: shares[channel.id]! })) };
}

export async function deskPathOf(corpora: readonly { id: string; role: ChannelRole }[]): Promise<string> {
  const preset = (await presets()).find(({ id }) => id === 'golden-ratio');
  return preset ? `/desk?recipe=${encodeRecipe(withCorpora(preset.recipe, corpora))}` : '/desk';
}
