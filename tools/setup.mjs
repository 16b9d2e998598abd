// @ts-check
/** What both commands do first: check Node, install what is missing. Node's own modules only, since nothing is installed yet. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Whether this version of Node runs the tools: ESLint asks for 20.19, 22.13, or 24 and later.
 * @param {string} version as process.versions.node
 */
export function nodeIsSupported(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major === 20) return minor >= 19;
  if (major === 22) return minor >= 13;
  return major >= 24;
}

/** Ends the process with a plain message when Node is too old. */
export function requireNode() {
  if (nodeIsSupported(process.versions.node)) return;
  console.error(`Crossfade needs Node 20.19, 22.13, 24 or newer, and this is Node ${process.versions.node}.`);
  console.error('Install a newer one from https://nodejs.org and run the command again.');
  process.exit(1);
}

/**
 * Whether the installed packages are those of the lock file. Optional ones may be absent: they are other platforms' binaries.
 * @param {{ packages: Record<string, { version?: string, optional?: boolean }> }} wanted package-lock.json
 * @param {{ packages: Record<string, { version?: string }> } | null} installed node_modules/.package-lock.json
 */
export function packagesAreCurrent(wanted, installed) {
  if (!installed) return false;
  return Object.entries(wanted.packages).every(([path, { version, optional }]) => {
    if (path === '') return true;
    const found = installed.packages[path];
    return found ? found.version === version : optional === true;
  });
}

/** @param {string} path */
const readJson = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null);

/** @param {string[]} args */
function npm(args) {
  const script = process.env['npm_execpath'];
  /** @type {import('node:child_process').SpawnSyncOptions} */
  const options = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] };
  const result =
    script && /\.[cm]?js$/.test(script)
      ? spawnSync(process.execPath, [script, ...args], options)
      : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
  return result.status === 0;
}

/** Installs packages when there are none, or when they differ from the lock file's. Ends the process when that fails. */
export function installPackages() {
  const wanted = readJson(join(root, 'package-lock.json'));
  if (wanted && packagesAreCurrent(wanted, readJson(join(root, 'node_modules/.package-lock.json')))) return;
  console.log('Installing packages (the first time this takes a minute or two) …');
  if (npm(['ci', '--include=dev', '--no-audit', '--no-fund'])) return;
  console.error('`npm ci` failed; trying `npm install`.');
  if (npm(['install', '--include=dev', '--no-audit', '--no-fund'])) return;
  console.error('The packages could not be installed: npm’s own message is above. Is the package registry reachable from here?');
  process.exit(1);
}
