/** A run is the same run whatever happens to its tab: twice the same recipe, and once more with the tab reloaded half way. */
import { expect, test } from '@playwright/test';
import { latestRun } from './studio/automation';
import { tinyRecipe } from './studio/recipes';
import { visit } from './studio/studio';
import { fill, like } from './studio/words';

/** Long enough for a reload to meet it at half way, with a live schedule and dropout, so that their state counts too. */
const recipe = tinyRecipe({
  name: 'to be resumed',
  steps: 24,
  rows: 6,
  dropout: 0.1,
  schedule: { kind: 'cosine', warmup: { unit: 'ratio', value: 0.1 } },
  evaluation: { everySteps: 12, rowsPerChannel: 2 },
  saving: { everySteps: 6, keep: 3 },
  logging: { everySteps: 4 },
});

const studio = visit(() => studio.open({ recipe, backend: 'wasm' }));
// A thread a core, as a person has it: losses are the same on one.
studio.threads = null;

test('the same recipe twice gives identical losses on wasm', async () => {
  const { desk, page } = studio;
  await desk.train();
  const first = await latestRun(page);
  await desk.train();
  const second = await latestRun(page);
  expect(second.record.id).not.toBe(first.record.id);
  expect(first.rows.at(-1)!.step).toBe(24);
  expect(first.evaluations.map(({ step }) => step)).toEqual([0, 12, 24]);
  expect(second.rows).toEqual(first.rows);
  expect(second.evaluations).toEqual(first.evaluations);
  // It learns: what is identical is not merely constant.
  expect(first.evaluations.at(-1)!.channels['domain']!.loss).toBeLessThan(first.evaluations[0]!.channels['domain']!.loss);
});

test('served without the headers that isolate it, the page shows the last run, and trains on one thread to the same losses', async () => {
  const { desk, page, words } = studio;
  const isolated = await latestRun(page);
  await page.route('**/*', async (route) => {
    if (route.request().resourceType() !== 'document') return route.fallback();
    const response = await route.fetch();
    const { 'cross-origin-opener-policy': _opener, 'cross-origin-embedder-policy': _embedder, ...headers } = response.headers();
    await route.fulfill({ response, headers });
  });
  await page.reload();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  await expect.poll(() => desk.step()).toBe(24);
  await expect(page.getByTestId('loss-chart')).toBeVisible();
  const badge = page.getByTestId('device');
  await expect(badge).toContainText(fill(words.common.device.threads_one, { count: 1 }));
  await badge.hover();
  await expect(page.getByRole('tooltip')).toContainText('Cross-Origin-Opener-Policy: same-origin');
  await desk.train();
  const alone = await latestRun(page);
  expect(alone.record.id).not.toBe(isolated.record.id);
  expect(alone.rows).toEqual(isolated.rows);
  expect(alone.evaluations).toEqual(isolated.evaluations);
  await page.unrouteAll();
  await page.reload();
});

test('a tab reloaded in the middle of a run offers to go on, and ends as if nothing had happened', async () => {
  const { desk, page, words } = studio;
  const whole = await latestRun(page);
  await desk.run();
  await desk.waitForState('running');
  await desk.reloadAt(13);

  const banner = page.getByRole('status').filter({ hasText: like(words.desk.interrupted, { name: recipe.name, steps: 24 }) });
  await expect(banner).toBeVisible();
  const broken = await latestRun(page);
  expect(broken.record.id).not.toBe(whole.record.id);
  expect(broken.record.state).toBe('interrupted');
  const kept = broken.checkpoints.at(-1)!.step;
  expect(kept).toBeGreaterThanOrEqual(6);
  expect(kept).toBeLessThan(24);

  await banner.getByRole('button', { name: words.desk.resume }).click();
  await expect.poll(() => desk.state()).not.toBe('interrupted');
  expect(await desk.waitForEnd()).toBe('finished');
  await expect(banner).toBeHidden();

  const resumed = await latestRun(page);
  expect(resumed.record.id).toBe(broken.record.id);
  expect(resumed.rows).toEqual(whole.rows);
  expect(resumed.evaluations).toEqual(whole.evaluations);
});
