// @ts-check
/**
 * `npm run study`: how much is learnt and how much forgotten at several domain shares, learning rates, warmups and strategies, on the
 * bundled base and channels. Writes docs/STUDY.md with its charts. `forget-less` sets methods against forgetting beside each other instead,
 * and writes docs/study/forget-less.md. `echo` sets text that the base writes beside the domain alone and true general text, and prints a table.
 *
 *     npm run study [-- forget-less | echo] [--results folder] [--steps 240] [--seeds 1,2] [--folder dist] [--report-only]
 *
 * Every run's result is kept in the results folder as soon as it is there: a study that was killed goes on where it was. The recipe of a
 * kept result must be the one that is asked for now, or it is made again.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { follow, progressPrinter, readRecipe } from '../experiment.mjs';
import { reasonOf, Refusal, withStudio } from '../headless-studio.mjs';
import { installPackages, requireNode, root } from '../setup.mjs';
import { sameTime, sameTokens, stepTimes, timingRuns, writeForgetLess } from './forget-less.mjs';
import { echoRuns, studyRuns } from './plan.mjs';
import { echoTable, writeReport } from './report.mjs';

/** Held-out documents of each channel that the base and every tuned model are measured on. */
const DOCUMENTS = 60;

/** Methods that leave all weights as they are. */
const SOFT = new Set(['prefix', 'prompt', 'llama-adapter']);

/** Names of studies, with the folder of their results and the steps of a run. */
const STUDIES = {
  mixture: { results: 'study-results', steps: '240' },
  'forget-less': { results: 'study-results/forget-less', steps: '80' },
  echo: { results: 'study-results/echo', steps: '60' },
};

function options() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      results: { type: 'string' },
      steps: { type: 'string' },
      seeds: { type: 'string', default: '1,2' },
      folder: { type: 'string' },
      'report-only': { type: 'boolean', default: false },
    },
  });
  const whole = (/** @type {string} */ name, /** @type {string} */ text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1) throw new Refusal(`--${name} is ${JSON.stringify(text)}; accepted: whole numbers from 1.`);
    return value;
  };
  const [name = 'mixture', ...more] = positionals;
  if (!(name in STUDIES) || more.length > 0)
    throw new Refusal(`There is no study ${JSON.stringify(positionals.join(' '))}; there are ${Object.keys(STUDIES).join(', ')}.`);
  const study = /** @type {keyof typeof STUDIES} */ (name);
  return {
    study,
    results: resolve(values.results ?? join(root, STUDIES[study].results)),
    steps: whole('steps', values.steps ?? STUDIES[study].steps),
    seeds: values.seeds.split(',').map((seed) => whole('seeds', seed)),
    folder: values.folder ?? null,
    reportOnly: values['report-only'],
  };
}

/** @typedef {{ id: string, recipe: any, merges?: readonly number[], timed?: boolean }} PlannedRun */

/** @param {string} path @returns {Promise<any>} null when it is not there or not whole */
async function readResult(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}

/** @param {import('../headless-studio.mjs').Studio} studio @param {PlannedRun} run */
async function carryOut({ page, orCrash }, run) {
  const printer = progressPrinter();
  const began = Date.now();
  const id = await orCrash(
    page.evaluate((recipe) => /** @type {any} */ (window).crossfade.lab.trainer.start(recipe, 'study', () => undefined), run.recipe),
  );
  const view = await orCrash(follow(page, id, printer)).finally(() => printer.end());
  if (view.state !== 'finished') throw new Refusal(`Run ${run.id} ended as "${view.state}": ${view.error?.message ?? ''}`, 1);
  const trained = (Date.now() - began) / 1000;
  if (run.timed) {
    const stepMs = await orCrash(
      page.evaluate(async (id) => {
        const { library } = /** @type {any} */ (window).crossfade.lab;
        const { rows } = await library.metrics(id);
        await library.removeRun(id);
        return rows.map((/** @type {any} */ row) => row.stepMs);
      }, id),
    );
    // The first steps fill caches and compile.
    return { ...run, stepMs: stepMs.slice(2), seconds: { trained, all: trained } };
  }
  const measured = await orCrash(
    page.evaluate(
      async ({ id, step, recipe, documents, merges, soft }) => {
        const { trainer, library } = /** @type {any} */ (window).crossfade.lab;
        const base = { kind: 'model', model: recipe.base };
        const tuned = { kind: 'checkpoint', run: id, step };
        const mixture = await trainer.measureChannels([base, tuned], recipe.channels, documents, () => undefined);
        // What a soft prompt learns is no part of any weight.
        const changes = soft ? [] : await trainer.weightChanges(base, tuned);
        const factors = merges.map((factor) => [factor]);
        const merged =
          factors.length > 0
            ? await trainer.measureMerges({ base, tuned: [tuned] }, factors, recipe.channels, { documents }, () => undefined)
            : [];
        // The disk would fill with checkpoints that nobody reads again.
        await library.removeRun(id);
        return {
          mixture,
          merged,
          changed: changes.filter((/** @type {any} */ part) => part.change > 0).length,
          parameters: changes.length,
        };
      },
      { id, step: view.step, recipe: run.recipe, documents: DOCUMENTS, merges: run.merges ?? [], soft: SOFT.has(run.recipe.method?.kind) },
    ),
  );
  return { ...run, ...measured, heldOut: view.heldOut, train: view.train, seconds: { trained, all: (Date.now() - began) / 1000 } };
}

/**
 * The results of these runs, those that are kept and those that are carried out now.
 * @param {readonly PlannedRun[]} runs @param {ReturnType<typeof options>} options
 */
async function resultsOf(runs, { results, folder, reportOnly }) {
  const pathOf = (/** @type {PlannedRun} */ run) => join(results, `${run.id}.json`);
  /** @type {any[]} */
  const done = [];
  /** @type {PlannedRun[]} */
  const left = [];
  for (const run of runs) {
    const kept = await readResult(pathOf(run));
    if (kept && isDeepStrictEqual(kept.recipe, run.recipe)) done.push(kept);
    else left.push(run);
  }
  console.log(`${runs.length} runs; ${done.length} are there, ${left.length} are left.`);
  if (left.length > 0 && reportOnly) throw new Refusal(`${left.length} runs are missing: run the study without --report-only.`);
  if (left.length > 0)
    await withStudio({ folder, backend: 'wasm', threads: null, requireHardware: false }, async (studio) => {
      console.log(`engine: ${studio.engine}`);
      for (const [at, run] of left.entries()) {
        console.log(`${done.length + 1}/${runs.length} ${run.id}`);
        const result = { ...(await carryOut(studio, run)), engine: studio.engine };
        // New, then moved: a study killed here leaves no half result.
        await writeFile(`${pathOf(run)}.new`, JSON.stringify(result));
        await rename(`${pathOf(run)}.new`, pathOf(run));
        done.push(result);
        const minutes = (result.seconds.all * (left.length - at - 1)) / 60;
        console.log(`  ${result.seconds.all.toFixed(0)} s; about ${minutes.toFixed(0)} min left`);
      }
    });
  return done;
}

async function main() {
  const chosen = options();
  const { study, results, steps, seeds } = chosen;
  await mkdir(results, { recursive: true });
  const golden = await readRecipe(join(root, 'public', 'recipes', 'golden-ratio.json'));
  const about = { steps, seeds, documents: DOCUMENTS, folder: join(root, 'docs') };
  if (study === 'mixture') {
    await writeReport(await resultsOf(studyRuns(golden, { steps, seeds }), chosen), about);
    console.log(`docs/STUDY.md is written.`);
    return;
  }
  const { channels } = await readRecipe(join(root, 'public', 'recipes', 'echo.json'));
  const echo = channels.find((/** @type {any} */ { generated }) => generated);
  if (study === 'echo') {
    console.log(echoTable(await resultsOf(echoRuns(golden, echo, { steps, seeds }), chosen)));
    return;
  }
  const times = stepTimes(await resultsOf(timingRuns(golden, echo), chosen));
  const tokens = await resultsOf(sameTokens(golden, echo, { steps, seeds }), chosen);
  const time = await resultsOf(sameTime(golden, echo, { steps, seeds }, times), chosen);
  await writeForgetLess([...tokens, ...time], times, about);
  console.log(`docs/study/forget-less.md is written.`);
}

requireNode();
try {
  installPackages();
  await main();
} catch (error) {
  console.error(error instanceof Refusal ? error.message : reasonOf(error));
  process.exitCode = error instanceof Refusal ? error.status : 1;
}
