// @ts-check
/**
 * Finds a Chromium for tests and the command line: CHROME_PATH, then an installed Chromium or Chrome, then Playwright's own.
 * `ensureBrowser` also fetches one: Playwright's download, then Debian's package when root.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'chromium.exe', 'chrome.exe'];

const places = [
  '/usr/bin',
  '/usr/local/bin',
  '/usr/lib/chromium',
  '/opt/google/chrome',
  '/snap/bin',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ...['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) => {
    const root = process.env[name];
    return root ? [join(root, 'Google', 'Chrome', 'Application'), join(root, 'Chromium', 'Application')] : [];
  }),
];

/** @param {string} path */
function executable(path) {
  try {
    if (!statSync(path).isFile()) return false;
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function playwrightBrowser() {
  try {
    const { chromium } = await import('playwright');
    const path = chromium.executablePath();
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}

/**
 * Path of a Chromium or Chrome on this machine, or null.
 * @returns {Promise<string | null>}
 * @throws when CHROME_PATH is set and names no executable file
 */
export async function findBrowser() {
  const given = process.env['CHROME_PATH'];
  if (given) {
    if (executable(given)) return given;
    throw new Error(`CHROME_PATH is ${given}, which is not an executable file. Set it to a Chromium or Chrome, or unset it.`);
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  for (const folder of [...folders, ...places])
    for (const path of [folder, ...names.map((name) => join(folder, name))]) if (executable(path)) return path;
  return playwrightBrowser();
}

/**
 * Runs a command with its output shown; true when it succeeded.
 * @param {string} command @param {string[]} args @param {number} minutes
 */
function succeeded(command, args, minutes) {
  console.log(`> ${command} ${args.join(' ')}`);
  const result = spawnSync(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: minutes * 60_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    shell: process.platform === 'win32',
  });
  return result.status === 0;
}

/**
 * As findBrowser, but installs one when there is none.
 * @returns {Promise<string>}
 * @throws with a message for a person when no browser can be had
 */
export async function ensureBrowser() {
  const found = await findBrowser();
  if (found) return found;
  console.log('No Chromium or Chrome on this machine: installing one.');
  if (succeeded('npx', ['playwright', 'install', 'chromium'], 4)) {
    const path = await playwrightBrowser();
    // A bare machine lacks the libraries it links to; then Debian's own package, which brings them, is the better one.
    if (path && spawnSync(path, ['--version'], { stdio: 'ignore', timeout: 20_000 }).status === 0) return path;
    console.log("Playwright's Chromium does not start here (system libraries are missing).");
  }
  const root = process.getuid?.() === 0;
  if (root && existsSync('/usr/bin/apt-get')) {
    succeeded('apt-get', ['update', '-qq'], 3);
    if (succeeded('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-noto-cjk'], 6)) {
      const path = await findBrowser();
      if (path) return path;
    }
  }
  throw new Error(
    'No Chromium or Chrome was found and none could be installed. Install one (Debian: `apt-get install chromium`, ' +
      'or `npx playwright install --with-deps chromium`), or set CHROME_PATH to the browser, and run this again.',
  );
}

/**
 * Flags for a headless Chromium that tests the studio: WebGPU on (software where there is no GPU) and no traffic of its own.
 * @returns {string[]}
 */
export function browserFlags() {
  return [
    '--enable-unsafe-webgpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    '--disable-quic',
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ];
}
