// @ts-check
/**
 * Compiles the AssemblyScript kernels: with relaxed SIMD (fused multiply-add) and without, for a shared heap (cross-origin
 * isolated) and an unshared one. The innermost product is written first (microkernel.mjs). Runs before dev, build and test, and
 * does nothing when the outputs are newer than every source.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { microkernel } from './microkernel.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'workers/engine');
const entry = join(sources, 'wasm/assembly/index.ts');
const output = join(root, 'workers/engine/wasm/build');
// A shared memory needs a maximum, and the one imported (tfjs's) must not exceed it: the most there can be, in pages of 64 KiB.
const flags = ['-O3', '--runtime', 'stub', '--importMemory', '--initialMemory', '1', '--maximumMemory', '65536', '--noAssert'];
const shared = ['--sharedMemory', '--enable', 'threads'];
const variants = [
  { file: 'kernels.relaxed.wasm', features: ['--enable', 'relaxed-simd', ...shared] },
  { file: 'kernels.simd.wasm', features: shared },
  { file: 'kernels.relaxed.unshared.wasm', features: ['--enable', 'relaxed-simd'] },
  { file: 'kernels.simd.unshared.wasm', features: [] },
];

/** @param {string} folder */
function newest(folder) {
  const times = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && basename(file.parentPath) === 'assembly' && !file.parentPath.startsWith(output))
    .map((file) => statSync(join(file.parentPath, file.name)).mtimeMs);
  return Math.max(...times);
}

/** @throws when the compiler reports an error */
export function buildKernels() {
  const builders = [import.meta.url, new URL('microkernel.mjs', import.meta.url)].map((url) => statSync(fileURLToPath(url)).mtimeMs);
  const changed = Math.max(newest(sources), ...builders);
  const stale = variants.filter(({ file }) => {
    const path = join(output, file);
    return !existsSync(path) || statSync(path).mtimeMs < changed;
  });
  mkdirSync(join(output, 'assembly'), { recursive: true });
  if (stale.length > 0) writeFileSync(join(output, 'assembly/microkernel.ts'), microkernel);
  for (const { file, features } of stale) {
    // Written beside and renamed, so that a test run that starts meanwhile never reads half a module.
    const part = join(output, `${file}.${process.pid}.part`);
    const compiler = join(root, 'node_modules/assemblyscript/bin/asc.js');
    const result = spawnSync(process.execPath, [compiler, entry, ...flags, '--enable', 'simd', ...features, '--outFile', part], {
      cwd: dirname(entry),
      encoding: 'utf8',
    });
    if (result.status !== 0) throw new Error(`AssemblyScript could not compile ${file}:\n${result.stdout}${result.stderr}`);
    renameSync(part, join(output, file));
    console.log(`built workers/engine/wasm/build/${file}, ${statSync(join(output, file)).size} bytes`);
  }
}

/** vitest's global setup. It only warns, so that tests without kernels still run; the build stage is what fails. */
export function setup() {
  try {
    buildKernels();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    buildKernels();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
