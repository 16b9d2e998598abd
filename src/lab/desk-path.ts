/** The desk's address with the default recipe on another base. */
import type { ModelRecord } from '../contract/library';
import { encodeRecipe } from '../core/recipe/share-link';
import { presets } from './presets';

export async function deskPath(model: ModelRecord): Promise<string> {
  const preset = (await presets()).find(({ id }) => id === 'golden-ratio');
  if (!preset) return '/desk';
  const { recipe } = preset;
  return `/desk?recipe=${encodeRecipe({ ...recipe, base: model.id, sequenceLength: Math.min(recipe.sequenceLength, model.context) })}`;
}
