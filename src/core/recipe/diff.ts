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

export function diffRecipes(a: Recipe, b: Recipe): RecipeDifference[] {
  const left = recipeLeaves(a);
  const right = recipeLeaves(b);
  const fields = [...new Set([...left.keys(), ...right.keys()])];
  return fields.flatMap((field) => {
    const [from, to] = [left.get(field), right.get(field)];
    return exact(from) === exact(to) ? [] : [{ field, ...written(field, from, to) }];
  });
}

/** Digits as the desk has them; more where the two would read alike. */
function written(field: string, from: Leaf | undefined, to: Leaf | undefined): { a: string; b: string } {
  for (let digits = 1; ; digits++) {
    const [a, b] = [write(field, from, digits), write(field, to, digits)];
    if (a !== b || digits === 6) return { a, b };
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
