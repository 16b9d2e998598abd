// @ts-check
/**
 * Tokens per second of a whole training step, fused against plain tfjs ops in alternating turns, and the speed of the matrix
 * products, in headless Chromium.
 *
 *     npm run bench -- [--backend wasm|webgpu|cpu] [--require-hardware] [--shape S --shape M …] [--threads 2]
 *                      [--rounds 5] [--turn 2000] [--fused-only | --checkpointed] [--no-products] [--generate 200]
 *                      [--profile] [--port 5303] [--chromium-flag=--x …]
 *
 * --checkpointed: against the fused step with activation checkpointing instead. --generate: that many tokens too.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright';
import { build } from 'vite';
import { buildKernels } from '../../tools/build-kernels.mjs';
import { browserFlags, ensureBrowser } from '../../tools/find-browser.mjs';
import { serve } from '../../tools/serve.mjs';
import { tfjsThreads } from '../../tools/tfjs-threads.mjs';
import { processorSeconds } from './processor-time.mjs';

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'wasm' },
    'require-hardware': { type: 'boolean', default: false },
    shape: { type: 'string', multiple: true },
    threads: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    turn: { type: 'string', default: '2000' },
    'fused-only': { type: 'boolean', default: false },
    checkpointed: { type: 'boolean', default: false },
    generate: { type: 'string', default: '0' },
    port: { type: 'string', default: '5303' },
    profile: { type: 'boolean', default: false },
    'no-products': { type: 'boolean', default: false },
    'chromium-flag': { type: 'string', multiple: true, default: [] },
  },
});
const here = fileURLToPath(new URL('.', import.meta.url));
const results = fileURLToPath(new URL('../../bench-results/', import.meta.url));
const backend = values.backend;
if (!['wasm', 'webgpu', 'cpu'].includes(backend)) throw new Error(`--backend is ${backend}; accepted: wasm, webgpu, cpu`);

buildKernels();
const site = mkdtempSync(join(tmpdir(), 'crossfade-bench-'));
await build({
  configFile: false,
  root: here,
  base: './',
  logLevel: 'warn',
  worker: { format: 'es', plugins: () => [tfjsThreads()] },
  build: { outDir: site, emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 4000 },
});
const server = await serve({ folder: site, port: Number(values.port) });
const gpuFlags = values['require-hardware'] ? ['--enable-features=Vulkan', '--use-angle=vulkan', '--ignore-gpu-blocklist'] : [];
const browser = await chromium.launch({
  executablePath: await ensureBrowser(),
  args: [...browserFlags(), ...gpuFlags, ...values['chromium-flag']],
});
try {
  const page = await browser.newPage();
  page.on('console', (message) => console.error(`[page] ${message.text()}`));
  page.on('pageerror', (error) => console.error(`[page] ${error.message}`));
  await page.exposeFunction('processorSeconds', () => processorSeconds(process.pid));
  await page.goto(server.url);
  await page.waitForFunction(() => 'benchProducts' in window);

  const open = {
    backend: /** @type {'wasm' | 'webgpu' | 'cpu'} */ (backend),
    threads: values.threads ? Number(values.threads) : null,
    requireHardware: values['require-hardware'],
  };
  const shapes = /** @type {import('./shapes').ShapeName[]} */ (values.shape ?? ['S', 'M', 'nano', 'nano-256']);
  const implementations = /** @type {import('./bench.worker').Implementation[]} */ (
    values['fused-only'] ? ['fused'] : ['fused', values.checkpointed ? 'checkpointed' : 'plain']
  );
  const timing = { rounds: Number(values.rounds), turn: Number(values.turn), warmUp: 2 * Number(values.turn), profile: values.profile };
  const measured = [];
  for (const shape of shapes) {
    const result = await page.evaluate((options) => window.benchStep(options), { ...open, ...timing, shape, implementations });
    if (measured.length === 0) printDevice(result.device);
    measured.push(result);
    printShape(result);
  }

  const generated = [];
  for (const shape of Number(values.generate) > 0 ? shapes : []) {
    const times = await page.evaluate(({ open, shape, tokens }) => window.benchGeneration(open, shape, tokens), {
      open,
      shape,
      tokens: Number(values.generate),
    });
    generated.push({ shape, ...times });
    const { wall, processor } = times;
    console.log(`${cell(shape)}generates ${(1000 / wall).toFixed(0)} tok/s, ${wall.toFixed(2)} ms a token, ${processor.toFixed(2)} cpu ms`);
  }

  const device = measured[0]?.device;
  const sizes = /** @type {[number, number, number][]} */ (
    device?.backend === 'webgpu' && !device.software
      ? [
          [1024, 128, 384],
          [1024, 1024, 1024],
          [2048, 2048, 2048],
        ]
      : device?.backend === 'wasm'
        ? [
            [1024, 128, 128],
            [1024, 128, 384],
            [1024, 384, 128],
            [128, 1024, 384],
            [512, 512, 512],
          ]
        : [[256, 128, 384]]
  );
  const products = values['no-products']
    ? []
    : await page.evaluate(({ open, sizes, warmUp }) => window.benchProducts(open, sizes, warmUp), {
        open,
        sizes,
        warmUp: backend === 'wasm' ? 150 : 5,
      });
  for (const {
    layout,
    sizes: [m, k, n],
    gflops,
  } of products)
    console.log(`${layout.padEnd(6)} ${`${m}×${k}×${n}`.padEnd(16)} ${gflops.toFixed(1)} GFLOP/s`);

  mkdirSync(results, { recursive: true });
  const file = join(results, `${backend}-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.json`);
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, browser: browser.version() };
  writeFileSync(file, JSON.stringify({ machine, shapes: measured, generated, products }, null, 1));
  console.log(`written: ${file}`);
} finally {
  await browser.close();
  await server.close();
  rmSync(site, { recursive: true, force: true });
}

/** @param {import('../../src/contract/device').DeviceInfo} device */
function printDevice({ backend, threads, simd, adapter, software, crossOriginIsolated }) {
  const what =
    backend === 'webgpu' ? `${adapter}${software ? ' (software)' : ''}` : `${threads} threads, ${simd}, isolated: ${crossOriginIsolated}`;
  console.log(`${backend} on ${what}; ${cpus().length} × ${cpus()[0]?.model}; Chromium ${browser.version()}`);
  console.log(['shape', 'step', 'tok/s', 'ms a step', 'cpu ms', 'first ms', 'GFLOP/s', 'heap MiB', 'loss'].map(cell).join(''));
}

/** @param {import('./main').ShapeResult} result */
function printShape({ shape, tokensPerStep, flopsPerToken, results }) {
  for (const { implementation, tokensPerSecond, firstStep, processor, memory, loss } of results)
    console.log(
      [
        shape,
        implementation,
        tokensPerSecond.toFixed(0),
        ((1000 * tokensPerStep) / tokensPerSecond).toFixed(1),
        processor.toFixed(1),
        firstStep.toFixed(0),
        ((tokensPerSecond * flopsPerToken) / 1e9).toFixed(1),
        (memory.heap / 2 ** 20).toFixed(0),
        loss.toFixed(3),
      ]
        .map(cell)
        .join(''),
    );
  for (const { implementation, profile } of results) {
    if (!profile) continue;
    console.log(
      `${implementation}: ${profile.step.toFixed(1)} ms a step, of it outside kernels ${(profile.step - sum(profile.kernels.map(([, ms]) => ms))).toFixed(1)}`,
    );
    for (const [name, milliseconds, calls] of profile.kernels.slice(0, 24))
      console.log(`  ${name.padEnd(28)} ${milliseconds.toFixed(2).padStart(8)} ms ${calls.toFixed(0).padStart(5)} calls`);
  }
  const [fused, other] = results;
  if (fused && other)
    console.log(`${cell(shape)}fused is ${(fused.tokensPerSecond / other.tokensPerSecond).toFixed(2)} × ${other.implementation}`);
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

/** @param {string} text */
function cell(text) {
  return text.padEnd(11);
}
