/** How heavy each page is: the scripts that a visit loads on the page's own side, packed as a server would send them. */
import { gzipSync } from 'node:zlib';
import { expect, test, type APIRequestContext, type Page } from '@playwright/test';
import { tinyRecipe } from './studio/recipes';
import { RunsPage } from './studio/runs';
import { Studio } from './studio/studio';
import { SweepsPage } from './studio/sweeps';

const LIMIT_BYTES = 350_000;

/** From the page's own script along every import, static or dynamic. Workers are started by address, so they are not on the way. */
async function pageScripts(request: APIRequestContext): Promise<Map<string, string>> {
  const html = await (await request.get('./')).text();
  const waiting = [...html.matchAll(/<script[^>]+src="\.?\/?([^"]+)"/g)].map((match) => match[1]!);
  const scripts = new Map<string, string>();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (scripts.has(path)) continue;
    const response = await request.get(`./${path}`);
    expect(response.ok(), path).toBe(true);
    const script = await response.text();
    scripts.set(path, script);
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    for (const [, imported] of script.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["'`]\.\/([^"'`]+\.js)["'`]/g))
      waiting.push(folder + imported!);
  }
  return scripts;
}

/** Bytes of a script as it is sent; pages share most of theirs. */
const sizes = new Map<string, number>();
function packed(script: string): number {
  const size = sizes.get(script) ?? gzipSync(script, { level: 9 }).byteLength;
  sizes.set(script, size);
  return size;
}

/** The browser's list holds what workers import as well, under the page's name. */
async function loadedBy(page: Page, scripts: ReadonlyMap<string, string>): Promise<string[]> {
  const read = () => page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname.slice(1)));
  // Not Playwright's idle network: it now and then waits for ever for a request of a worker that has ended.
  let names = await read();
  for (let quiet = 0; quiet < 5;) {
    await page.waitForTimeout(150);
    const later = await read();
    quiet = later.length === names.length ? quiet + 1 : 0;
    names = later;
  }
  return [...new Set(names)].filter((name) => scripts.has(name));
}

test('no script of the page holds tensors', async ({ request }) => {
  const scripts = await pageScripts(request);
  // The pages, the chart and the two languages are all on the way.
  expect(scripts.size).toBeGreaterThan(8);
  expect(
    [...scripts.values()].some((script) => script.includes('recharts')),
    'the chart is among them',
  ).toBe(true);
  const total = [...scripts.values()].reduce((sum, script) => sum + packed(script), 0);
  console.log(`all scripts of all pages in both languages: ${scripts.size} files, ${(total / 1000).toFixed(0)} KB packed`);
  // Words of tfjs's own code.
  for (const [path, script] of scripts) expect(/UnsortedSegmentSum|dataIdMap/.test(script), `${path} holds tfjs`).toBe(false);
});

test('each page’s own scripts stay under 350 KB, the chart included', async ({ browser, baseURL, request }) => {
  const scripts = await pageScripts(request);
  const studio = await Studio.begin(browser, baseURL);
  const { page } = studio;
  const weights: string[] = [];
  const weigh = async (name: string) => {
    const loaded = await loadedBy(page, scripts);
    const total = loaded.reduce((sum, path) => sum + packed(scripts.get(path)!), 0);
    weights.push(`${name} ${(total / 1000).toFixed(0)} KB`);
    expect(total, name).toBeGreaterThan(50_000);
    expect(total, name).toBeLessThan(LIMIT_BYTES);
  };
  await studio.open({ recipe: tinyRecipe({ steps: 2 }) });
  await studio.desk.train();
  // The chart's code comes with the first run.
  await expect(studio.desk.chart.locator('svg').first()).toBeVisible();
  await weigh('desk');
  for (const name of ['compare', 'sweeps', 'runs', 'corpus', 'tokenizer', 'models', 'learn'] as const) {
    await page.goto('about:blank');
    await studio.open({ page: name });
    await expect(page.getByRole('heading', { level: 1 })).toBeAttached();
    if (name === 'runs') {
      await new RunsPage(studio).openLatest();
      await expect(studio.desk.chart.locator('svg').first()).toBeVisible();
    }
    // The plan editor is the heaviest part.
    if (name === 'sweeps') await new SweepsPage(studio).plan('golden-ratio');
    if (name === 'tokenizer') await expect(page.getByTestId('fertility-chart').locator('svg').first()).toBeVisible();
    await weigh(name);
  }
  console.log(`scripts of a visit, packed: ${weights.join(', ')}`);
  studio.watch.expectClean();
  await studio.end();
});
