// @ts-check
/**
 * A sweep from the command line: `npm run experiment -- sweep.json --out folder [--workers N]`. Trains every planned run in headless studios
 * side by side, keeps each result as soon as it is there, so that a sweep that was killed goes on where it was, and fits the laws of mixtures.
 *
 * Writes runs.csv (a row a run, with the base's losses first), curves.csv, fit.json, recipes/ and all of them as sweep.zip.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { follow, progressPrinter, readRecipe } from './experiment.mjs';
import { reasonOf, Refusal, withStudio } from './headless-studio.mjs';
import { root } from './setup.mjs';

/**
 * @typedef {object} SweepResult
 * @property {any} recipe @property {Record<string, any>} setting @property {number} seed
 * @property {string} state how the run ended @property {number} steps
 * @property {Record<string, number | null>} base held-out loss of each channel before training
 * @property {Record<string, number | null>} losses at the end; empty of a run that broke
 * @property {Record<string, { x: number[], y: (number | null)[] }>} heldOut @property {Record<string, { x: number[], y: (number | null)[] }>} train
 * @property {number} seconds @property {string} engine
 */

/** The studio's own rules, in TypeScript: read through Vite, which the studio is built with. */
async function loadCore() {
  const { createServer } = await import('vite');
  const vite = await createServer({
    root,
    configFile: false,
    logLevel: 'error',
    appType: 'custom',
    server: { middlewareMode: true, hmr: false, ws: false },
    optimizeDeps: { noDiscovery: true },
  });
  const modules = await Promise.all(
    ['sweep/schema', 'sweep/plan', 'sweep/record', 'sweep/archive', 'laws/channel-laws', 'laws/recommend'].map((name) =>
      vite.ssrLoadModule(`/src/core/${name}.ts`),
    ),
  );
  return { core: Object.assign({}, ...modules), close: () => vite.close() };
}

/**
 * @param {any} json the plan; its `base` may be a recipe or the path of one, from the plan's folder
 * @param {{ recipe: string, out: string, workers: number, threads: number | null, backend: string | null, requireHardware: boolean, folder: string | null }} options
 */
export async function runSweep(json, options) {
  const { core, close } = await loadCore();
  try {
    const base = typeof json.base === 'string' ? await readRecipe(resolve(dirname(options.recipe), json.base)) : json.base;
    const { plan, runs } = planned(core, { ...json, base });
    const folder = join(options.out, 'runs');
    await mkdir(folder, { recursive: true });
    /** @type {(SweepResult | null)[]} */
    const results = await Promise.all(
      runs.map(async (/** @type {any} */ { index, recipe }) => {
        const kept = await readResult(join(folder, `${index}.json`));
        return kept && isDeepStrictEqual(kept.recipe, recipe) ? kept : null;
      }),
    );
    const left = runs.filter((/** @type {any} */ _, /** @type {number} */ at) => results[at] === null);
    console.log(`${runs.length} runs; ${runs.length - left.length} are there, ${left.length} are left.`);
    if (left.length > 0) await trainAll(core, left, results, folder, options);
    await writeSweep(core, plan, /** @type {SweepResult[]} */ (results), options.out);
    console.log(`runs.csv, curves.csv, fit.json and sweep.zip: ${options.out}`);
  } finally {
    await close();
  }
}

/** @param {any} core @param {any} json */
function planned(core, json) {
  try {
    const plan = core.parseSweep(json);
    if (plan.halving) throw new Refusal('halving is for a page; here every run is trained to its end. Leave the field out.');
    const runs = core.plannedRuns(plan);
    core.sweepCost(plan, runs, []);
    return { plan, runs };
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(reasonOf(error));
  }
}

/** @param {string} path @returns {Promise<any>} null when it is not there or not whole */
async function readResult(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}

/**
 * Studios side by side take runs off one queue.
 * @param {any} core @param {any[]} left @param {(SweepResult | null)[]} results @param {string} folder
 * @param {Parameters<typeof runSweep>[1]} options
 */
async function trainAll(core, left, results, folder, options) {
  const { buildIfStale } = await import('./build-if-stale.mjs');
  if (options.folder === null && !buildIfStale()) throw new Refusal('The studio could not be built: the reason is above.', 1);
  const workers = Math.min(options.workers, left.length);
  const threads = options.threads ?? Math.max(1, Math.floor(availableParallelism() / workers));
  const queue = [...left];
  /** @type {number[]} */
  const speeds = [];
  const work = async (/** @type {import('./headless-studio.mjs').Studio} */ studio) => {
    for (let run = queue.shift(); run; run = queue.shift()) {
      const result = await trainOne(studio, run);
      // New, then moved: a sweep killed here leaves no half result.
      const path = join(folder, `${run.index}.json`);
      await writeFile(`${path}.new`, JSON.stringify(result));
      await rename(`${path}.new`, path);
      results[run.index] = result;
      speeds.push((tokensOf(result) / result.seconds) * workers);
      const { minutes } = core.sweepCost({ limits: {} }, queue, speeds);
      const still =
        queue.length > 0 && minutes
          ? `; about ${minutes.value.toFixed(0)} min left (${minutes.interval.low.toFixed(0)} … ${minutes.interval.high.toFixed(0)})`
          : '';
      console.log(
        `run ${run.index} ${JSON.stringify(run.setting)} seed ${run.seed}: ${result.state}, ${result.seconds.toFixed(0)} s${still}`,
      );
    }
  };
  const studio = {
    folder: options.folder ?? join(root, 'dist'),
    backend: options.backend,
    threads,
    requireHardware: options.requireHardware,
  };
  await Promise.all(Array.from({ length: workers }, () => withStudio(studio, work)));
}

/** @param {import('./headless-studio.mjs').Studio} studio @param {any} run @returns {Promise<SweepResult>} */
async function trainOne({ page, engine, orCrash }, { recipe, setting, seed }) {
  const printer = progressPrinter();
  const began = Date.now();
  const id = await orCrash(
    page.evaluate((recipe) => /** @type {any} */ (window).crossfade.lab.trainer.start(recipe, 'sweep', () => undefined), recipe),
  ).catch((error) => {
    throw new Refusal(reasonOf(error));
  });
  const view = await orCrash(follow(page, id, printer)).finally(() => printer.end());
  const broke = view.state !== 'finished';
  // What a rate too high breaks is a result; anything else would be one of the machine.
  if (broke && !/not-finite/.test(view.error?.code ?? ''))
    throw new Refusal(`A run ended as "${view.state}": ${view.error?.message ?? ''}`, 1);
  await orCrash(page.evaluate((run) => /** @type {any} */ (window).crossfade.lab.library.removeRun(run), id));
  const ends = (/** @type {number} */ at) =>
    Object.fromEntries(recipe.channels.map((/** @type {any} */ channel) => [channel.id, view.heldOut[channel.id]?.y.at(at) ?? null]));
  return {
    ...{ recipe, setting, seed, state: view.state, steps: view.step, base: ends(0), losses: broke ? {} : ends(-1) },
    ...{ heldOut: view.heldOut, train: view.train, seconds: (Date.now() - began) / 1000, engine },
  };
}

/** @param {Pick<SweepResult, 'recipe' | 'steps'>} result */
const tokensOf = ({ recipe, steps }) => steps * recipe.batchSize * recipe.gradientAccumulationSteps * recipe.sequenceLength;

/** A run as a page's sweep keeps one. @param {SweepResult} result @param {number} index */
function keptRun({ recipe, setting, seed, state, steps, losses, heldOut, train, seconds, engine }, index) {
  const result = { steps, tokens: tokensOf({ recipe, steps }), losses, heldOut, train, seconds, device: engine };
  return { index, setting, seed, recipe, state, run: null, rung: 0, error: null, result, measured: null };
}

/**
 * @param {any} core @param {any} plan @param {readonly SweepResult[]} results @param {string} out
 */
async function writeSweep(core, plan, results, out) {
  const channels = plan.base.channels.map((/** @type {any} */ { id }) => id);
  const kept = {
    name: plan.name,
    plan,
    channels: plan.base.channels,
    base: results[0]?.base ?? {},
    size: null,
    runs: results.map(keptRun),
  };
  const measured = core.measuredRuns(kept);
  const laws = core.fitChannels(measured, channels, channels);
  const roles = Object.fromEntries(plan.base.channels.map((/** @type {any} */ { id, role }) => [id, role]));
  const recommendation = core.recommend({ runs: measured, channels, roles, base: kept.base }, laws);
  const files = [...core.sweepFiles(kept, { laws, recommendation })].map(({ name, text }) => ({ name, text: [...text] }));
  await mkdir(join(out, 'recipes'), { recursive: true });
  await Promise.all(files.map(({ name, text }) => writeFile(join(out, name), text.join(''))));
  await writeFile(join(out, 'sweep.zip'), Buffer.concat(await core.zipFiles(files, async () => {})));
}
