/** What a run suffers from, on the desk and with the stored run, and one change of the recipe that goes into a new run. */
import { expect, test } from '@playwright/test';
import { storedRuns } from './studio/automation';
import { violations } from './studio/axe';
import { tinyRecipe } from './studio/recipes';
import { RunsPage } from './studio/runs';
import { Studio } from './studio/studio';
import { fill } from './studio/words';

test('a run at LR 0: its risk, its finding with evidence, and the change in a new run; the way back from a stored run’s', async ({
  browser,
  baseURL,
}) => {
  const recipe = tinyRecipe({ name: 'still', lr: 0, steps: 2, evaluation: { everySteps: 2, rowsPerChannel: 2, probesPerGroup: 8 } });
  const studio = await Studio.begin(browser, baseURL);
  const { page, desk, words } = studio;
  const diagnosis = page.getByTestId('diagnosis');
  const apply = diagnosis.getByRole('button', { name: fill(words.diagnosis.applyLabel, { advice: words.diagnosis.advice['default-lr'] }) });
  const news = page.getByTestId('changed-recipe');

  await studio.open({ recipe, backend: 'wasm' });
  await desk.train();
  const [still] = await storedRuns(page);
  // The base gets 7 of 8 items of grammar right (transformers says so too), and chance is as good in the rest.
  const [base, end] = still!.evaluations;
  expect(base!.probes).toMatchObject({ items: 32, informative: ['grammar'], risk: { value: 0, interval: null } });
  expect(base!.probes!.answers.grammar!.replaceAll('0', '')).toHaveLength(7);
  expect(end!.probes!.answers).toEqual({ grammar: base!.probes!.answers.grammar });
  const risk = page.getByTestId('risk');
  await expect(risk).toContainText('0.00');
  // Clopper and Pearson's upper end of 0 lost out of 7.
  const interval = fill(words.desk.risk.interval, { low: '0.00', high: '0.41' });
  await expect(risk.getByRole('button').filter({ hasText: interval })).toBeVisible();
  await expect(risk.getByRole('img')).toBeVisible();

  const finding = diagnosis.locator('[data-finding="lr-zero"]');
  await expect(finding).toContainText(words.diagnosis.finding['lr-zero'].title);
  const loss = base!.channels['en']!.loss.toFixed(3);
  await expect(finding).toContainText(fill(words.diagnosis.stretch, { from: loss, first: 0, to: loss, last: 2 }));
  await expect(finding.locator('[data-field="schedule.peakLr"]')).toHaveText(/0\s*3\.0e-4/);
  await apply.click();
  await expect(news).toContainText('3.0e-4');
  for (const colorScheme of ['light', 'dark'] as const) {
    await studio.showTheme(colorScheme);
    expect.soft(await violations(page, { rules: colorScheme === 'dark' ? 'colours' : 'all' })).toEqual([]);
  }
  expect(await desk.learningRate()).toBeCloseTo(3e-4, 8);
  await desk.train();
  await expect(news).toBeHidden();
  const runs = await storedRuns(page);
  expect(runs[0]!.record.recipe).toEqual({ ...recipe, schedule: { ...recipe.schedule, peakLr: 3e-4 } });
  expect(runs[1]!.record).toEqual(still!.record);

  // From the stored run: what stood on the desk is kept, and comes back.
  await desk.slider('learningRate').press('Home');
  expect(await desk.learningRate()).toBe(0);
  await studio.goTo('runs');
  await new RunsPage(studio)
    .run('still')
    .nth(1)
    .getByRole('button', { name: fill(words.runs.action.openRun, { name: 'still' }) })
    .click();
  await apply.click();
  await expect(news).toContainText('3.0e-4');
  await page.getByRole('button', { name: words.diagnosis.undo, exact: true }).click();
  await expect(news).toBeHidden();
  expect(await desk.learningRate()).toBe(0);
  studio.watch.expectClean();
  await studio.end();
});
