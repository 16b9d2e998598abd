// @ts-check
/** A bench page, built by Vite into a folder of its own, served with the studio's headers and opened in headless Chromium. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { build } from 'vite';
import { browserFlags, ensureBrowser } from '../../tools/find-browser.mjs';
import { serve } from '../../tools/serve.mjs';
import { tfjsThreads } from '../../tools/tfjs-threads.mjs';
import { processorSeconds } from './processor-time.mjs';

/**
 * Builds the bench page of folder `root` into `outDir`.
 * @param {string} root
 * @param {string} outDir
 * @param {string | false} publicDir
 */
export async function buildBench(root, outDir, publicDir = false) {
  await build({
    configFile: false,
    root,
    publicDir,
    base: './',
    logLevel: 'error',
    worker: { format: 'es', plugins: () => [tfjsThreads] },
    build: { outDir, emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 4000 },
  });
}

/**
 * @param {{ root: string, port: number, ready: string, publicDir?: string, flags?: string[], add?: ((site: string) => void | Promise<void>) | undefined }} options
 * `ready`: the name of the global that the page sets when it can be asked; `add`: puts further files into the built folder.
 */
export async function openBench({ root, port, ready, publicDir, flags = [], add }) {
  const site = mkdtempSync(join(tmpdir(), 'crossfade-bench-'));
  await buildBench(root, site, publicDir);
  await add?.(site);
  const server = await serve({ folder: site, port });
  const browser = await chromium.launch({ executablePath: await ensureBrowser(), args: [...browserFlags(), ...flags] });
  const page = await browser.newPage();
  page.on('console', (message) => console.error(`[page] ${message.text()}`));
  page.on('pageerror', (error) => console.error(`[page] ${error.message}`));
  await page.exposeFunction('processorSeconds', () => processorSeconds(process.pid));
  await page.goto(server.url);
  await page.waitForFunction((name) => name in window, ready);
  return {
    page,
    machine: { cpu: cpus()[0]?.model, cores: cpus().length, browser: browser.version() },
    async close() {
      await browser.close();
      await server.close();
      rmSync(site, { recursive: true, force: true });
    },
  };
}

/**
 * Writes `bench-results/<name>-<time>.json` and says so.
 * @param {string} name
 * @param {object} result
 */
export function writeResult(name, result) {
  const folder = fileURLToPath(new URL('../../bench-results/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.json`);
  writeFileSync(file, JSON.stringify(result, null, 1));
  console.log(`written: ${file}`);
}
