import { defineConfig } from '@playwright/test';
import { browserFlags, findBrowser } from './tools/find-browser.mjs';

const executablePath = await findBrowser();
const port = Number(process.env['E2E_PORT'] ?? 4183);
const browser = (flags: string[]) => ({
  browserName: 'chromium' as const,
  launchOptions: { ...(executablePath ? { executablePath } : {}), args: [...browserFlags(), ...flags] },
});
/** A hardware adapter in headless Chromium on Linux comes by Vulkan. */
const gpu = browser(['--enable-features=Vulkan', '--use-angle=vulkan', '--ignore-gpu-blocklist']);

export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.e2e.ts',
  outputDir: 'test-results/e2e',
  // A file is one person's visit and runs in order; two of them leave no core idle.
  workers: 2,
  retries: 0,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  forbidOnly: Boolean(process.env['CI']),
  reporter: [['list'], ['json', { outputFile: process.env['PLAYWRIGHT_JSON_OUTPUT_FILE'] ?? 'test-results/e2e.json' }]],
  use: {
    baseURL: `http://localhost:${port}/`,
    locale: 'en-US',
    viewport: { width: 1440, height: 900 },
    // What a test loads comes from the server, not from a visit before; e2e/hosting.e2e.ts lets it in.
    serviceWorkers: 'block',
    trace: 'off',
    screenshot: 'only-on-failure',
  },
  projects: [
    { name: 'cpu', use: browser([]) },
    // Fails, and so keeps `gpu` from running, when the adapter is a software one.
    { name: 'hardware', testMatch: 'hardware.setup.ts', use: gpu },
    { name: 'gpu', dependencies: ['hardware'], use: gpu },
  ],
  webServer: {
    command: `node tools/serve.mjs --folder ${process.env['E2E_FOLDER'] ?? 'dist'} --port ${port} --strict-port`,
    url: `http://localhost:${port}/`,
    reuseExistingServer: false,
    timeout: 20_000,
  },
});
