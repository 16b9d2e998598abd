// @ts-check
/** Builds the studio into dist/ unless dist/ is newer than everything it is made of. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './setup.mjs';

const sources = [
  'index.html',
  'package.json',
  'package-lock.json',
  'vite.config.ts',
  'tools/build-kernels.mjs',
  'tools/build-tokenizers.mjs',
  'tools/headers.mjs',
  'tools/microkernel.mjs',
  'tools/offline.mjs',
  'src',
  'workers',
  'public',
];

/**
 * Latest change in a file or folder, epoch milliseconds. A folder's own time counts too: it moves when a file is removed.
 * Build outputs inside are left out.
 * @param {string} path
 * @returns {number}
 */
function lastChange(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  const inside = readdirSync(path)
    .filter((name) => name !== 'build')
    .map((name) => lastChange(join(path, name)));
  return Math.max(stats.mtimeMs, ...inside);
}

export function distIsCurrent() {
  const built = join(root, 'dist/index.html');
  return existsSync(built) && statSync(built).mtimeMs > Math.max(...sources.map((path) => lastChange(join(root, path))));
}

/** @returns true when dist/ is current afterwards */
export function buildIfStale() {
  if (distIsCurrent()) return true;
  console.log('Building the studio …');
  /** @type {import('node:child_process').SpawnSyncOptions} */
  const options = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] };
  for (const args of [
    ['tools/build-kernels.mjs'],
    ['tools/build-tokenizers.mjs'],
    ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn'],
  ])
    if (spawnSync(process.execPath, args, options).status !== 0) return false;
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url) && !buildIfStale()) process.exit(1);
