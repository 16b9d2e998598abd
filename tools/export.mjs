// @ts-check
/**
 * Writes a recipe, or a plan of a sweep, as a folder that trains on a cluster (docs/CLUSTER.md).
 *
 *     npm run export -- recipe.json --to transformers|llama-factory|ms-swift|axolotl|megatron|flower --out folder
 *     npm run export -- sweep.json --to ray|slurm|skypilot --out folder
 *
 * Where it will be trained: --size 1B|3B|7B|13B|30B|70B fills the rest from a table; --gpu, --gpus, --rows (of a step), --rows-per-gpu,
 * --strategy ddp|zero2|zero3|fsdp. The page's dialog "Export to a cluster" gives the same files.
 *
 * Bundled texts and the bundled base are written beside it; what a target cannot do of the recipe is listed first. Ends with 0, or with 2 when
 * it could not be done as asked for, and then nothing is written.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readRecipe } from './experiment.mjs';
import { reasonOf, Refusal } from './headless-studio.mjs';
import { loadCore } from './load-core.mjs';
import { installPackages, requireNode, root } from './setup.mjs';

const USAGE = `npm run export -- recipe.json --to transformers|llama-factory|ms-swift|axolotl|megatron|flower --out folder
npm run export -- sweep.json --to ray|slurm|skypilot --out folder
[--size 7B] [--gpu "H100 80 GB"] [--gpus 8] [--rows 256] [--rows-per-gpu 16] [--strategy ddp|zero2|zero3|fsdp]`;

/** @param {string[]} args */
export function exportOptions(args) {
  let parsed;
  try {
    const names = /** @type {const} */ (['to', 'out', 'size', 'gpu', 'gpus', 'rows', 'rows-per-gpu', 'strategy']);
    const options = Object.fromEntries(names.map((name) => [name, { type: /** @type {const} */ ('string') }]));
    parsed = parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    throw new Refusal(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
  const { positionals } = parsed;
  const values = /** @type {Record<string, string | undefined>} */ (parsed.values);
  const [file] = positionals;
  if (!file || positionals.length > 1) throw new Refusal(`Name one recipe or plan of a sweep.\n${USAGE}`);
  if (!values.to) throw new Refusal(`--to is missing: the target.\n${USAGE}`);
  if (!values.out) throw new Refusal(`--out is missing: the folder to write.\n${USAGE}`);
  return { file, to: values.to, out: resolve(values.out), hardware: hardwareGiven(values) };
}

/** @param {Record<string, string | undefined>} values */
function hardwareGiven(values) {
  /** @param {string} name */
  const whole = (name) => {
    const text = values[name];
    if (text !== undefined && !/^[1-9]\d{0,8}$/.test(text))
      throw new Refusal(`--${name} is ${JSON.stringify(text)}; accepted: a whole number above 0.`);
    return text === undefined ? undefined : Number(text);
  };
  const { size, gpu, strategy } = values;
  const given = { size, gpu, strategy, gpus: whole('gpus'), rows: whole('rows'), rowsPerGpu: whole('rows-per-gpu') };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** Of the studio's own rules. */
const CORE = ['cluster/folder', 'cluster/estimate', 'sweep/schema', 'recipe/parse'];

/**
 * @param {any} core @param {any} json a recipe, or the plan of a sweep with its base in it @param {string} to
 * @param {Record<string, string | number | undefined>} [hardware]
 * @returns {{ recipe: any, files: Record<string, string>, lacks: { field: string, value: string, instead: string }[] }}
 */
export function folderOf(core, json, to, hardware = {}) {
  const isSweep = json !== null && typeof json === 'object' && 'axes' in json;
  try {
    const source = isSweep ? { kind: 'sweep', plan: core.parseSweep(json) } : { kind: 'recipe', recipe: core.parseRecipe(json) };
    const targets = core.targetsOf(source);
    if (!targets.includes(to))
      throw new Refusal(`--to is ${JSON.stringify(to)}; accepted for a ${isSweep ? 'sweep' : 'recipe'}: ${targets.join(', ')}.`);
    for (const [name, accepted] of [
      ['size', core.SIZE_NAMES],
      ['gpu', core.GPU_NAMES],
      ['strategy', core.STRATEGIES],
    ])
      if (hardware[name] !== undefined && !accepted.includes(hardware[name]))
        throw new Refusal(`--${name} is ${JSON.stringify(hardware[name])}; accepted: ${accepted.join(', ')}.`);
    return { recipe: core.recipeOfSource(source), ...core.folderFor(source, to, hardware) };
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(reasonOf(error));
  }
}

/** A file of public/; null where there is none. @param {string} path @returns {Promise<Uint8Array | null>} */
const readPublic = (path) =>
  readFile(join(root, 'public', path)).then(
    (bytes) => new Uint8Array(bytes),
    () => null,
  );

/** @param {ReturnType<typeof exportOptions>} options */
async function write({ file, to, out, hardware }) {
  const given = await readRecipe(file);
  const { core, close } = await loadCore(CORE);
  try {
    const sweep = given !== null && typeof given === 'object' && typeof given.base === 'string' && 'axes' in given;
    const json = sweep ? { ...given, base: await readRecipe(resolve(dirname(file), given.base)) } : given;
    const { recipe, files, lacks } = folderOf(core, json, to, hardware);
    for (const { field, value, instead } of lacks) console.log(`not in this target: ${field} = ${value}: ${instead}`);
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(out, path)), { recursive: true });
      await writeFile(join(out, path), text, { mode: path.endsWith('.sh') ? 0o755 : 0o644 });
    }
    const bundle = await core.bundleFor(recipe, to, readPublic);
    for (const { path, bytes } of bundle.files) {
      await mkdir(dirname(join(out, path)), { recursive: true });
      await writeFile(join(out, path), await bytes(async () => undefined));
    }
    const ending = core.textEnding(to);
    for (const id of bundle.missing)
      console.log(
        `to be put there: data/train/${id}.${ending} and data/heldOut/${id}.${ending}${['transformers', 'flower'].includes(to) ? ', or a data set of the hub in data.json' : ''}`,
      );
    if (!bundle.hasBase)
      console.log(
        `to be put there: model/, the base "${recipe.base}" in Hugging Face layout${['transformers', 'flower'].includes(to) ? ', or a model of the hub in data.json' : ''}`,
      );
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
