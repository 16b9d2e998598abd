// @ts-check
/**
 * A sweep from the command line: `npm run experiment -- sweep.json --out folder [--workers N]`. Tabs of one headless browser take its runs off
 * the studio's own queue. What each run gave is kept as soon as it is there, so that a sweep that was killed goes on where it was; then the
 * laws of mixtures are fitted.
 *
 * Writes runs.csv (a row a run, with the base's losses first), curves.csv, fit.json, recipes/ and all of them as sweep.zip.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readRecipe } from './experiment.mjs';
import { reasonOf, Refusal, withStudio } from './headless-studio.mjs';
import { loadCore } from './load-core.mjs';

/**
 * Records as src/core/sweep/record.ts has them.
 * @typedef {import('../src/core/sweep/record').SweepRecord} SweepRecord
 * @typedef {import('../src/core/sweep/record').SweepRun} SweepRun
 * @typedef {import('../src/contract/sweep').KeptRuns} KeptRuns
 */

/** Milliseconds between two looks at the sweep. */
const LOOK_EVERY = 1000;

/** Of the studio's own rules. */
const CORE = [
  'sweep/schema',
  'sweep/plan',
  'sweep/queue',
  'sweep/record',
  'sweep/archive',
  'laws/channel-laws',
  'laws/decision',
  'laws/recommend',
];

/**
 * @param {any} json the plan; its `base` may be a recipe or the path of one, from the plan's folder
 * @param {{ recipe: string, out: string, workers: number, threads: number | null, backend: string | null, requireHardware: boolean, folder: string | null }} options
 */
export async function runSweep(json, options) {
  const { core, close } = await loadCore(CORE);
  try {
    const base = typeof json.base === 'string' ? await readRecipe(resolve(dirname(options.recipe), json.base)) : json.base;
    const planned = newSweep(core, { ...json, base });
    const folder = join(options.out, 'runs');
    await mkdir(folder, { recursive: true });
    const kept = await keptRuns(planned, folder);
    const known = new Map(kept.runs.map((run) => [run.index, run]));
    const { base: measured, size } = kept;
    const resumed = {
      ...planned,
      state: 'running',
      base: measured,
      size,
      runs: planned.runs.map((run) => ({ ...run, ...known.get(run.index) })),
    };
    const there = resumed.runs.filter(hasEnded).length;
    console.log(`${planned.runs.length} runs; ${there} are there, ${planned.runs.length - there} are left.`);
    const { sweep, task } = core.takeNext(resumed, new Set());
    const ended = task.kind === 'done' ? sweep : await trainAll(core, planned, { base: measured, runs: kept.runs }, folder, options);
    await writeSweep(core, ended, options.out);
    console.log(`runs.csv, curves.csv, fit.json and sweep.zip: ${options.out}`);
  } finally {
    await close();
  }
}

/** @param {any} core @param {any} json @returns {SweepRecord} */
function newSweep(core, json) {
  try {
    return core.newSweep(core.parseSweep(json), 'command-line', 0, null);
  } catch (error) {
    throw new Refusal(reasonOf(error));
  }
}

/** @param {Pick<SweepRun, 'state'>} run */
const hasEnded = ({ state }) => state === 'finished' || state === 'stopped' || state === 'failed';

/**
 * Results of an earlier call, of exactly these recipes. A run that waits at a rung is made again up to where it goes on, to the same figures.
 * @param {SweepRecord} sweep @param {string} folder @returns {Promise<KeptRuns & { size: number | null }>}
 */
async function keptRuns({ runs }, folder) {
  const found = await Promise.all(
    runs.map(async ({ index, recipe }) => {
      const kept = lifted(await readResult(join(folder, `${index}.json`)));
      return kept && isDeepStrictEqual(kept.recipe, recipe) ? [{ ...kept, index }] : [];
    }),
  );
  const kept = found.flat();
  return {
    base: kept[0]?.base ?? {},
    size: kept[0]?.size ?? null,
    runs: kept.map(({ index, state, rung, error, result, judged }) => ({
      index,
      state,
      rung,
      error,
      result,
      ...(judged ? { judged } : {}),
    })),
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

/** A result as kept before sweeps had records, in their form. @param {any} kept */
function lifted(kept) {
  if (!kept || kept.result !== undefined) return kept;
  const { recipe, base, state, steps, losses, heldOut, train, seconds, engine } = kept;
  const tokens = steps * recipe.batchSize * recipe.gradientAccumulationSteps * recipe.sequenceLength;
  const ends = Object.fromEntries(Object.keys(base).map((id) => [id, losses[id] ?? null]));
  const result = { steps, tokens, losses: ends, heldOut, train, seconds, device: engine };
  return { recipe, base, size: null, state, rung: 0, error: null, result };
}

/**
 * @param {any} core @param {SweepRecord} planned @param {KeptRuns} kept @param {string} folder @param {Parameters<typeof runSweep>[1]} options
 * @returns {Promise<SweepRecord>} when nothing is left
 */
async function trainAll(core, planned, kept, folder, options) {
  const left = planned.runs.length - kept.runs.filter(hasEnded).length;
  const workers = Math.min(options.workers, left);
  const threads = options.threads ?? Math.max(1, Math.floor(availableParallelism() / workers));
  const { backend, requireHardware, folder: built } = options;
  return withStudio({ folder: built, backend, threads, requireHardware }, async (studio) => {
    const { page, orCrash } = studio;
    const tabs = [studio];
    while (tabs.length < workers) tabs.push(await studio.another());
    const plan = planned.plan;
    /** @type {SweepRecord} */
    const begun = await orCrash(
      page.evaluate(
        ([plan, kept]) => /** @type {any} */ (window).crossfade.lab.library.createSweep(plan, kept),
        /** @type {const} */ ([plan, kept]),
      ),
    ).catch((error) => {
      throw new Refusal(reasonOf(error));
    });
    const failed = new Promise((_, fail) => {
      for (const tab of tabs)
        tab.orCrash(tab.page.evaluate((id) => /** @type {any} */ (window).crossfade.lab.trainer.joinSweep(id), begun.id)).catch(fail);
    });
    failed.catch(() => undefined);
    const told = new Map(begun.runs.map((run) => [run.index, run.judged?.length ?? 0]));
    /** @type {number[]} */
    const speeds = [];
    for (;;) {
      const sweep = /** @type {SweepRecord} */ (
        await Promise.race([failed, orCrash(page.evaluate((id) => /** @type {any} */ (window).crossfade.lab.library.sweep(id), begun.id))])
      );
      for (const run of sweep.runs) {
        const times = run.judged?.length ?? 0;
        if (times === told.get(run.index) || run.state === 'training') continue;
        told.set(run.index, times);
        await keep(sweep, run, folder);
        if (run.result && run.result.seconds > 0) speeds.push((run.result.tokens / run.result.seconds) * workers);
        console.log(`${lineOf(run)}${timeLeft(core, sweep, speeds)}`);
      }
      if (sweep.state === 'finished') {
        // What the rule has ended since it was kept.
        await Promise.all(sweep.runs.filter(({ state }) => state === 'stopped').map((run) => keep(sweep, run, folder)));
        return sweep;
      }
      if (sweep.state === 'paused') {
        const fault = sweep.runs.find(({ error, state }) => error !== null && state !== 'failed')?.error;
        throw new Refusal(`The sweep was paused: ${fault?.message ?? 'by hand'}`, 1);
      }
      await new Promise((done) => setTimeout(done, LOOK_EVERY));
    }
  });
}

/** New, then moved: a sweep killed here leaves no half result. @param {SweepRecord} sweep @param {SweepRun} run @param {string} folder */
async function keep({ base, size }, { index, recipe, setting, seed, state, rung, error, result, judged }, folder) {
  const path = join(folder, `${index}.json`);
  await writeFile(`${path}.new`, JSON.stringify({ recipe, setting, seed, base, size, state, rung, error, result, judged }));
  await rename(`${path}.new`, path);
}

/** @param {SweepRun} run */
function lineOf({ index, setting, seed, state, rung, error, result }) {
  const how = state === 'planned' ? `waits at rung ${rung}` : state === 'failed' ? `failed (${error?.message ?? ''})` : state;
  return `run ${index} ${JSON.stringify(setting)} seed ${seed}: ${how}, ${(result?.seconds ?? 0).toFixed(0)} s`;
}

/** @param {any} core @param {SweepRecord} sweep @param {readonly number[]} speeds */
function timeLeft(core, { plan, runs }, speeds) {
  const queue = runs.filter(({ state }) => state === 'planned' || state === 'training');
  // How many go on from a rung is not known before.
  const { minutes } = plan?.halving || queue.length === 0 ? { minutes: null } : core.sweepCost({ limits: {} }, queue, speeds);
  return minutes
    ? `; about ${minutes.value.toFixed(0)} min left (${minutes.interval.low.toFixed(0)} … ${minutes.interval.high.toFixed(0)})`
    : '';
}

/** @param {any} core @param {SweepRecord} sweep @param {string} out */
async function writeSweep(core, sweep, out) {
  const input = core.fitInputOf(sweep);
  const fit = core.decide(input, core.fitChannels(input.runs, input.channels, input.targets), core.DEFAULT_GOAL);
  /** @type {import('../src/core/sweep/archive').ArchivedFile[]} */
  const written = [...core.sweepFiles(sweep, fit)];
  const files = written.map(({ name, text }) => ({ name, text: [...text] }));
  await mkdir(join(out, 'recipes'), { recursive: true });
  await Promise.all(files.map(({ name, text }) => writeFile(join(out, name), text.join(''))));
  await writeFile(join(out, 'sweep.zip'), Buffer.concat(await core.zipFiles(files, async () => undefined)));
}
