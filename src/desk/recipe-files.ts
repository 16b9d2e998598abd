/** A recipe as a file and as a link. */
import { parseRecipeText } from '../core/recipe/parse';
import type { Recipe } from '../core/recipe/schema';
import { encodeRecipe } from '../core/recipe/share-link';
import { saveFile } from '../ui/save-file';

export function recipeLink(recipe: Recipe): string {
  const url = new URL(window.location.href);
  url.hash = `/desk?recipe=${encodeRecipe(recipe)}`;
  return url.href;
}

export function downloadRecipe(recipe: Recipe): void {
  saveFile(new Blob([`${JSON.stringify(recipe, null, 2)}\n`], { type: 'application/json' }), `${recipe.name}.recipe.json`);
}

/** @throws StudioError `recipe-invalid` naming the field */
export async function readRecipeFile(file: File): Promise<Recipe> {
  return parseRecipeText(await file.text());
}
