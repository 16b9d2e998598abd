import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { browserFlags, findBrowser } from './tools/find-browser.mjs';
import { isolationHeaders } from './tools/headers.mjs';
import { prebundled } from './tools/prebundled.mjs';

const executablePath = await findBrowser();
const elsewhere = ['**/node_modules/**', '**/dist/**', '**/assembly/**'];

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
          testTimeout: 20_000,
        },
      },
      {
        server: { headers: isolationHeaders },
        worker: { format: 'es' },
        optimizeDeps: { entries: ['{src,workers,e2e}/**/*.browser.test.{ts,tsx}', 'workers/*.worker.ts'], include: prebundled },
        test: {
          name: 'browser',
          include: ['{src,workers,e2e}/**/*.browser.test.{ts,tsx}'],
          exclude: elsewhere,
          globalSetup: ['tools/build-kernels.mjs', 'tools/build-tokenizers.mjs'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // One page at a time: tests of engines and storage share two cores, a GPU process and one origin's storage.
          fileParallelism: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: { ...(executablePath ? { executablePath } : {}), args: browserFlags() } }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
