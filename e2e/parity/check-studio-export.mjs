// @ts-check
/**
 * Holds the studio's exports against transformers: trains a few steps, exports the checkpoint, and the loss of every token of a
 * text must be the same there. With folders of models (Hugging Face layout) each of them is imported and trained instead of the
 * bundled base, and its losses before training are compared too. Needs Python with torch and transformers, so it is not part of
 * `npm test`.
 *
 *     npm run build
 *     PYTHON=python node e2e/parity/check-studio-export.mjs [--steps 20] [model folder ...]
 *     python e2e/parity/make_random_models.py /tmp/random-models   # one of every family
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright';
import { browserFlags, findBrowser } from '../../tools/find-browser.mjs';
import { serve } from '../../tools/serve.mjs';

const TEXT = 'The heart is a muscular organ that pumps blood through the body. import numpy as np';
const TOLERANCE = 1e-4;
const root = fileURLToPath(new URL('../../', import.meta.url));
const { values: options, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: { steps: { type: 'string', default: '20' }, dist: { type: 'string', default: join(root, 'dist') } },
});
const steps = Number(options.steps);

/**
 * Largest difference of a token's loss from transformers.
 * @param {string} model zip or folder
 * @param {readonly number[]} losses nats, of every token but the first
 * @returns {Promise<{ difference: number, tokens: number }>}
 */
async function compare(model, losses) {
  const expected = join(scratch, 'expected.json');
  await writeFile(expected, JSON.stringify({ prompt: TEXT, tokenLosses: losses, tolerance: TOLERANCE }));
  const check = spawnSync(process.env['PYTHON'] ?? 'python3', [join(root, 'e2e/parity/check_export.py'), model, expected], {
    encoding: 'utf8',
  });
  if (check.status !== 0) throw new Error(`${model}: ${check.stderr || String(check.error)}`);
  const { difference, ids } = JSON.parse(check.stdout);
  return { difference, tokens: ids.length };
}

/** @param {string} folder */
async function filesOf(folder) {
  const names = await readdir(folder);
  return Promise.all(names.map(async (name) => ({ name, base64: (await readFile(join(folder, name))).toString('base64') })));
}

const scratch = await mkdtemp(join(tmpdir(), 'crossfade-export-'));
const server = await serve({ folder: options.dist, port: 0 });
const executablePath = await findBrowser();
const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: browserFlags() });
try {
  const page = await browser.newPage();
  await page.goto(server.url);
  await page.waitForFunction(() => 'crossfade' in window);
  for (const folder of folders.length > 0 ? folders : [null]) {
    const { recipe } = JSON.parse(await readFile(join(root, 'public/recipes/golden-ratio.json'), 'utf8'));
    recipe.budget.steps = steps;
    recipe.evaluation = { everySteps: steps, rowsPerChannel: 2 };
    const { zip, before, after } = await page.evaluate(
      async ({ recipe, text, files, name }) => {
        const { lab } = /** @type {any} */ (window).crossfade;
        const quiet = () => {};
        await lab.trainer.open({ backend: 'wasm', threads: null, requireHardware: false });
        if (files) {
          const list = files.map((file) => new File([Uint8Array.from(atob(file.base64), (c) => c.charCodeAt(0))], file.name));
          const model = await lab.library.importModel(list, name, quiet);
          recipe.base = model.id;
          recipe.sequenceLength = Math.min(recipe.sequenceLength, model.context);
          await lab.tokenizer.prepare(
            model.id,
            recipe.channels.map((/** @type {{ corpus: string }} */ { corpus }) => ({ corpus })),
            quiet,
          );
        }
        const run = await lab.trainer.start(recipe, 'export check', quiet);
        while ((await lab.library.run(run)).state !== 'finished') await new Promise((resolve) => setTimeout(resolve, 200));
        const weights = { kind: 'checkpoint', run, step: recipe.budget.steps };
        const tokens = await lab.trainer.tokenLosses({ kind: 'model', model: recipe.base }, weights, text);
        const blob = await lab.library.exportRun(run, recipe.budget.steps, 'F32', quiet);
        const losses = (/** @type {'a' | 'b'} */ of) => tokens.slice(1).map((/** @type {any} */ token) => token[of]);
        return { zip: [...new Uint8Array(await blob.arrayBuffer())], before: losses('a'), after: losses('b') };
      },
      { recipe, text: TEXT, files: folder && (await filesOf(folder)), name: folder ? basename(folder) : '' },
    );
    await writeFile(join(scratch, 'export.zip'), Uint8Array.from(zip));
    if (folder) {
      const { difference, tokens } = await compare(folder, before);
      console.log(`${basename(folder)}: ${tokens} tokens: largest difference of a token's loss from transformers ${difference}`);
    }
    const { difference, tokens } = await compare(join(scratch, 'export.zip'), after);
    console.log(
      `${folder ? basename(folder) : recipe.base}: ${tokens} tokens after ${steps} steps, exported: largest difference ${difference}`,
    );
  }
} finally {
  await browser.close();
  await server.close();
  await rm(scratch, { recursive: true });
}
