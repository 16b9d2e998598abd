/** Recipes for tests: presets as they are served, and a run small enough to end in seconds. */
import { readFileSync } from 'node:fs';
import { recipeWith } from '../../src/core/run/example-run';
import { recipeSchema, type Channel, type Recipe, type RecipeInput } from '../../src/core/recipe/schema';

export function preset(id: string): { recipe: Recipe; title: { en: string; zh: string } } {
  const path = new URL(`../../public/recipes/${id}.json`, import.meta.url);
  const { recipe, title } = JSON.parse(readFileSync(path, 'utf8')) as { recipe: unknown; title: { en: string; zh: string } };
  return { recipe: recipeSchema.parse(recipe), title };
}

/** Two texts keep the tokenizing short. */
export const EN_AND_DOMAIN: Channel[] = [
  { id: 'en', corpus: 'en', role: 'general', share: 0.5 },
  { id: 'domain', corpus: 'domain', role: 'domain', share: 0.5 },
];

type Changes = Partial<Omit<Recipe, 'schedule' | 'budget' | 'batchSize' | 'evaluation'>> & {
  evaluation?: RecipeInput['evaluation'];
  steps?: number;
  rows?: number;
  lr?: number;
  schedule?: Partial<Recipe['schedule']>;
};

/** 12 steps of 4 × 32 tokens on the bundled base, evaluated at 0, 6 and 12, saved at 6 and 12. */
export function tinyRecipe({ steps = 12, rows = 4, lr = 1e-3, schedule, ...changes }: Changes = {}): Recipe {
  return recipeWith({
    name: 'tiny',
    sequenceLength: 32,
    channels: EN_AND_DOMAIN,
    schedule: { kind: 'constant', peakLr: lr, warmup: { unit: 'steps', value: 0 }, ...schedule },
    batchSize: rows,
    budget: { steps },
    evaluation: { everySteps: 6, rowsPerChannel: 2 },
    saving: { everySteps: 6, keep: 3 },
    logging: { everySteps: 2 },
    seed: 7,
    ...changes,
  });
}
