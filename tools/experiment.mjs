// @ts-check
/**
 * Trains a recipe without a screen: the same studio, in a headless browser. Writes recipe.json, metrics.jsonl, metrics.csv and
 * the checkpoint in Hugging Face layout.
 *
 *     npm run experiment -- recipe.json --out folder [--backend webgpu|wasm|cpu] [--require-hardware] [--threads N] [--name NAME]
 *
 * A plan of a sweep in the recipe's place is trained run by run, by `--workers N` studios side by side (`sweep.mjs`); a pipeline stage by stage.
 *
 * Ends with 0 when the run came to its end (by its budget or a stopping rule), 1 when it failed, 2 when it could not be started
 * as asked for. Ctrl+C stops the run, and what there is is written.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { reasonOf, Refusal, withStudio } from './headless-studio.mjs';
import { loadCore } from './load-core.mjs';
import { installPackages, requireNode } from './setup.mjs';

const USAGE =
  'npm run experiment -- recipe.json|sweep.json|pipeline.json --out folder [--backend webgpu|wasm|cpu] [--require-hardware] [--threads N] [--name NAME] [--workers N]';
const BACKENDS = ['webgpu', 'wasm', 'cpu'];
/** Milliseconds between two looks at the run, and between two lines where there is no terminal. */
const LOOK_EVERY = 1000;
const LINE_EVERY = 15_000;

/** @param {string[]} args */
export function experimentOptions(args) {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        out: { type: 'string' },
        backend: { type: 'string' },
        'require-hardware': { type: 'boolean', default: false },
        threads: { type: 'string' },
        workers: { type: 'string' },
        name: { type: 'string' },
        folder: { type: 'string' },
      },
    });
  } catch (error) {
    throw new Refusal(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
  const { values, positionals } = parsed;
  const [recipe] = positionals;
  if (!recipe || positionals.length > 1) throw new Refusal(`Name one recipe file.\n${USAGE}`);
  if (!values.out) throw new Refusal(`--out is missing: the folder for the results.\n${USAGE}`);
  if (values.backend !== undefined && !BACKENDS.includes(values.backend))
    throw new Refusal(`--backend is ${JSON.stringify(values.backend)}; accepted: ${BACKENDS.join(', ')}.`);
  const whole = (/** @type {'threads' | 'workers'} */ name) => {
    const value = values[name] === undefined ? null : Number(values[name]);
    if (value !== null && !(Number.isInteger(value) && value > 0))
      throw new Refusal(`--${name} is ${JSON.stringify(values[name])}; accepted: a whole number from 1.`);
    return value;
  };
  return {
    recipe,
    out: resolve(values.out),
    backend: values.backend ?? null,
    requireHardware: values['require-hardware'],
    threads: whole('threads'),
    /** Studios that train the runs of a sweep side by side. */
    workers: whole('workers') ?? 1,
    name: values.name ?? null,
    /** A studio that is built already; without it the present sources are built. */
    folder: values.folder ?? null,
  };
}

/**
 * A recipe, a plan of a sweep, a pipeline, or a preset of public/recipes (one of these with its texts).
 * @param {string} path
 */
export async function readRecipe(path) {
  let json;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Refusal(`The recipe ${path} could not be read: ${error instanceof Error ? error.message : error}`);
  }
  if (json === null || typeof json !== 'object') return json;
  return json.recipe ?? json.pipeline ?? json;
}

/** @param {number | null} seconds */
export function duration(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return '–';
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/**
 * One line of progress.
 * @param {any} view RunView
 * @param {number | null} eta seconds
 */
export function progressLine({ step, steps, channels, retention, tokensPerSecond, state }, eta) {
  const number = (/** @type {number | null} */ value, digits = 3) => (value === null ? '–' : value.toFixed(digits));
  const losses = channels.map((/** @type {any} */ { id, trainLoss, heldOutLoss }) => `${id} ${number(trainLoss)}/${number(heldOutLoss)}`);
  const speed = tokensPerSecond === null ? '' : ` · ${Math.round(tokensPerSecond)} tok/s`;
  const left = state === 'running' && step > 0 ? ` · ${duration(eta)} left` : '';
  return `step ${step}/${steps} · train/held-out ${losses.join(' · ')} · retention ${number(retention)}${speed}${left}`;
}

/** Keeps one line alive in a terminal; elsewhere prints one now and then. */
export function progressPrinter() {
  let printed = 0;
  let live = false;
  return {
    /** @param {string} line @param {boolean} [now] */
    show(line, now = false) {
      if (process.stdout.isTTY) {
        process.stdout.write(`\r\x1b[K${line.slice(0, process.stdout.columns - 1)}`);
        live = true;
      } else if (now || Date.now() - printed >= LINE_EVERY) {
        console.log(line);
        printed = Date.now();
      }
    },
    end() {
      if (live) process.stdout.write('\n');
      live = false;
    },
  };
}

/** @param {ReturnType<typeof experimentOptions>} options */
async function run(options) {
  const recipe = await readRecipe(options.recipe);
  await mkdir(options.out, { recursive: true });
  if (recipe !== null && typeof recipe === 'object' && 'axes' in recipe) {
    const { runSweep } = await import('./sweep.mjs');
    await runSweep(recipe, options);
    return;
  }
  if (recipe !== null && typeof recipe === 'object' && 'stages' in recipe) {
    await runPipeline(recipe, options);
    return;
  }
  await withStudio(options, (studio) => train(studio, recipe, options));
}

/**
 * The stages of a pipeline, each on the weights of the one before; a folder each, and what each did to every channel in stages.csv.
 * @param {any} json a pipeline's file @param {ReturnType<typeof experimentOptions>} options
 */
async function runPipeline(json, options) {
  const { core, close } = await loadCore(['run/pipeline', 'run/lifelong', 'sweep/columns']);
  try {
    const { name, plan } = readPipeline(core, json);
    const stages = plan.stages.length;
    await withStudio(options, async (studio) => {
      const chain = { id: crypto.randomUUID(), name: options.name ?? name, plan };
      let base = core.firstBase(plan);
      for (let stage = 0; stage < stages; stage++) {
        const { name: label } = /** @type {{ name: string }} */ (plan.stages[stage]);
        console.log(`stage ${stage + 1} of ${stages}: ${label}`);
        const out = join(options.out, `${stage + 1}-${label.replace(/[^\p{L}\p{N}]+/gu, '-')}`);
        await mkdir(out, { recursive: true });
        const place = { ...chain, stage };
        const run = await train(studio, core.stageRecipe(plan, stage, base), { ...options, out, name: `${chain.name} · ${label}` }, place);
        base = await studio.orCrash(
          studio.page.evaluate(async (id) => {
            const { lab } = /** @type {any} */ (window).crossfade;
            const { step, name } = await lab.library.run(id);
            return (await lab.library.keepRun(id, step, name, () => undefined)).id;
          }, run),
        );
      }
      const runs = await studio.page.evaluate(() => /** @type {any} */ (window).crossfade.lab.library.runs());
      const matrix = core.lifelongMatrix(core.chainsOf(runs)[0]);
      const { columns, rows } = core.matrixTable(matrix, (/** @type {string} */ id) => id);
      await writeFile(join(options.out, 'stages.csv'), [columns, ...rows].map(core.csvLine).join(''));
      await writeFile(
        join(options.out, 'stages.json'),
        `${JSON.stringify({ name, ...matrix, changes: core.stageChanges(matrix) }, null, 2)}\n`,
      );
    });
    console.log(`stages.csv, stages.json and a folder a stage: ${options.out}`);
  } finally {
    await close();
  }
}

/** @param {any} core @param {any} json @returns {{ name: string, plan: import('../src/core/run/types').PipelinePlan }} */
function readPipeline(core, json) {
  try {
    return core.parsePipeline(json);
  } catch (error) {
    throw new Refusal(reasonOf(error));
  }
}

/**
 * @param {import('./headless-studio.mjs').Studio} studio
 * @param {any} recipe @param {ReturnType<typeof experimentOptions>} options @param {any} [place] in a chain @returns {Promise<string>} its id
 */
async function train({ page, engine, orCrash }, recipe, options, place) {
  console.log(`engine: ${engine}`);
  const printer = progressPrinter();
  if (!place || place.stage === 0)
    await page.exposeFunction('experimentProgress', (/** @type {any} */ { phase, item, done, total }) =>
      printer.show(`${phase} ${item} ${total > 0 ? Math.round((100 * done) / total) : 0} %`),
    );
  const name = options.name ?? recipe?.name ?? 'experiment';
  const id = await orCrash(
    page.evaluate(
      ([recipe, name, place]) =>
        /** @type {any} */ (window).crossfade.lab.trainer.start(
          recipe,
          name,
          (/** @type {any} */ progress) => void (/** @type {any} */ (window).experimentProgress(progress)),
          place,
        ),
      /** @type {const} */ ([recipe, name, place]),
    ),
  ).catch((error) => {
    printer.end();
    throw new Refusal(reasonOf(error));
  });

  let asked = 0;
  const interrupt = () => {
    asked += 1;
    if (asked > 1) process.exit(130);
    console.log('\nStopping: the last checkpoint is written. Ctrl+C again ends at once.');
    page.evaluate(() => /** @type {any} */ (window).crossfade.lab.trainer.stop()).catch(() => undefined);
  };
  process.on('SIGINT', interrupt);
  const view = await orCrash(follow(page, id, printer)).finally(() => process.off('SIGINT', interrupt));
  printer.end();
  const failed = view.state === 'failed' || view.error !== null || view.state === 'interrupted';
  if (view.checkpoints.length > 0) await orCrash(download(page, id, view.checkpoints.at(-1).step, options.out));
  else await writeFile(join(options.out, 'recipe.json'), `${JSON.stringify(view.recipe, null, 2)}\n`);
  if (failed) {
    const why = view.error ? view.error.message : `the run was left in state "${view.state}"`;
    throw new Refusal(`The run failed at step ${view.step}: ${why}`, 1);
  }
  console.log(`${view.state} (${view.stopReason}) after ${view.step} steps, ${view.tokens} tokens: ${options.out}`);
  return id;
}

/**
 * Looks at the run until it ends, and gives how it ended.
 * @param {import('playwright').Page} page @param {string} id @param {ReturnType<typeof progressPrinter>} printer
 */
export async function follow(page, id, printer) {
  const began = Date.now();
  for (;;) {
    const view = /** @type {any} */ (await page.evaluate((run) => /** @type {any} */ (window).crossfade.view(run), id));
    const elapsed = (Date.now() - began) / 1000;
    const eta = view.step > 0 ? (elapsed / view.step) * (view.steps - view.step) : null;
    // A run pauses by itself only when the disk is full, and nobody is here to free some.
    const ended = !['preparing', 'running'].includes(view.state);
    printer.show(progressLine(view, eta), ended);
    if (ended) return view;
    await new Promise((done) => setTimeout(done, LOOK_EVERY));
  }
}

/**
 * The run as the studio exports it, unzipped.
 * @param {import('playwright').Page} page @param {string} id @param {number} step @param {string} folder
 */
async function download(page, id, step, folder) {
  const { unzipSync } = await import('fflate');
  const [file] = await Promise.all([
    page.waitForEvent('download', { timeout: 120_000 }),
    page.evaluate(async ([run, step]) => {
      const blob = await /** @type {any} */ (window).crossfade.lab.library.exportRun(run, step, 'F32', () => undefined);
      const link = document.createElement('a');
      link.href = URL.createObjectURL(blob);
      link.download = 'run.zip';
      link.click();
    }, /** @type {const} */ ([id, step])),
  ]);
  const entries = unzipSync(await readFile(await file.path()));
  for (const [name, bytes] of Object.entries(entries)) {
    const path = resolve(folder, name);
    if (name.endsWith('/') || !path.startsWith(folder + sep)) continue;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
}

async function main() {
  requireNode();
  try {
    const options = experimentOptions(process.argv.slice(2));
    installPackages();
    await run(options);
  } catch (error) {
    console.error(error instanceof Refusal ? error.message : error);
    process.exitCode = error instanceof Refusal ? error.status : 1;
  }
}

// Not awaited: `sweep.mjs` imports this module, which must have been evaluated by then.
if (process.argv[1] === fileURLToPath(import.meta.url)) void main();
