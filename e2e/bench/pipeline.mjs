// @ts-check
/**
 * Megabytes a second of the whole data pipeline with its default settings, in headless Chromium: in one thread, and with nested
 * workers; the steps by their share.
 *
 *     node e2e/bench/pipeline.mjs [--megabytes 100] [--workers 0 --workers 2] [--port 5307]
 */
import { cpSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openBench, writeResult } from './site.mjs';

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '100' },
    workers: { type: 'string', multiple: true, default: ['0', '2'] },
    port: { type: 'string', default: '5307' },
  },
});

const { page, machine, close } = await openBench({
  root: fileURLToPath(new URL('./pipeline/', import.meta.url)),
  port: Number(values.port),
  ready: 'benchPipeline',
  // Beside the workers' scripts, from where they ask for them.
  add: (site) =>
    cpSync(fileURLToPath(new URL('../../public/corpora/', import.meta.url)), join(site, 'assets/corpora'), { recursive: true }),
});
try {
  const speeds = await page.evaluate(({ megabytes, workers }) => window.benchPipeline(megabytes, workers), {
    megabytes: Number(values.megabytes),
    workers: values.workers.map(Number),
  });
  console.log(`${machine.cores} × ${machine.cpu}; load ${loadavg()[0]?.toFixed(1)}; Chromium ${machine.browser}`);
  for (const speed of speeds) print(speed);
  writeResult('pipeline', { machine, speeds });
} finally {
  await close();
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
