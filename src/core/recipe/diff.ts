/** Readable difference of two recipes, field by field. */
import type { Recipe } from './schema';

export interface RecipeDifference {
  /** Dotted path, channels by id: `channels.domain.share`. */
  field: string;
  a: string;
  b: string;
}

export function diffRecipes(a: Recipe, b: Recipe): RecipeDifference[] {
  const left = flatten(a);
  const right = flatten(b);
  const fields = [...new Set([...left.keys(), ...right.keys()])];
  return fields
    .map((field) => ({ field, a: left.get(field) ?? '—', b: right.get(field) ?? '—' }))
    .filter((difference) => difference.a !== difference.b);
}

function flatten(recipe: Recipe): Map<string, string> {
  const out = new Map<string, string>();
  const walk = (value: unknown, path: string) => {
    if (Array.isArray(value)) for (const item of value as { id: string }[]) walk(item, `${path}.${item.id}`);
    else if (value !== null && typeof value === 'object')
      for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`);
    else out.set(path, typeof value === 'number' ? String(Number(value.toPrecision(6))) : String(value));
  };
  walk(recipe, '');
  return out;
}
