/** Reads a recipe from outside and names the field that is wrong. */
import * as z from 'zod/mini';
import { StudioError } from '../errors';
import { liftRecipe, recipeSchema, type Recipe } from './schema';

/**
 * A recipe of version 2, or of version 1 lifted to it.
 * @throws StudioError `recipe-invalid` with field, value and what is accepted
 */
export function parseRecipe(given: unknown): Recipe {
  const json = liftRecipe(given);
  const result = recipeSchema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path;
  const field = path.map(String).join('.') || 'recipe';
  const named = issue.code === 'custom' ? (issue.params as { value: string | number; accepted: string } | undefined) : undefined;
  const value = named ? String(named.value) : describeValue(valueAt(json, path));
  const accepted = named?.accepted ?? acceptedBy(issue);
  throw new StudioError('recipe-invalid', `Recipe field ${field} is ${value}; accepted: ${accepted}`, { field, value, accepted });
}

const entry = z.object({ id: z.string(), file: z.string() });
const words = z.object({ en: z.string(), zh: z.string() });

/** Files of public/recipes: which there are, a recipe with its texts, and a pipeline with its title. */
export const presetFiles = {
  manifest: z.object({ presets: z.array(entry), pipelines: z.array(entry) }),
  preset: z.object({ recipe: recipeSchema, title: words, watch: words }),
  pipeline: z.object({ pipeline: z.unknown(), title: words }),
};

/** @throws StudioError `recipe-invalid` also when the text is not JSON */
export function parseRecipeText(text: string): Recipe {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new StudioError('recipe-invalid', `The recipe is not JSON: ${detail}`, { field: 'recipe', value: detail, accepted: 'JSON' });
  }
  return parseRecipe(json);
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  let value: unknown = json;
  for (const key of path) value = value !== null && typeof value === 'object' ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  return value;
}

export function describeValue(value: unknown): string {
  const text = value === undefined ? 'missing' : typeof value === 'number' ? String(Number(value.toPrecision(6))) : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** Language-neutral: signs and literals, so that the page need not translate it. */
export function acceptedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected;
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(' | ');
    case 'too_small':
      return `${issue.inclusive ? '≥' : '>'} ${String(issue.minimum)}`;
    case 'too_big':
      return `${issue.inclusive ? '≤' : '<'} ${String(issue.maximum)}`;
    case 'unrecognized_keys':
      return '—';
    default:
      return issue.message;
  }
}
