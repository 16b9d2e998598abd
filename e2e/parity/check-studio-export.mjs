// @ts-check
/**
 * Trains a few steps in the studio, exports the checkpoint and holds it against transformers: the loss of every token of a text
 * must be the same there. Needs Python with torch and transformers, so it is not part of `npm test`.
 *
 *     npm run build && PYTHON=python node e2e/parity/check-studio-export.mjs [steps]
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { browserFlags, findBrowser } from '../../tools/find-browser.mjs';
import { serve } from '../../tools/serve.mjs';

const TEXT = 'The heart is a muscular organ that pumps blood through the body. import numpy as np';
const root = fileURLToPath(new URL('../../', import.meta.url));
const steps = Number(process.argv[2] ?? 20);
const { recipe } = JSON.parse(await readFile(join(root, 'public/recipes/golden-ratio.json'), 'utf8'));
recipe.budget.steps = steps;
recipe.evaluation = { everySteps: steps, rowsPerChannel: 2 };

const folder = await mkdtemp(join(tmpdir(), 'crossfade-export-'));
const server = await serve({ folder: join(root, 'dist'), port: 0 });
const executablePath = await findBrowser();
const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: browserFlags() });
try {
  const page = await browser.newPage();
  await page.goto(server.url);
  await page.waitForFunction(() => 'crossfade' in window);
  const { zip, losses } = await page.evaluate(
    async ({ recipe, text }) => {
      const { lab } = /** @type {any} */ (window).crossfade;
      await lab.trainer.open({ backend: 'wasm', threads: null, requireHardware: false });
      const run = await lab.trainer.start(recipe, 'export check', () => {});
      while ((await lab.library.run(run)).state !== 'finished') await new Promise((resolve) => setTimeout(resolve, 200));
      const weights = { kind: 'checkpoint', run, step: recipe.budget.steps };
      const tokens = await lab.trainer.tokenLosses({ kind: 'model', model: recipe.base }, weights, text);
      const blob = await lab.library.exportRun(run, recipe.budget.steps, 'F32', () => {});
      return { zip: [...new Uint8Array(await blob.arrayBuffer())], losses: tokens.slice(1).map((/** @type {{ b: number }} */ { b }) => b) };
    },
    { recipe, text: TEXT },
  );
  await writeFile(join(folder, 'export.zip'), Uint8Array.from(zip));
  await writeFile(join(folder, 'expected.json'), JSON.stringify({ prompt: TEXT, tokenLosses: losses, tolerance: 1e-4 }));
  const check = spawnSync(
    process.env['PYTHON'] ?? 'python3',
    [join(root, 'e2e/parity/check_export.py'), join(folder, 'export.zip'), join(folder, 'expected.json')],
    { encoding: 'utf8' },
  );
  if (check.status !== 0) throw new Error(check.stderr || String(check.error));
  const { difference, ids } = JSON.parse(check.stdout);
  console.log(`${ids.length} tokens after ${steps} steps: largest difference of a token's loss from transformers ${difference}`);
} finally {
  await browser.close();
  await server.close();
  await rm(folder, { recursive: true });
}
