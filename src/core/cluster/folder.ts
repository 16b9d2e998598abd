/**
 * The folder of a target, whole: what is written of the recipe, and beside it the bundled texts and the bundled base, which the page and the command
 * line read from where the studio is served or lies. Both make the same files.
 */
import { Gzip, strFromU8, strToU8 } from 'fflate';
import type { Recipe } from '../recipe/schema';
import type { SweepPlan } from '../sweep/schema';
import { splitDocuments } from '../text/documents';
import type { HardwareInput } from './estimate';
import { exportToTransformers, type ClusterFolder } from './export';
import { exportToFlower } from './flower';
import { exportToAxolotl, exportToLlamaFactory, exportToSwift } from './frameworks';
import { exportToMegatron } from './megatron';
import { exportSweep, SWEEP_TARGETS, type SweepTarget } from './sweep-job';

export const RECIPE_TARGETS = ['transformers', 'llama-factory', 'ms-swift', 'axolotl', 'megatron', 'flower'] as const;
export type RecipeTarget = (typeof RECIPE_TARGETS)[number];
export type ClusterTarget = RecipeTarget | SweepTarget;

/** What is exported: one run, or the plan of many. */
export type ClusterSource = { kind: 'recipe'; recipe: Recipe } | { kind: 'sweep'; plan: SweepPlan };

export const targetsOf = ({ kind }: ClusterSource): readonly ClusterTarget[] => (kind === 'recipe' ? RECIPE_TARGETS : SWEEP_TARGETS);

/** The recipe whose texts and base go into the folder. */
export const recipeOfSource = (source: ClusterSource): Recipe => (source.kind === 'recipe' ? source.recipe : source.plan.base);

const EXPORTS: Record<RecipeTarget, (recipe: Recipe, given?: HardwareInput) => ClusterFolder> = {
  transformers: exportToTransformers,
  'llama-factory': exportToLlamaFactory,
  'ms-swift': exportToSwift,
  axolotl: exportToAxolotl,
  megatron: exportToMegatron,
  flower: exportToFlower,
};

/** @param target one of `targetsOf(source)`. @throws StudioError `recipe-invalid`, `sweep-invalid` */
export function folderFor(source: ClusterSource, target: ClusterTarget, given: HardwareInput = {}): ClusterFolder {
  return source.kind === 'recipe'
    ? EXPORTS[target as RecipeTarget](source.recipe, given)
    : exportSweep(source.plan, target as SweepTarget, given);
}

/** Of a bundled base, as it lies in public/models. */
export const BASE_FILES = [
  ...(['README.md', 'config.json', 'generation_config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'] as const),
] as const;

interface BundledCorpus {
  id: string;
  train: string;
  heldOut: string;
  separator: string;
}

/** A file beside those that are written of the recipe. */
export interface BundledFile {
  path: string;
  /** @param rest called between pieces of work, so that a page stays alive */
  bytes(rest: () => Promise<void>): Promise<Uint8Array>;
}

export interface Bundle {
  files: BundledFile[];
  /** Channels whose text a person must bring. */
  missing: string[];
  hasBase: boolean;
}

/** Targets whose readers open no packed file. */
const PLAIN: readonly ClusterTarget[] = ['llama-factory', 'ms-swift', 'axolotl', 'megatron'];

/** How the files of a channel's text end, for a target. */
export const textEnding = (target: ClusterTarget): string => (PLAIN.includes(target) ? 'jsonl' : 'jsonl.gz');

/** @param read a file of public/ by its path there; null where there is none */
export async function bundleFor(
  recipe: Recipe,
  target: ClusterTarget,
  read: (path: string) => Promise<Uint8Array | null>,
): Promise<Bundle> {
  const json = async (path: string) => JSON.parse(strFromU8((await read(path))!)) as unknown;
  const { corpora } = (await json('corpora/manifest.json')) as { corpora: BundledCorpus[] };
  const { models } = (await json('models/manifest.json')) as { models: { id: string }[] };
  const ending = textEnding(target);
  const files: BundledFile[] = [];
  const missing: string[] = [];
  for (const { id, corpus } of recipe.channels) {
    const bundled = corpora.find((one) => one.id === corpus);
    if (!bundled) missing.push(id);
    else
      for (const split of ['train', 'heldOut'] as const)
        files.push({
          path: `data/${split}/${id}.${ending}`,
          bytes: async (rest) => {
            const rows = await rowsOf(id, strFromU8((await read(`corpora/${bundled[split]}`))!), bundled.separator, rest);
            return ending === 'jsonl' ? rows : packed(rows, rest);
          },
        });
  }
  const hasBase = models.some(({ id }) => id === recipe.base);
  if (hasBase)
    for (const name of BASE_FILES) files.push({ path: `model/${name}`, bytes: async () => (await read(`models/${recipe.base}/${name}`))! });
  return { files, missing, hasBase };
}

/** Documents that are written at a stretch. */
const STRETCH = 64;

/** A row a document, of channel and text. */
async function rowsOf(channel: string, text: string, separator: string, rest: () => Promise<void>): Promise<Uint8Array> {
  const lines = splitDocuments(text, separator).map((document) => ({ channel, text: document }));
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < lines.length; at += STRETCH, await rest()) {
    const rows = lines.slice(at, at + STRETCH).map((line) => `${JSON.stringify(line)}\n`);
    pieces.push(strToU8(rows.join('')));
  }
  return joined(pieces);
}

/** Bytes that are packed at a time: some milliseconds of work. */
const PIECE = 1 << 15;

/** Without a time stamp, so that the same text is the same file. */
async function packed(bytes: Uint8Array, rest: () => Promise<void>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const gzip = new Gzip({ level: 9, mtime: 0 }, (piece) => pieces.push(piece));
  for (let at = 0; at < bytes.length; at += PIECE, await rest()) gzip.push(bytes.subarray(at, at + PIECE), at + PIECE >= bytes.length);
  return joined(pieces);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
