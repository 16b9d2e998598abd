import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { browserFlags, findBrowser } from './tools/find-browser.mjs';
import { isolationHeaders } from './tools/headers.mjs';
import { prebundled } from './tools/prebundled.mjs';
import { tfjsThreads } from './tools/tfjs-threads.mjs';

const executablePath = await findBrowser();
const elsewhere = ['**/node_modules/**', '**/dist/**', '**/assembly/**'];
const engine = 'workers/engine/**/*.browser.test.ts';

/** One page at a time: the tests of a project share a GPU process and one origin's storage. */
const inBrowser = (name: string, include: string, exclude: string[] = []) => ({
  server: { headers: isolationHeaders },
  worker: { format: 'es' as const },
  cacheDir: `node_modules/.vite/${name}`,
  optimizeDeps: { entries: [include, 'workers/*.worker.ts'], include: prebundled, rolldownOptions: { plugins: [tfjsThreads] } },
  test: {
    name,
    include: [include],
    exclude: [...elsewhere, ...exclude],
    globalSetup: ['tools/build-kernels.mjs', 'tools/build-tokenizers.mjs'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
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
      inBrowser('browser', '{src,workers,e2e}/**/*.browser.test.{ts,tsx}', [engine]),
      inBrowser('engine', engine),
    ],
  },
});
