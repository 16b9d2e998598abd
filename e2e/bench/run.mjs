// @ts-check
/**
 * Tokens per second of a whole training step, fused against plain tfjs ops in alternating turns, and the speed of the matrix
 * products, in headless Chromium.
 *
 *     npm run bench -- [--backend wasm|webgpu|cpu] [--require-hardware] [--shape S --shape M …] [--threads 2]
 *                      [--rounds 5] [--turn 2000] [--fused-only | --checkpointed | --taught] [--no-products] [--generate 200]
 *                      [--profile] [--port 5303] [--chromium-flag=--x …] [--against FOLDER]
 *
 * --checkpointed: against the fused step with activation checkpointing instead. --taught: against the fused step under a teacher, and under one whose
 * logits are cached whole. --against: against the fused step of another checkout,
 * whose packages are installed. --generate: that many tokens too.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildKernels } from '../../tools/build-kernels.mjs';
import { buildBench, openBench, writeResult } from './site.mjs';

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
    taught: { type: 'boolean', default: false },
    against: { type: 'string' },
    generate: { type: 'string', default: '0' },
    port: { type: 'string', default: '5303' },
    profile: { type: 'boolean', default: false },
    'no-products': { type: 'boolean', default: false },
    'chromium-flag': { type: 'string', multiple: true, default: [] },
  },
});
const backend = values.backend;
if (!['wasm', 'webgpu', 'cpu'].includes(backend)) throw new Error(`--backend is ${backend}; accepted: wasm, webgpu, cpu`);

buildKernels();
const gpuFlags = values['require-hardware'] ? ['--enable-features=Vulkan', '--use-angle=vulkan', '--ignore-gpu-blocklist'] : [];
/** Address of the other checkout's worker, below the page's. @type {string | null} */
let otherWorker = null;
const { page, machine, close } = await openBench({
  root: fileURLToPath(new URL('.', import.meta.url)),
  port: Number(values.port),
  ready: 'benchProducts',
  flags: [...gpuFlags, ...values['chromium-flag']],
  add: values.against ? (site) => addOther(resolve(/** @type {string} */ (values.against)), join(site, 'other')) : undefined,
});
try {
  const open = {
    backend: /** @type {'wasm' | 'webgpu' | 'cpu'} */ (backend),
    threads: values.threads ? Number(values.threads) : null,
    requireHardware: values['require-hardware'],
  };
  const shapes = /** @type {import('./shapes').ShapeName[]} */ (values.shape ?? ['S', 'M', 'nano', 'nano-256']);
  const implementations = /** @type {import('./bench.worker').Implementation[]} */ (
    values['fused-only']
      ? ['fused']
      : values.taught
        ? ['fused', 'taught', 'cached']
        : ['fused', values.against ? 'other' : values.checkpointed ? 'checkpointed' : 'plain']
  );
  const timing = { rounds: Number(values.rounds), turn: Number(values.turn), warmUp: 2 * Number(values.turn), profile: values.profile };
  const measured = [];
  for (const shape of shapes) {
    const result = await page.evaluate((options) => window.benchStep(options), {
      ...open,
      ...timing,
      shape,
      implementations,
      otherWorker,
    });
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

  writeResult(backend, { machine, shapes: measured, generated, products });
} finally {
  await close();
}

/**
 * Builds the bench of another checkout with its own kernels and packages.
 * @param {string} checkout
 * @param {string} outDir
 */
async function addOther(checkout, outDir) {
  execFileSync(process.execPath, [join(checkout, 'tools/build-kernels.mjs')], { cwd: checkout, stdio: 'inherit' });
  await buildBench(join(checkout, 'e2e/bench'), outDir);
  const script = readdirSync(join(outDir, 'assets')).find((name) => /^bench\.worker-.*\.js$/.test(name));
  if (!script) throw new Error(`${checkout} has no bench of this form: no bench.worker script among what it builds`);
  otherWorker = `other/assets/${script}`;
}

/** @param {import('../../src/contract/device').DeviceInfo} device */
function printDevice({ backend, threads, simd, adapter, software, crossOriginIsolated }) {
  const what =
    backend === 'webgpu' ? `${adapter}${software ? ' (software)' : ''}` : `${threads} threads, ${simd}, isolated: ${crossOriginIsolated}`;
  console.log(`${backend} on ${what}; ${machine.cores} × ${machine.cpu}; Chromium ${machine.browser}`);
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
  for (const { host } of results)
    for (const { how, milliseconds, calls } of host ?? []) {
      const counted = Object.entries(calls).map(([name, count]) => `${count} ${name}`);
      console.log(`  ${how.padEnd(9)} ${milliseconds.toFixed(2).padStart(7)} ms of the host a step; ${counted.join(', ')}`);
    }
  for (const { implementation, profile } of results) {
    if (!profile) continue;
    console.log(
      `${implementation}: ${profile.step.toFixed(1)} ms a step, of it outside kernels ${(profile.step - sum(profile.kernels.map(([, ms]) => ms))).toFixed(1)}`,
    );
    for (const [name, milliseconds, calls] of profile.kernels.slice(0, 24))
      console.log(`  ${name.padEnd(28)} ${milliseconds.toFixed(2).padStart(8)} ms ${calls.toFixed(0).padStart(5)} calls`);
  }
  const [fused, ...others] = results;
  for (const other of fused ? others : []) printRatio(shape, /** @type {any} */ (fused), other);
}

/** @param {string} shape @param {any} fused @param {any} other */
function printRatio(shape, fused, other) {
  const ratio = (fused.tokensPerSecond / other.tokensPerSecond).toFixed(2);
  const processor = other.processor > 0 ? `, by processor time ${(other.processor / fused.processor).toFixed(2)}` : '';
  console.log(`${cell(shape)}fused is ${ratio} × ${other.implementation}${processor}`);
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

/** @param {string} text */
function cell(text) {
  return text.padEnd(11);
}
