import { expect, test } from 'vitest';
import golden from '../../../public/recipes/golden-ratio.json';
import { parseRecipe } from '../recipe/parse';
import { sharesOf } from '../recipe/edits';
import { expertOf, expertRecipe, mixtureOf, mixtureRecipe, rankAgreement, sharesAlong, spearmanInterval } from './experts';
import { spearman } from '../metrics/statistics';

const recipe = parseRecipe(golden.recipe);

test('an expert draws from one channel for a tenth of the steps, and is known by that', () => {
  const expert = parseRecipe(expertRecipe(recipe, 'code', 'expert code'));
  expect(expert.channels).toEqual([{ ...recipe.channels.find(({ id }) => id === 'code'), share: 1 }]);
  expect(expert.budget.steps).toBe(Math.round(recipe.budget.steps / 10));
  expect(expertOf(expert, recipe)).toBe('code');
  expect(expertOf(recipe, recipe)).toBeNull();
  expect(expertOf({ ...expert, base: 'another' }, recipe)).toBeNull();
});

test('a mixture keeps the proportions of the general channels, and only runs on the same text are mixtures', () => {
  const half = parseRecipe(mixtureRecipe(recipe, 0.5, 'half'));
  expect(sharesOf(half)['domain']).toBeCloseTo(0.5, 12);
  expect(sharesOf(half)['zh']! / sharesOf(half)['code']!).toBeCloseTo(sharesOf(recipe)['zh']! / sharesOf(recipe)['code']!, 9);
  expect(mixtureOf(half, recipe)).toEqual(sharesOf(half));
  expect(mixtureOf(expertRecipe(recipe, 'code', ''), recipe)).toBeNull();
  expect(mixtureOf({ ...half, channels: half.channels.map((one) => ({ ...one, corpus: 'other' })) }, recipe)).toBeNull();
  expect(mixtureOf({ ...half, budget: { steps: 7 } }, recipe)).toBeNull();
  expect(mixtureOf({ ...half, seed: 7 }, recipe)).not.toBeNull();
  expect(sharesAlong(recipe, 3).map(({ domain }) => domain)).toEqual([0, 0.5, 1]);
});

// scipy.stats.spearmanr
test('Spearman’s ρ, with ties', () => {
  expect(spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7])).toBeCloseTo(0.8207826816681233, 12);
  expect(spearman([1, 2, 3], [3, 2, 1])).toBe(-1);
  expect(spearman([1, 1, 1], [3, 2, 1])).toBeNull();
});

test('its interval is Bonett and Wright’s, and says nothing up to three values', () => {
  const { low, high } = spearmanInterval(0.8, 20);
  // tanh(atanh 0.8 ± 1.959964 · √(1.32 / 17))
  expect(low).toBeCloseTo(0.50236, 5);
  expect(high).toBeCloseTo(0.92814, 5);
  expect(spearmanInterval(1, 3)).toEqual({ low: -1, high: 1 });
});

test('pairs that are ordered alike, and what they say', () => {
  const mixtures = (flip: boolean) =>
    [1, 2, 3, 4].map((at) => ({ predicted: { a: at, b: -at }, measured: { a: at * 2, b: flip && at === 4 ? 5 : -at } }));
  const same = rankAgreement(mixtures(false))!;
  expect(same).toMatchObject({ alike: 12, pairs: 12, verdict: 'agree', rho: { a: { value: 1 }, b: { value: 1 } } });
  // The last of four leaves its place in one channel: three pairs of twelve.
  expect(rankAgreement(mixtures(true))).toMatchObject({ alike: 9, pairs: 12, verdict: 'open' });
  expect(rankAgreement(mixtures(false).slice(0, 1))).toBeNull();
});
