/**
 * What pages hand to each other. Recipes that the desk starts from: the presets of public/recipes, one that another page hands over, one on
 * another base model; the recipe and the run that stand on the desk; what the merge fader has measured of a run, for its diagnosis; and a run as a
 * file or an address.
 */
import { create } from 'zustand';
import { StudioError } from '../core/errors';
import type { CurvePoint } from '../core/metrics/merge-curve';
import type { RecipeDifference } from '../core/recipe/diff';
import type { Recipe } from '../core/recipe/schema';
import type { ModelRecord } from '../contract/library';
import type { PipelinePlan } from '../core/run/types';
import type { RunView } from '../core/run/view';
import { lab } from './lab';

interface Words {
  en: string;
  zh: string;
}

export interface Preset {
  id: string;
  recipe: Recipe;
  title: Words;
  watch: Words;
}

let loaded: Promise<Preset[]> | null = null;

/** @throws StudioError `fetch-failed` when a file of the studio itself cannot be read; a later call tries again */
export function presets(): Promise<Preset[]> {
  loaded ??= read().catch((error: unknown) => {
    loaded = null;
    throw error;
  });
  return loaded;
}

/** What public/recipes has. Pages that only hand a recipe on need no schema, so it is read with the files. */
async function manifest() {
  const [{ presetFiles }, text] = await Promise.all([import('../core/recipe/parse'), readPublic('recipes/manifest.json')]);
  return { presetFiles, ...presetFiles.manifest.parse(JSON.parse(text)) };
}

async function read(): Promise<Preset[]> {
  const { presetFiles, presets: entries } = await manifest();
  return Promise.all(
    entries.map(async ({ id, file }) => ({ id, ...presetFiles.preset.parse(JSON.parse(await readPublic(`recipes/${file}`))) })),
  );
}

/** A pipeline that ships with the studio. */
export interface PipelinePreset {
  id: string;
  title: Words;
  plan: PipelinePlan;
}

/** @throws StudioError `fetch-failed`, `recipe-invalid` */
export async function pipelinePresets(): Promise<PipelinePreset[]> {
  const { parsePipeline } = await import('../core/run/pipeline');
  const { presetFiles, pipelines } = await manifest();
  return Promise.all(
    pipelines.map(async ({ id, file }) => {
      const { pipeline, title } = presetFiles.pipeline.parse(JSON.parse(await readPublic(`recipes/${file}`)));
      return { id, title, plan: parsePipeline(pipeline).plan };
    }),
  );
}

/** Text of a file that is served with the studio (public/). Throws `fetch-failed`. */
export async function readPublic(path: string): Promise<string> {
  const url = import.meta.env.BASE_URL + path;
  const response = await fetch(url);
  if (!response.ok) throw new StudioError('fetch-failed', `${url}: ${response.status}`, { url, status: response.status });
  return response.text();
}

/** A recipe that a page hands to the desk, with what it changes: given once, taken once. */
export interface NextRecipe {
  recipe: Recipe;
  changes: readonly RecipeDifference[];
  /** The checkpoint that a run of it goes on from. */
  fork?: { run: string; step: number; name: string };
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

/** The recipe on the desk, for pages that begin with it; null before the desk was opened. */
export const useDeskRecipe = create<{ recipe: Recipe | null }>(() => ({ recipe: null }));

/** The run on the desk, for what stands beside it. */
export const useDeskRun = create<{ run: RunView | null }>(() => ({ run: null }));

/** A run with everything but weights. */
export async function runFileOf(id: string): Promise<Blob> {
  const [{ runFile }, document] = await Promise.all([import('../core/run/run-file'), lab.library.runDocument(id)]);
  return new Blob([runFile(document) as Uint8Array<ArrayBuffer>], { type: 'application/gzip' });
}

/** The address of the runs page that opens the run, thinned; null where it does not fit into one. */
export async function runAddress(id: string): Promise<string | null> {
  const [{ runLink }, document] = await Promise.all([import('../core/run/run-file'), lab.library.runDocument(id)]);
  const link = runLink(document);
  if (link === null) return null;
  const url = new URL(window.location.href);
  url.hash = `/runs?open=${link}`;
  return url.href;
}

/** Reads in runs of files that were dropped or chosen, and gives the runs page's address of the first. */
export async function openRunFiles(files: readonly File[]): Promise<string> {
  const [first] = await lab.library.importLogs(files.map((file) => ({ file, path: file.name })));
  return `/runs?shown=${first!.id}`;
}

/** Weights that a merge fader stands between. */
export interface MergeEnds {
  /** Model id. */
  base: string;
  run: string;
  step: number;
}

export const mergeKey = ({ base, run, step }: MergeEnds): string => `${base} ${run}@${step}`;

/** Measured curves by `mergeKey`, as long as the tab is open: points in ascending order of λ, all on the same documents. */
export const useMergeCurves = create<Readonly<Record<string, readonly CurvePoint[]>>>(() => ({}));

/** The desk's address with the default recipe on another base. */
export async function deskPath(model: ModelRecord): Promise<string> {
  const preset = (await presets()).find(({ id }) => id === 'golden-ratio');
  if (!preset) return '/desk';
  const { recipe } = preset;
  const { encodeRecipe } = await import('../core/recipe/share-link');
  return `/desk?recipe=${encodeRecipe({ ...recipe, base: model.id, sequenceLength: Math.min(recipe.sequenceLength, model.context) })}`;
}
