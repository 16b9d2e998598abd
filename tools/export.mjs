// @ts-check
/**
 * Writes a recipe, or a plan of a sweep, as a folder that trains on a cluster (docs/CLUSTER.md).
 *
 *     npm run export -- recipe.json --to transformers --out folder
 *     npm run export -- sweep.json --to ray|slurm|skypilot --out folder
 *
 * Bundled texts and the bundled base are written beside it; what a target cannot do of the recipe is listed first. Ends with 0, or with 2 when
 * it could not be done as asked for, and then nothing is written.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { readRecipe } from './experiment.mjs';
import { reasonOf, Refusal } from './headless-studio.mjs';
import { loadCore } from './load-core.mjs';
import { installPackages, requireNode, root } from './setup.mjs';

const RECIPE_TARGETS = ['transformers'];
const USAGE = `npm run export -- recipe.json --to transformers --out folder
npm run export -- sweep.json --to ray|slurm|skypilot --out folder`;

/** @param {string[]} args */
export function exportOptions(args) {
  let parsed;
  try {
    parsed = parseArgs({ args, allowPositionals: true, options: { to: { type: 'string' }, out: { type: 'string' } } });
  } catch (error) {
    throw new Refusal(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
  const { values, positionals } = parsed;
  const [file] = positionals;
  if (!file || positionals.length > 1) throw new Refusal(`Name one recipe or plan of a sweep.\n${USAGE}`);
  if (!values.to) throw new Refusal(`--to is missing: the target.\n${USAGE}`);
  if (!values.out) throw new Refusal(`--out is missing: the folder to write.\n${USAGE}`);
  return { file, to: values.to, out: resolve(values.out) };
}

/** Of the studio's own rules. */
const CORE = ['cluster/export', 'cluster/sweep-job', 'sweep/schema', 'recipe/parse', 'text/documents'];

/**
 * @param {any} core @param {any} json a recipe, or the plan of a sweep with its base in it @param {string} to
 * @returns {{ recipe: any, files: Record<string, string>, lacks: { field: string, value: string, instead: string }[] }}
 */
export function folderOf(core, json, to) {
  const isSweep = json !== null && typeof json === 'object' && 'axes' in json;
  const targets = isSweep ? core.SWEEP_TARGETS : RECIPE_TARGETS;
  if (!targets.includes(to))
    throw new Refusal(`--to is ${JSON.stringify(to)}; accepted for a ${isSweep ? 'sweep' : 'recipe'}: ${targets.join(', ')}.`);
  try {
    if (!isSweep) {
      const recipe = core.parseRecipe(json);
      return { recipe, ...core.exportToTransformers(recipe) };
    }
    const plan = core.parseSweep(json);
    return { recipe: plan.base, ...core.exportSweep(plan, to) };
  } catch (error) {
    throw new Refusal(reasonOf(error));
  }
}

/**
 * Bundled texts as rows of channel and text, compressed without a time stamp, so that the same text is the same file.
 * @param {any} core @param {any} recipe @param {string} out @returns {Promise<string[]>} channels whose text a person must bring
 */
async function writeTexts(core, recipe, out) {
  const { corpora } = JSON.parse(await readFile(join(root, 'public/corpora/manifest.json'), 'utf8'));
  const missing = [];
  for (const { id, corpus } of recipe.channels) {
    const bundled = corpora.find((/** @type {any} */ one) => one.id === corpus);
    if (!bundled) {
      missing.push(id);
      continue;
    }
    for (const split of /** @type {const} */ (['train', 'heldOut'])) {
      const text = await readFile(join(root, 'public/corpora', bundled[split]), 'utf8');
      const rows = core
        .splitDocuments(text, bundled.separator)
        .map((/** @type {string} */ document) => JSON.stringify({ channel: id, text: document }));
      await mkdir(join(out, 'data', split), { recursive: true });
      await writeFile(join(out, 'data', split, `${id}.jsonl.gz`), gzipSync(`${rows.join('\n')}\n`, { level: 9 }));
    }
  }
  return missing;
}

/** @param {ReturnType<typeof exportOptions>} options */
async function write({ file, to, out }) {
  const given = await readRecipe(file);
  const { core, close } = await loadCore(CORE);
  try {
    const sweep = given !== null && typeof given === 'object' && typeof given.base === 'string' && 'axes' in given;
    const json = sweep ? { ...given, base: await readRecipe(resolve(dirname(file), given.base)) } : given;
    const { recipe, files, lacks } = folderOf(core, json, to);
    for (const { field, value, instead } of lacks) console.log(`not in this target: ${field} = ${value}: ${instead}`);
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(out, path)), { recursive: true });
      await writeFile(join(out, path), text, { mode: path.endsWith('.sh') ? 0o755 : 0o644 });
    }
    const missing = await writeTexts(core, recipe, out);
    const bundled = join(root, 'public/models', recipe.base);
    const hasBase = await cp(bundled, join(out, 'model'), { recursive: true }).then(
      () => true,
      () => false,
    );
    for (const id of missing)
      console.log(`to be put there: data/train/${id}.jsonl.gz and data/heldOut/${id}.jsonl.gz, or a data set of the hub in data.json`);
    if (!hasBase)
      console.log(`to be put there: model/, the base "${recipe.base}" in Hugging Face layout, or a model of the hub in data.json`);
    console.log(`${Object.keys(files).length} files: ${out}`);
  } finally {
    await close();
  }
}

async function main() {
  requireNode();
  try {
    const options = exportOptions(process.argv.slice(2));
    installPackages();
    await write(options);
  } catch (error) {
    console.error(error instanceof Refusal ? error.message : error);
    process.exitCode = error instanceof Refusal ? error.status : 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) void main();
