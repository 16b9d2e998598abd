/** A sweep in a person's hands: planned with one press, edited, trained by this tab across a reload, and read on its board. */
import { expect, test } from '@playwright/test';
import { violations } from './studio/axe';
import { storedRuns } from './studio/automation';
import { tinyRecipe } from './studio/recipes';
import { visit } from './studio/studio';
import { SweepsPage } from './studio/sweeps';
import { fill, like } from './studio/words';

const studio = visit();
const sweeps = new SweepsPage(studio);

test('a plan made with one press is refused at the field, kept as a draft, and edited', async () => {
  const { page, words } = studio;
  await studio.open({ recipe: tinyRecipe({ steps: 6, evaluation: { everySteps: 3, rowsPerChannel: 2 } }), backend: 'wasm' });
  await studio.goTo('sweeps');
  await expect(page.getByText(words.sweeps.empty.title)).toBeVisible();
  await sweeps.plan('learning-rate');
  await expect(page).toHaveURL(/#\/sweeps\/new$/);
  const factors = sweeps.axes.first().getByLabel(words.sweeps.axis.factors);
  await factors.fill('0.1, 1, ten');
  await expect(sweeps.axes.first().getByRole('alert')).toContainText('ten');
  await expect(sweeps.editor.getByRole('button', { name: words.sweeps.makeNone })).toBeDisabled();
  await factors.fill('0.1, 1, 10, 100');
  // 100 times this recipe's rate of 1e-3 is within what a rate may be; four runs of 6 steps of 4 × 32 tokens.
  await expect(sweeps.editor.getByTestId('cost')).toContainText('3.07');
  await sweeps.make(4);
  await expect(page).toHaveURL(/#\/sweeps\/[\w-]+\?section=plan$/);
  await sweeps.edit('drop', 2);
  await expect(sweeps.row(2)).toHaveAttribute('data-state', 'dropped');
  await sweeps.edit('up', 4);
  await expect(sweeps.rows().nth(2)).toContainText(fill(words.sweeps.run.number, { number: 4 }));
});

test('the sweep goes on by itself after a reload in the middle, and ends', async () => {
  test.setTimeout(120_000);
  const { page, words } = studio;
  await sweeps.start(3);
  await expect(sweeps.rows('finished').first()).toBeVisible({ timeout: 60_000 });
  await page.reload();
  await expect(sweeps.rows('finished')).toHaveCount(3, { timeout: 90_000 });
  await expect(sweeps.rows('dropped')).toHaveCount(1);
  await expect(sweeps.opened.getByText(words.sweeps.sweepState.finished, { exact: true }).first()).toBeVisible();

  const runs = await storedRuns(page);
  expect(runs).toHaveLength(3);
  for (const { record } of runs) expect(record.step).toBe(6);
  const first = runs.find(({ record }) => Math.abs(record.recipe.schedule.peakLr - 1e-4) < 1e-9)!;
  // The board shows what the library has of the run.
  await expect(sweeps.row(1)).toContainText(first.record.latest!.retention!.toFixed(3));
  await expect(sweeps.row(1).getByRole('img', { name: like(words.sweeps.run.curves) })).toBeVisible();
  await expect(page.getByTestId('left')).toContainText(words.sweeps.left.none);
  expect(await violations(page)).toEqual([]);
});

test('it is removed with its runs', async () => {
  const { page, words } = studio;
  await sweeps.opened.getByRole('button', { name: like(words.sweeps.remove.label) }).click();
  await page.getByRole('button', { name: words.sweeps.remove.confirm, exact: true }).click();
  await expect(page.getByText(words.sweeps.empty.title)).toBeVisible();
  expect(await storedRuns(page)).toEqual([]);
});
