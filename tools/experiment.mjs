// @ts-check
/**
 * Trains a recipe without a screen: the same studio, in a headless browser. Writes recipe.json, metrics.jsonl, metrics.csv and
 * the checkpoint in Hugging Face layout.
 *
 *     npm run experiment -- recipe.json --out folder [--backend webgpu|wasm|cpu] [--require-hardware] [--threads N] [--name NAME]
 *
 * Ends with 0 when the run came to its end (by its budget or a stopping rule), 1 when it failed, 2 when it could not be started
 * as asked for. Ctrl+C stops the run, and what there is is written.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installPackages, requireNode, root } from './setup.mjs';

const USAGE = 'npm run experiment -- recipe.json --out folder [--backend webgpu|wasm|cpu] [--require-hardware] [--threads N] [--name NAME]';
const BACKENDS = ['webgpu', 'wasm', 'cpu'];
/** Milliseconds between two looks at the run, and between two lines where there is no terminal. */
const LOOK_EVERY = 1000;
const LINE_EVERY = 15_000;

/** What a person did wrong or asked for in vain: shown as it is. */
class Refusal extends Error {
  /** @param {string} message @param {1 | 2} status */
  constructor(message, status = 2) {
    super(message);
    this.status = status;
  }
}

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
  const threads = values.threads === undefined ? null : Number(values.threads);
  if (threads !== null && !(Number.isInteger(threads) && threads > 0))
    throw new Refusal(`--threads is ${JSON.stringify(values.threads)}; accepted: a whole number from 1.`);
  return {
    recipe,
    out: resolve(values.out),
    backend: values.backend ?? null,
    requireHardware: values['require-hardware'],
    threads,
    name: values.name ?? null,
    /** A studio that is built already; without it the present sources are built. */
    folder: values.folder ?? null,
  };
}

/**
 * A recipe, or a preset of public/recipes (a recipe with its texts).
 * @param {string} path
 */
export async function readRecipe(path) {
  let json;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Refusal(`The recipe ${path} could not be read: ${error instanceof Error ? error.message : error}`);
  }
  return json !== null && typeof json === 'object' && 'recipe' in json ? json.recipe : json;
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
 * @param {any} snapshot RunSnapshot
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
function progressPrinter() {
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

/** What is wrong, in words, from whatever was thrown in the page. @param {unknown} error */
function reasonOf(error) {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .replace(/^page\.evaluate: /, '')
    .replace(/\n\s+at [\s\S]*$/, '')
    .replace(/^(StudioError|Error): /, '');
}

/** @param {ReturnType<typeof experimentOptions>} options */
async function run(options) {
  const recipe = await readRecipe(options.recipe);
  const { serve } = await import('./serve.mjs');
  const { buildIfStale } = await import('./build-if-stale.mjs');
  const { browserFlags, ensureBrowser } = await import('./find-browser.mjs');
  const { chromium } = await import('playwright');
  if (options.folder === null && !buildIfStale()) throw new Refusal('The studio could not be built: the reason is above.', 1);
  await mkdir(options.out, { recursive: true });

  const server = await serve({ folder: options.folder ?? join(root, 'dist'), port: 0 });
  // A profile on the disk: checkpoints of a large model do not fit into the memory of a private window.
  const profile = await mkdtemp(join(tmpdir(), 'crossfade-'));
  const gpu = options.backend === 'webgpu' || options.requireHardware;
  let browser;
  try {
    browser = await chromium.launchPersistentContext(profile, {
      headless: true,
      executablePath: await ensureBrowser(),
      args: [
        ...browserFlags(),
        ...(gpu && options.requireHardware ? ['--enable-features=Vulkan', '--use-angle=vulkan', '--ignore-gpu-blocklist'] : []),
      ],
      handleSIGINT: false,
      acceptDownloads: true,
    });
    const page = browser.pages()[0] ?? (await browser.newPage());
    await train(page, server.url, recipe, options);
  } finally {
    await browser?.close();
    await server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 3 });
  }
}

/**
 * @param {import('playwright').Page} page @param {string} url
 * @param {any} recipe @param {ReturnType<typeof experimentOptions>} options
 */
async function train(page, url, recipe, options) {
  /** @type {Promise<never>} */
  const crashed = new Promise((_, fail) => page.on('crash', () => fail(new Refusal('The page crashed: is there enough memory?', 1))));
  crashed.catch(() => undefined);
  /** @template T @param {Promise<T>} work */
  const orCrash = (work) => Promise.race([work, crashed]);

  const query = new URLSearchParams();
  if (options.backend) query.set('backend', options.backend);
  if (options.threads) query.set('threads', String(options.threads));
  if (options.requireHardware) query.set('require-hardware', 'true');
  await page.goto(`${url}?${query}`);
  await page.waitForFunction(() => 'crossfade' in window);
  const { backend, threads, requireHardware } = options;
  const device = await orCrash(
    page.evaluate((engine) => /** @type {any} */ (window).crossfade.lab.trainer.open(engine), { backend, threads, requireHardware }),
  ).catch((error) => {
    throw new Refusal(reasonOf(error));
  });
  console.log(
    `engine: ${[device.backend, device.adapter, device.threads > 1 ? `${device.threads} threads` : '', device.simd === 'none' ? '' : device.simd].filter(Boolean).join(' · ')}`,
  );

  const printer = progressPrinter();
  await page.exposeFunction('experimentProgress', (/** @type {any} */ { phase, item, done, total }) =>
    printer.show(`${phase} ${item} ${total > 0 ? Math.round((100 * done) / total) : 0} %`),
  );
  const name = options.name ?? recipe?.name ?? 'experiment';
  const id = await orCrash(
    page.evaluate(
      ([recipe, name]) =>
        /** @type {any} */ (window).crossfade.lab.trainer.start(
          recipe,
          name,
          (/** @type {any} */ progress) => void (/** @type {any} */ (window).experimentProgress(progress)),
        ),
      /** @type {const} */ ([recipe, name]),
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
  const snapshot = await orCrash(follow(page, id, printer)).finally(() => process.off('SIGINT', interrupt));
  printer.end();
  const failed = snapshot.state === 'failed' || snapshot.error !== null || snapshot.state === 'interrupted';
  if (snapshot.checkpoints.length > 0) await orCrash(download(page, id, snapshot.checkpoints.at(-1).step, options.out));
  else await writeFile(join(options.out, 'recipe.json'), `${JSON.stringify(snapshot.recipe, null, 2)}\n`);
  if (failed) {
    const why = snapshot.error ? snapshot.error.message : `the run was left in state "${snapshot.state}"`;
    throw new Refusal(`The run failed at step ${snapshot.step}: ${why}`, 1);
  }
  console.log(`${snapshot.state} (${snapshot.stopReason}) after ${snapshot.step} steps, ${snapshot.tokens} tokens: ${options.out}`);
}

/**
 * Looks at the run until it ends, and gives its last snapshot.
 * @param {import('playwright').Page} page @param {string} id @param {ReturnType<typeof progressPrinter>} printer
 */
async function follow(page, id, printer) {
  const began = Date.now();
  for (;;) {
    const snapshot = /** @type {any} */ (await page.evaluate((run) => /** @type {any} */ (window).crossfade.lab.library.snapshot(run), id));
    const elapsed = (Date.now() - began) / 1000;
    const eta = snapshot.step > 0 ? (elapsed / snapshot.step) * (snapshot.steps - snapshot.step) : null;
    // A run pauses by itself only when the disk is full, and nobody is here to free some.
    const ended = !['preparing', 'running'].includes(snapshot.state);
    printer.show(progressLine(snapshot, eta), ended);
    if (ended) return snapshot;
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
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
