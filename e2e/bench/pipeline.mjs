// @ts-check
/**
 * Megabytes a second of the whole data pipeline with its default settings, in headless Chromium: in one thread, and with nested
 * workers; the steps by their share.
 *
 *     node e2e/bench/pipeline.mjs [--megabytes 100] [--workers 0 --workers 2] [--port 5307]
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright';
import { build } from 'vite';
import { browserFlags, ensureBrowser } from '../../tools/find-browser.mjs';
import { serve } from '../../tools/serve.mjs';
import { processorSeconds } from './processor-time.mjs';

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '100' },
    workers: { type: 'string', multiple: true, default: ['0', '2'] },
    port: { type: 'string', default: '5307' },
  },
});
const results = fileURLToPath(new URL('../../bench-results/', import.meta.url));

const site = mkdtempSync(join(tmpdir(), 'crossfade-bench-'));
await build({
  configFile: false,
  root: fileURLToPath(new URL('./pipeline/', import.meta.url)),
  base: './',
  logLevel: 'warn',
  worker: { format: 'es' },
  build: { outDir: site, emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 4000 },
});
// Beside the workers' scripts, from where they ask for them.
cpSync(fileURLToPath(new URL('../../public/corpora/', import.meta.url)), join(site, 'assets/corpora'), { recursive: true });
const server = await serve({ folder: site, port: Number(values.port) });
const browser = await chromium.launch({ executablePath: await ensureBrowser(), args: browserFlags() });
try {
  const page = await browser.newPage();
  page.on('console', (message) => console.error(`[page] ${message.text()}`));
  page.on('pageerror', (error) => console.error(`[page] ${error.message}`));
  await page.exposeFunction('processorSeconds', () => processorSeconds(process.pid));
  await page.goto(server.url);
  await page.waitForFunction(() => 'benchPipeline' in window);
  const speeds = await page.evaluate(({ megabytes, workers }) => window.benchPipeline(megabytes, workers), {
    megabytes: Number(values.megabytes),
    workers: values.workers.map(Number),
  });
  console.log(`${cpus().length} × ${cpus()[0]?.model}; load ${loadavg()[0]?.toFixed(1)}; Chromium ${browser.version()}`);
  for (const speed of speeds) print(speed);
  mkdirSync(results, { recursive: true });
  const file = join(results, `pipeline-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.json`);
  writeFileSync(file, JSON.stringify({ cpu: cpus()[0]?.model, cores: cpus().length, browser: browser.version(), speeds }, null, 1));
  console.log(`written: ${file}`);
} finally {
  await browser.close();
  await server.close();
  rmSync(site, { recursive: true, force: true });
}

/** @param {import('./pipeline/main').PipelineSpeed} speed */
function print({ workers, bytes, rows, kept, wall, processor, steps }) {
  const megabytes = bytes / 1e6;
  const rate = (/** @type {number} */ seconds) => `${(megabytes / seconds).toFixed(1)} MB/s`;
  console.log(
    `\n${workers || 'no'} workers: ${megabytes.toFixed(1)} MB, ${rows} rows, ${kept} kept, in ${wall.toFixed(1)} s (${rate(wall)}); ` +
      `processor ${processor.toFixed(1)} s (${rate(processor)} per core)`,
  );
  const ordered = [...steps].sort((a, b) => b.seconds - a.seconds);
  const total = ordered.reduce((sum, { seconds }) => sum + seconds, 0);
  for (const { step, seconds } of ordered)
    console.log(`  ${step.padEnd(18)} ${seconds.toFixed(2).padStart(6)} s  ${((100 * seconds) / total).toFixed(0).padStart(3)} %`);
  console.log(`  slowest: ${ordered[0]?.step}`);
}
