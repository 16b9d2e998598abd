/** A recipe that a page hands to the desk, with what it changes: given once, taken once. */
import type { RecipeDifference } from '../core/recipe/diff';
import type { Recipe } from '../core/recipe/schema';

export interface NextRecipe {
  recipe: Recipe;
  changes: readonly RecipeDifference[];
}

let waiting: NextRecipe | null = null;

export function handToDesk(next: NextRecipe): void {
  waiting = next;
}

export function takeNextRecipe(): NextRecipe | null {
  const next = waiting;
  waiting = null;
  return next;
}
