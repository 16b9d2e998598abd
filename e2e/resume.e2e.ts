/** A run is the same run whatever happens to its tab: twice the same recipe, and once more with the tab reloaded half way. */
import { expect, test } from '@playwright/test';
import { latestRun } from './studio/automation';
import { tinyRecipe } from './studio/recipes';
import { visit } from './studio/studio';
import { like } from './studio/words';

/** Long enough for a reload to meet it at half way, with a live schedule and dropout, so that their state counts too. */
const recipe = tinyRecipe({
  name: 'to be resumed',
  steps: 20,
  rows: 4,
  lr: 3e-3,
  dropout: 0.1,
  schedule: { kind: 'cosine', warmup: { unit: 'ratio', value: 0.1 } },
  evaluation: { everySteps: 10, rowsPerChannel: 2 },
  saving: { everySteps: 5, keep: 3 },
  logging: { everySteps: 4 },
});

const studio = visit(() => studio.open({ recipe, backend: 'wasm' }));

test('the same recipe twice gives identical losses on wasm', async () => {
  const { desk, page } = studio;
  await desk.train();
  const first = await latestRun(page);
  await desk.train();
  const second = await latestRun(page);
  expect(second.record.id).not.toBe(first.record.id);
  expect(first.rows.at(-1)!.step).toBe(20);
  expect(first.evaluations.map(({ step }) => step)).toEqual([0, 10, 20]);
  expect(second.rows).toEqual(first.rows);
  expect(second.evaluations).toEqual(first.evaluations);
  // It learns: what is identical is not merely constant.
  expect(first.evaluations.at(-1)!.channels['domain']!.loss).toBeLessThan(first.evaluations[0]!.channels['domain']!.loss);
});

test('a tab reloaded in the middle of a run offers to go on, and ends as if nothing had happened', async () => {
  const { desk, page, words } = studio;
  const whole = await latestRun(page);
  await desk.run();
  await expect.poll(() => desk.state()).toBe('running');
  await desk.reloadAt(11);

  const banner = page.getByRole('status').filter({ hasText: like(words.desk.interrupted, { name: recipe.name, steps: 20 }) });
  await expect(banner).toBeVisible();
  const broken = await latestRun(page);
  expect(broken.record.id).not.toBe(whole.record.id);
  expect(broken.record.state).toBe('interrupted');
  const kept = broken.checkpoints.at(-1)!.step;
  expect(kept).toBeGreaterThanOrEqual(5);
  expect(kept).toBeLessThan(20);

  await banner.getByRole('button', { name: words.desk.resume }).click();
  await expect.poll(() => desk.state()).not.toBe('interrupted');
  expect(await desk.waitForEnd()).toBe('finished');
  await expect(banner).toBeHidden();

  const resumed = await latestRun(page);
  expect(resumed.record.id).toBe(broken.record.id);
  expect(resumed.rows).toEqual(whole.rows);
  expect(resumed.evaluations).toEqual(whole.evaluations);
});
