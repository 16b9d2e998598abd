// @ts-check
/**
 * `npm run test:wgpu`: the GPU kernels on a second implementation of WebGPU, wgpu with its compiler naga, which Deno brings, on Mesa's software
 * driver (lavapipe). Where root, installs the driver; Deno comes by npm into node_modules/.cache. Where either cannot be had it says so and
 * ends without a fault.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { root } from './setup.mjs';

const DENO = '2.9.6';
const drivers = '/usr/share/vulkan/icd.d';
const cache = join(root, 'node_modules/.cache/wgpu');

/** @param {string} why @returns {never} */
function skip(why) {
  console.log(`test:wgpu is skipped: ${why}`);
  process.exit(0);
}

/** The file that names lavapipe to Vulkan's loader. */
function driver() {
  const name = existsSync(drivers) ? readdirSync(drivers).find((file) => /^lvp_icd.*\.json$/.test(file)) : undefined;
  return name ? join(drivers, name) : null;
}

function installDriver() {
  if (process.platform !== 'linux') skip(`it needs Mesa's software Vulkan driver, which is for Linux, and this is ${process.platform}.`);
  if (process.getuid?.() !== 0)
    skip('Mesa’s lavapipe is not installed, and only root can install it: apt-get install mesa-vulkan-drivers.');
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', 'mesa-vulkan-drivers']])
    if (spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0) skip(`apt-get ${args.join(' ')} failed.`);
}

function installDeno() {
  const file = join(cache, 'node_modules/.bin/deno');
  if (existsSync(file)) return file;
  mkdirSync(cache, { recursive: true });
  const args = ['install', '--prefix', cache, '--no-audit', '--no-fund', '--save-exact', `deno@${DENO}`];
  if (spawnSync('npm', args, { stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0) skip(`npm could not install deno ${DENO}.`);
  return file;
}

if (!driver()) installDriver();
const icd = driver() ?? skip(`the driver that apt-get installed is not in ${drivers}.`);
const deno = installDeno();
const outDir = join(cache, 'site');
await build({
  configFile: false,
  root,
  publicDir: false,
  base: './',
  logLevel: 'error',
  worker: { format: 'es' },
  build: {
    outDir,
    emptyOutDir: true,
    target: 'esnext',
    minify: false,
    modulePreload: false,
    rolldownOptions: {
      input: join(root, 'e2e/parity/second-compiler.ts'),
      output: { entryFileNames: 'main.js' },
      checks: { ineffectiveDynamicImport: false },
    },
  },
});
// tfjs takes what has this name for a browser's worker.
writeFileSync(join(outDir, 'start.mjs'), `globalThis.WorkerGlobalScope ??= class {};\nawait import('./main.js');\n`);
const { stdout, status } = spawnSync(deno, ['run', '--allow-all', '--unstable-webgpu', join(outDir, 'start.mjs')], {
  env: { ...process.env, VK_ICD_FILENAMES: icd, XDG_RUNTIME_DIR: process.env['XDG_RUNTIME_DIR'] ?? cache },
  stdio: ['ignore', 'pipe', 'inherit'],
  encoding: 'utf8',
  timeout: 20 * 60_000,
});
/** @type {Record<string, any>[]} */
const lines = stdout
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line));
const counts = lines.find((line) => 'passed' in line);
for (const { name, fault } of lines.filter((line) => 'fault' in line)) console.error(`${name}: ${fault}`);
if (!counts) console.error(`Deno ended with status ${status} before the checks were done.`);
else console.log(`${counts['passed']} passed, ${counts['failed']} failed on ${counts['adapter']} by wgpu (Deno ${DENO})`);
process.exit(counts && counts['failed'] === 0 ? 0 : 1);
