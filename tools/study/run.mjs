// @ts-check
/**
 * `npm run study`: how much is learnt and how much forgotten at several domain shares, learning rates, warmups and strategies, on the
 * bundled base and channels. Writes docs/STUDY.md with its charts.
 *
 *     npm run study [-- --results folder] [--steps 240] [--seeds 1,2] [--folder dist] [--report-only]
 *     npm run study -- --plan echo [--steps 120] …     text that the base writes against true general text; prints a table
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
import { echoRuns, studyRuns } from './plan.mjs';
import { echoTable, writeReport } from './report.mjs';

/** Held-out documents of each channel that the base and every tuned model are measured on. */
const DOCUMENTS = 60;

function options() {
  const { values } = parseArgs({
    options: {
      results: { type: 'string', default: join(root, 'study-results') },
      steps: { type: 'string', default: '240' },
      seeds: { type: 'string', default: '1,2' },
      folder: { type: 'string' },
      'report-only': { type: 'boolean', default: false },
      plan: { type: 'string', default: 'cross' },
    },
  });
  const whole = (/** @type {string} */ name, /** @type {string} */ text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1) throw new Refusal(`--${name} is ${JSON.stringify(text)}; accepted: whole numbers from 1.`);
    return value;
  };
  if (!['cross', 'echo'].includes(values.plan)) throw new Refusal(`--plan is ${JSON.stringify(values.plan)}; accepted: cross, echo.`);
  return {
    plan: values.plan,
    results: resolve(values.results),
    steps: whole('steps', values.steps),
    seeds: values.seeds.split(',').map((seed) => whole('seeds', seed)),
    folder: values.folder ?? null,
    reportOnly: values['report-only'],
  };
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
 * @template {{ id: string, recipe: any }} Run
 * @param {import('../headless-studio.mjs').Studio} studio @param {Run} run
 */
async function carryOut({ page, orCrash }, run) {
  const printer = progressPrinter();
  const began = Date.now();
  const id = await orCrash(
    page.evaluate((recipe) => /** @type {any} */ (window).crossfade.lab.trainer.start(recipe, 'study', () => undefined), run.recipe),
  );
  const view = await orCrash(follow(page, id, printer)).finally(() => printer.end());
  if (view.state !== 'finished') throw new Refusal(`Run ${run.id} ended as "${view.state}": ${view.error?.message ?? ''}`, 1);
  const trained = (Date.now() - began) / 1000;
  const measured = await orCrash(
    page.evaluate(
      async ({ id, step, recipe, documents }) => {
        const { trainer, library } = /** @type {any} */ (window).crossfade.lab;
        const base = { kind: 'model', model: recipe.base };
        const tuned = { kind: 'checkpoint', run: id, step };
        const mixture = await trainer.measureChannels([base, tuned], recipe.channels, documents, () => undefined);
        const changes = await trainer.weightChanges(base, tuned);
        // The disk would fill with checkpoints that nobody reads again.
        await library.removeRun(id);
        return { mixture, changed: changes.filter((/** @type {any} */ part) => part.change > 0).length, parameters: changes.length };
      },
      { id, step: view.step, recipe: run.recipe, documents: DOCUMENTS },
    ),
  );
  return { ...run, ...measured, heldOut: view.heldOut, train: view.train, seconds: { trained, all: (Date.now() - began) / 1000 } };
}

async function main() {
  const { plan, results, steps, seeds, folder, reportOnly } = options();
  await mkdir(results, { recursive: true });
  const preset = (/** @type {string} */ name) => readRecipe(join(root, 'public', 'recipes', `${name}.json`));
  const base = await preset('golden-ratio');
  /** @type {{ id: string, recipe: any }[]} */
  const runs =
    plan === 'echo'
      ? echoRuns(
          base,
          (await preset('echo')).channels.find((/** @type {any} */ { generated }) => generated),
          { steps, seeds },
        )
      : studyRuns(base, { steps, seeds });
  const pathOf = (/** @type {{ id: string }} */ run) => join(results, `${run.id}.json`);
  /** @type {any[]} */
  const done = [];
  /** @type {{ id: string, recipe: any }[]} */
  const left = [];
  for (const run of runs) {
    const kept = await readResult(pathOf(run));
    if (kept && isDeepStrictEqual(kept.recipe, run.recipe)) done.push(kept);
    else left.push(run);
  }
  console.log(`${runs.length} runs of ${steps} steps; ${done.length} are there, ${left.length} are left.`);
  if (left.length > 0 && !reportOnly)
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
  if (done.length < runs.length) throw new Refusal(`${runs.length - done.length} runs are missing: run the study without --report-only.`);
  if (plan === 'echo') return console.log(echoTable(done));
  await writeReport(done, { steps, seeds, documents: DOCUMENTS, folder: join(root, 'docs') });
  console.log(`docs/STUDY.md is written.`);
}

requireNode();
try {
  installPackages();
  await main();
} catch (error) {
  console.error(error instanceof Refusal ? error.message : reasonOf(error));
  process.exitCode = error instanceof Refusal ? error.status : 1;
}
