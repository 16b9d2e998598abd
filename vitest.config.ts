import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { bundledWorkers } from './tools/bundled-workers.mjs';
import { browserFlags, findBrowser } from './tools/find-browser.mjs';
import { isolationHeaders } from './tools/headers.mjs';
import { prebundled } from './tools/prebundled.mjs';
import { tfjsThreads } from './tools/tfjs-threads.mjs';

const executablePath = await findBrowser();
const elsewhere = ['**/node_modules/**', '**/dist/**', '**/assembly/**'];
/** Kernels and models on every backend. `dispatches` compiles no kernel for real, so that nobody could use its device after it. */
const engine = ['workers/engine/**/!(dispatches).browser.test.ts', 'e2e/parity/**/*.browser.test.ts'];

/**
 * One page at a time: the tests of a project share a GPU process and one origin's storage.
 * @param isolate whether each file has a page of its own
 */
const inBrowser = (name: string, isolate: boolean, include: string[], exclude: string[] = []) => ({
  // The trainer's worker is the one that tests start again and again.
  plugins: isolate ? [bundledWorkers(['workers/trainer.worker.ts'])] : [],
  server: { headers: isolationHeaders },
  worker: { format: 'es' as const },
  cacheDir: `node_modules/.vite/${name}`,
  optimizeDeps: { entries: [...include, 'workers/*.worker.ts'], include: prebundled, rolldownOptions: { plugins: [tfjsThreads] } },
  test: {
    name,
    include,
    exclude: [...elsewhere, ...exclude],
    globalSetup: ['tools/build-kernels.mjs', 'tools/build-tokenizers.mjs'],
    setupFiles: isolate ? ['tools/empty-storage.ts'] : [],
    isolate,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A second is too little on a machine that does something else as well.
    expect: { poll: { timeout: 10_000 } },
    fileParallelism: false,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: { ...(executablePath ? { executablePath } : {}), args: browserFlags() } }),
      instances: [{ browser: 'chromium' as const }],
    },
  },
});

export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [
      {
        test: {
          name: 'unit',
          environment: 'node',
          include: ['{src,workers,tools,e2e}/**/*.test.{ts,tsx}'],
          exclude: [...elsewhere, '**/*.browser.test.{ts,tsx}'],
          globalSetup: ['tools/build-kernels.mjs', 'tools/build-tokenizers.mjs'],
          // Files of one process share modules, which halves the time: a file that mocks a module resets them before and after.
          isolate: false,
          testTimeout: 20_000,
        },
      },
      inBrowser('browser', true, ['{src,workers,e2e}/**/*.browser.test.{ts,tsx}'], engine),
      // Files of one page share the GPU's device and the kernels that it compiled, which is most of their time.
      inBrowser('engine', false, engine),
    ],
  },
});
