/** `npm run experiment`: a recipe trained from the command line by the same studio. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@playwright/test';
import { tinyRecipe } from './studio/recipes';
import { readSafetensors } from './studio/safetensors';

const script = fileURLToPath(new URL('../tools/experiment.mjs', import.meta.url));
const built = process.env['E2E_FOLDER'] ?? fileURLToPath(new URL('../dist', import.meta.url));

let folder: string;
test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crossfade-e2e-'));
  writeFileSync(join(folder, 'recipe.json'), JSON.stringify(tinyRecipe({ steps: 4, rows: 2 })));
});
test.afterEach(() => rmSync(folder, { recursive: true, force: true }));

function experiment(...options: string[]): Promise<{ status: number; output: string }> {
  const args = [script, join(folder, 'recipe.json'), '--out', join(folder, 'out'), '--folder', built, ...options];
  return new Promise((done) => {
    execFile(process.execPath, args, { timeout: 100_000 }, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      done({ status, output: `${stdout}\n${stderr}` });
    });
  });
}

test('a recipe is trained without a window, and its results are written', async () => {
  const { status, output } = await experiment('--backend', 'wasm');
  expect(output).toMatch(/step 4\/4/);
  expect(status, output).toBe(0);
  const out = (name: string) => join(folder, 'out', name);
  for (const name of ['recipe.json', 'metrics.jsonl', 'metrics.csv', 'config.json', 'tokenizer.json', 'model.safetensors'])
    expect(existsSync(out(name)), name).toBe(true);
  expect(JSON.parse(readFileSync(out('recipe.json'), 'utf8'))).toMatchObject({ name: 'tiny', budget: { steps: 4 } });
  const lines = readFileSync(out('metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const last = lines.findLast(({ kind }) => kind === 'window');
  expect(last.step).toBe(4);
  expect(last.total).toBeGreaterThan(0);
  expect(last.total).toBeLessThan(8.3);
  expect(readSafetensors(readFileSync(out('model.safetensors'))).get('model.embed_tokens.weight')!.shape).toEqual([4096, 128]);
});

test('a sweep is trained run by run, goes on where it was, and is fitted', async () => {
  const plan = { version: 1, name: 'tiny', base: 'base.json', axes: [{ field: 'domainShare', values: [0.25, 0.75] }] };
  writeFileSync(
    join(folder, 'base.json'),
    JSON.stringify(tinyRecipe({ steps: 2, rows: 2, evaluation: { everySteps: 2, rowsPerChannel: 2 } })),
  );
  writeFileSync(join(folder, 'recipe.json'), JSON.stringify(plan));
  const out = (name: string) => join(folder, 'out', name);
  const first = await experiment('--backend', 'wasm', '--workers', '2');
  expect(first.status, first.output).toBe(0);
  const runs = readFileSync(out('runs.csv'), 'utf8');
  expect(runs).toMatch(
    /^run,seed,lr,warmup,tokens,size,share_en,share_domain,loss_en,loss_domain,state,steps,seconds,device\nbase,.*\n0,1,.*\n1,1,/,
  );
  expect(JSON.parse(readFileSync(out('fit.json'), 'utf8'))).toHaveProperty('recommendation');
  expect(existsSync(out('sweep.zip'))).toBe(true);
  // The second run is made again, to the same figures.
  const kept = JSON.parse(readFileSync(out('runs/1.json'), 'utf8'));
  rmSync(out('runs/1.json'));
  const second = await experiment('--backend', 'wasm');
  expect(second.output).toMatch(/2 runs; 1 are there, 1 are left/);
  expect(JSON.parse(readFileSync(out('runs/1.json'), 'utf8'))).toMatchObject({
    result: { heldOut: kept.result.heldOut, train: kept.result.train },
  });
});

test('hardware that is asked for and not there is refused before anything is trained', async ({ page }, info) => {
  test.skip(info.project.name === 'gpu', 'there is a GPU');
  await page.goto('./favicon.svg');
  const software = await page.evaluate(async () => (await navigator.gpu?.requestAdapter())?.info.architecture ?? 'none');
  expect(software, 'this test needs a machine without a GPU').toMatch(/swiftshader|none|llvmpipe/i);
  const { status, output } = await experiment('--backend', 'webgpu', '--require-hardware');
  expect(status).toBeGreaterThan(0);
  expect(output).toMatch(/hardware|software|adapter/i);
  expect(existsSync(join(folder, 'out', 'model.safetensors'))).toBe(false);
});

test('a bad recipe is refused by the name of its field', async () => {
  writeFileSync(join(folder, 'recipe.json'), JSON.stringify({ ...tinyRecipe(), sequenceLength: 4 }));
  const { status, output } = await experiment('--backend', 'wasm');
  expect(status).toBe(2);
  expect(output).toMatch(/sequenceLength is 4/);
});
