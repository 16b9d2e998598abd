/** The built folder on a host that sends no headers, below a sub-path: threads, the policy, a visit without a network, a new version. */
import { expect, test } from '@playwright/test';
import type { OfflineMessage } from '../src/contract/offline';
import type { TrainerApi } from '../src/contract/training';
import { violations } from './studio/axe';
import { plainHost, type PlainHost } from './studio/plain-host';
import { tinyRecipe } from './studio/recipes';
import { Studio } from './studio/studio';

test.describe.configure({ mode: 'serial' });
const studio = new Studio();
let host: PlainHost;

test.beforeAll(async ({ browser }) => {
  host = await plainHost(process.env['E2E_FOLDER'] ?? 'dist');
  studio.threads = 2;
  await studio.begin(browser, host.url, { baseURL: host.url, serviceWorkers: 'allow' });
});
test.afterEach(() => studio.watch.expectClean());
test.afterAll(async () => {
  await studio.end();
  await host.close();
});

const short = tinyRecipe({ steps: 2, evaluation: { everySteps: 2, rowsPerChannel: 2 } });
const openDevice = () =>
  studio.page.evaluate(() => {
    const { trainer } = (window as unknown as { crossfade: { lab: { trainer: TrainerApi } } }).crossfade.lab;
    return trainer.open({ backend: null, threads: null, requireHardware: false });
  });

test('the first visit is loaded twice, isolated, and trains with threads under the policy of each script', async () => {
  const { page, desk } = studio;
  let loads = 0;
  page.on('load', () => (loads += 1));
  await studio.open({ recipe: short });
  expect(loads).toBe(2);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  expect(await openDevice()).toMatchObject({ crossOriginIsolated: true, threads: 2 });
  await desk.train();
  const policies = await page.evaluate(async () => {
    const names = performance.getEntriesByType('resource').map(({ name }) => name);
    const script = names.find((name) => name.includes('trainer.worker'))!;
    const of = async (url: string) => (await fetch(url)).headers.get('content-security-policy');
    return { page: await of('./'), script: await of(script), meta: document.querySelector('meta[http-equiv]')!.getAttribute('content') };
  });
  expect(policies.meta).toContain("default-src 'self'");
  expect(policies.page).toBe(policies.meta);
  expect(policies.script).toContain("worker-src 'self' blob:");
  expect(loads).toBe(2);
});

test('without the host the studio opens, isolated, and trains again', async () => {
  const { page, desk } = studio;
  const kept = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => resolve(data);
        navigator.serviceWorker.controller!.postMessage({ type: 'started' } satisfies OfflineMessage, [port2]);
      }),
  );
  expect(kept).toBe(true);
  // What is asked of a host that is away fails, and is answered from what is kept.
  studio.watch.expect(/ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_REFUSED|ERR_FAILED/);
  await studio.context.setOffline(true);
  await page.goto('about:blank');
  await studio.open({ page: 'models' });
  await studio.open({ recipe: short });
  expect(await openDevice()).toMatchObject({ crossOriginIsolated: true, threads: 2 });
  await desk.train();
  await studio.context.setOffline(false);
});

test('an alert stands above the page and in the title; a new version is offered, waits for the run, and is loaded when the person wants it', async () => {
  const { page, desk, words } = studio;
  const entry = /<script[^>]+src="\.\/(assets\/[^"]+)"/.exec(await (await fetch(host.url)).text())![1]!;
  // The same files, but for an entry under another name.
  host.change.set('service-worker.js', (text) => text.replaceAll(entry, `${entry}?next`));
  await studio.open({ recipe: tinyRecipe({ name: 'hot', steps: 10_000, lr: 0.03, evaluation: { everySteps: 2, rowsPerChannel: 2 } }) });
  await desk.run();
  await expect(page).toHaveTitle(/^● .+ · Crossfade$/);
  const alert = page.getByRole('status').filter({ hasText: words.attention.advice.retention });
  await expect(alert).toContainText('hot');
  await studio.button(words.common.attention).click();
  await expect(page.getByLabel(words.attention.line)).toHaveValue('0.95');
  expect.soft(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await alert.getByRole('button', { name: words.common.dismiss }).click();
  await expect(alert).toBeHidden();
  const banner = page.getByRole('status').filter({ hasText: words.common.update.ready });
  await page.evaluate(async () => void (await navigator.serviceWorker.getRegistration())!.update());
  await expect(banner).toBeVisible();
  await studio.button(words.common.update.take).click();
  await expect(page.getByText(words.common.update.held)).toBeVisible();
  await desk.button('stop').click();
  await desk.waitForState('stopped');
  const loaded = page.waitForEvent('load');
  await studio.button(words.common.update.take).click();
  await loaded;
  await expect(desk.strips.first()).toBeVisible();
  await expect(banner).toBeHidden();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  // The former version's files are removed.
  const entries = () =>
    page.evaluate(async (name) => {
      const kept = await Promise.all((await self.caches.keys()).map((cache) => self.caches.open(cache).then((open) => open.keys())));
      return kept.flat().flatMap(({ url }) => (url.includes(name) ? [new URL(url).search] : []));
    }, entry);
  await expect.poll(entries).toEqual(['?next']);
});
