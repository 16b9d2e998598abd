import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { recipeSchema } from '../../core/recipe/schema';
import { withCorpora } from './desk-recipe';

const path = new URL('../../../public/recipes/golden-ratio.json', import.meta.url);
const golden = recipeSchema.parse((JSON.parse(readFileSync(path, 'utf8')) as { recipe: unknown }).recipe);
const shares = (corpora: Parameters<typeof withCorpora>[1]) =>
  Object.fromEntries(recipeSchema.parse(withCorpora(golden, corpora)).channels.map(({ id, share }) => [id, Number(share.toFixed(4))]));

it('puts cleaned channels in the place of the bundled ones of their role, and keeps the ratio of the roles', () => {
  expect(shares([{ id: 'w-1', role: 'domain' }])).toEqual({ zh: 0.35, en: 0.35, code: 0.133, 'w-1': 0.167 });
  expect(
    shares([
      { id: 'w-1', role: 'domain' },
      { id: 'w-2', role: 'general' },
      { id: 'w-3', role: 'general' },
    ]),
  ).toEqual({ 'w-2': 0.4165, 'w-3': 0.4165, 'w-1': 0.167 });
});
