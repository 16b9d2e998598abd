/** Readable difference of two recipes, field by field. */
import type { Recipe } from './schema';

export interface RecipeDifference {
  /** Dotted path, channels by id: `channels.domain.share`. */
  field: string;
  /** As the desk writes it: "3.0e-4", "16.7 %"; a dash where the recipe has no such field. */
  a: string;
  b: string;
}

type Value = string | number | boolean | null;

interface Leaf {
  value: Value;
  /** Shares are written in percent. */
  percent: boolean;
}

/** A field in which recipes are not all the same. */
export interface RecipeRow {
  /** Dotted path, channels by id. */
  field: string;
  /** In the order of the recipes, as in a `RecipeDifference`. */
  values: string[];
}

export function diffRecipes(a: Recipe, b: Recipe): RecipeDifference[] {
  return compareRecipes([a, b]).map(({ field, values }) => ({ field, a: values[0]!, b: values[1]! }));
}

/** Every field in which any two of the recipes differ. */
export function compareRecipes(recipes: readonly Recipe[]): RecipeRow[] {
  const leaves = recipes.map(recipeLeaves);
  const fields = [...new Set(leaves.flatMap((of) => [...of.keys()]))];
  return fields.flatMap((field) => {
    const all = leaves.map((of) => of.get(field));
    return new Set(all.map(exact)).size < 2 ? [] : [{ field, values: written(field, all) }];
  });
}

/** Digits as the desk has them; more where two that differ would read alike. */
function written(field: string, all: readonly (Leaf | undefined)[]): string[] {
  const different = new Set(all.map(exact)).size;
  for (let digits = 1; ; digits++) {
    const values = all.map((leaf) => write(field, leaf, digits));
    if (new Set(values).size >= different || digits === 6) return values;
  }
}

function write(field: string, leaf: Leaf | undefined, digits: number): string {
  if (leaf === undefined) return '—';
  const { value, percent } = leaf;
  if (typeof value !== 'number' || value === 0) return String(value);
  if (percent) return `${(value * 100).toFixed(digits)} %`;
  if (field.endsWith('schedule.peakLr') || Math.abs(value) < 1e-3) return value.toExponential(digits);
  return String(Number(value.toPrecision(6)));
}

/** To six digits: what differs less is rounding. */
const exact = (leaf: Leaf | undefined): Value | undefined =>
  typeof leaf?.value === 'number' ? Number(leaf.value.toPrecision(6)) : leaf?.value;

const isNamed = (value: unknown): value is { id: string }[] =>
  Array.isArray(value) && value.every((item) => typeof (item as { id?: unknown }).id === 'string');
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string');

/** Every field of a recipe, or of parts of it, by its dotted path, as differences name them. */
export function recipeLeaves(recipe: Partial<Recipe>): Map<string, Leaf> {
  const out = new Map<string, Leaf>();
  const walk = (value: unknown, path: string, inPercent: boolean) => {
    if (isTexts(value)) out.set(path, { value: value.join(', ') || '—', percent: false });
    else if (path === 'phases') for (const [at, item] of (value as unknown[]).entries()) walk(item, `${path}.${at + 1}`, false);
    else if (isNamed(value)) for (const item of value) walk(item, `${path}.${item.id}`, false);
    else if (Array.isArray(value))
      out.set(path, {
        value: value
          .map((item) =>
            Object.values(item as object)
              .flatMap((inner: unknown) =>
                inner !== null && typeof inner === 'object' && !Array.isArray(inner) ? Object.entries(inner) : inner,
              )
              .flat()
              .join(' '),
          )
          .join(', '),
        percent: false,
      });
    else if (value !== null && typeof value === 'object')
      for (const [key, inner] of Object.entries(value)) {
        const share =
          key === 'share' || path.endsWith('.shares') || key === 'weight' || (key === 'value' && 'unit' in value && value.unit === 'ratio');
        walk(inner, path === '' ? key : `${path}.${key}`, share);
      }
    else out.set(path, { value: value as Value, percent: inPercent && typeof value === 'number' });
  };
  walk(recipe, '', false);
  return out;
}
