/** The presets of public/recipes: a recipe, its title, and a paragraph on what to watch for. */
import { z } from 'zod';
import { StudioError } from '../core/errors';
import { recipeSchema } from '../core/recipe/schema';

const manifestSchema = z.object({ presets: z.array(z.object({ id: z.string(), file: z.string() })) });
const words = z.object({ en: z.string(), zh: z.string() });
const presetSchema = z.object({ recipe: recipeSchema, title: words, watch: words });

export type Preset = z.infer<typeof presetSchema> & { id: string };

async function readJson(path: string): Promise<unknown> {
  const response = await fetch(path);
  if (!response.ok) throw new StudioError('fetch-failed', `${path}: ${response.status}`, { url: path, status: response.status });
  return response.json();
}

/** @throws StudioError `fetch-failed` when a file of the studio itself cannot be read */
export async function loadPresets(): Promise<Preset[]> {
  const folder = `${import.meta.env.BASE_URL}recipes/`;
  const { presets } = manifestSchema.parse(await readJson(`${folder}manifest.json`));
  return Promise.all(presets.map(async ({ id, file }) => ({ id, ...presetSchema.parse(await readJson(folder + file)) })));
}
