// @ts-check
/** The built studio in a headless browser, with its engine open: what the command line tools train with. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './setup.mjs';

/** What a person did wrong or asked for in vain: shown as it is. */
export class Refusal extends Error {
  /** @param {string} message @param {1 | 2} status of the process: 1 failed, 2 could not be started as asked for */
  constructor(message, status = 2) {
    super(message);
    this.status = status;
  }
}

/** What is wrong, in words, from whatever was thrown in the page. @param {unknown} error */
export function reasonOf(error) {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .replace(/^page\.evaluate: /, '')
    .replace(/\n\s+at [\s\S]*$/, '')
    .replace(/^(StudioError|Error): /, '');
}

/**
 * @typedef {object} StudioOptions
 * @property {string | null} folder a studio that is built already; without it the present sources are built
 * @property {string | null} backend
 * @property {number | null} threads
 * @property {boolean} requireHardware
 *
 * @typedef {object} Studio
 * @property {import('playwright').Page} page with `window.crossfade` and an open engine
 * @property {string} engine what trains, in words
 * @property {<T>(work: Promise<T>) => Promise<T>} orCrash rejects when the page dies first
 * @property {() => Promise<Studio>} another tab of the same browser, with an engine of its own
 */

/**
 * Builds and serves the studio, opens it and its engine, and takes it all down again when `use` settles.
 * @template T @param {StudioOptions} options @param {(studio: Studio) => Promise<T>} use @returns {Promise<T>}
 */
export async function withStudio({ folder, backend, threads, requireHardware }, use) {
  const { serve } = await import('./serve.mjs');
  const { buildIfStale } = await import('./build-if-stale.mjs');
  const { browserFlags, ensureBrowser } = await import('./find-browser.mjs');
  const { chromium } = await import('playwright');
  if (folder === null && !buildIfStale()) throw new Refusal('The studio could not be built: the reason is above.', 1);

  const server = await serve({ folder: folder ?? join(root, 'dist'), port: 0 });
  // A profile on the disk: checkpoints of a large model do not fit into the memory of a private window.
  const profile = await mkdtemp(join(tmpdir(), 'crossfade-'));
  let browser;
  try {
    browser = await chromium.launchPersistentContext(profile, {
      headless: true,
      executablePath: await ensureBrowser(),
      args: [...browserFlags(), ...(requireHardware ? ['--enable-features=Vulkan', '--use-angle=vulkan', '--ignore-gpu-blocklist'] : [])],
      handleSIGINT: false,
      acceptDownloads: true,
      serviceWorkers: 'block',
    });
    const context = browser;
    const query = new URLSearchParams();
    if (backend) query.set('backend', backend);
    if (threads) query.set('threads', String(threads));
    if (requireHardware) query.set('require-hardware', 'true');
    /** @param {import('playwright').Page} page @returns {Promise<Studio>} */
    const openStudio = async (page) => {
      /** @type {Promise<never>} */
      const crashed = new Promise((_, fail) => page.on('crash', () => fail(new Refusal('The page crashed: is there enough memory?', 1))));
      crashed.catch(() => undefined);
      /** @type {Studio['orCrash']} */
      const orCrash = (work) => Promise.race([work, crashed]);
      await page.goto(`${server.url}?${query}`);
      await page.waitForFunction(() => 'crossfade' in window);
      const device = await orCrash(
        page.evaluate((engine) => /** @type {any} */ (window).crossfade.lab.trainer.open(engine), { backend, threads, requireHardware }),
      ).catch((error) => {
        throw new Refusal(reasonOf(error));
      });
      const engine = [
        device.backend,
        device.adapter,
        device.threads > 1 ? `${device.threads} threads` : '',
        device.simd === 'none' ? '' : device.simd,
      ];
      const another = async () => openStudio(await context.newPage());
      return { page, engine: engine.filter(Boolean).join(' · '), orCrash, another };
    };
    return await use(await openStudio(browser.pages()[0] ?? (await browser.newPage())));
  } finally {
    await browser?.close();
    await server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 3 });
  }
}
