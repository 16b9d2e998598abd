/** Where training acted, what the heads look at, and the Pareto front of all checkpoints: small runs, the views looked at by axe. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import type { LibraryApi } from '../src/contract/library';
import { latestRun } from './studio/automation';
import { violations } from './studio/axe';
import { smallModel } from './studio/model-folders';
import { ModelsPage } from './studio/models';
import { tinyRecipe } from './studio/recipes';
import { visit } from './studio/studio';
import { fill, like } from './studio/words';

const studio = visit();

async function expectAccessible(): Promise<void> {
  const { page } = studio;
  for (const colorScheme of ['light', 'dark'] as const) {
    await studio.showTheme(colorScheme);
    const rules = colorScheme === 'dark' ? 'colours' : 'all';
    expect.soft(await violations(page, { within: '[role="tabpanel"]', rules })).toEqual([]);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  const widths = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  expect.soft(widths[0]).toBeLessThanOrEqual(widths[1]!);
  await page.setViewportSize({ width: 1440, height: 900 });
}

test('a sentence names the layer and the part where training acted', async () => {
  const saving = { everySteps: 4, keep: 3 };
  await studio.open({ recipe: tinyRecipe({ lr: 3e-3, saving, evaluation: { everySteps: 4, rowsPerChannel: 2 } }) });
  await studio.desk.train();
  await studio.goTo('compare');
  const { page, words } = studio;
  await page.getByRole('tab', { name: words.compare.view.internals }).click();
  await studio.button(words.internals.weights.run).click();
  await expect(page.getByTestId('weights-sentence')).toBeVisible({ timeout: 30_000 });
  const table = page.getByTestId('weights-table');
  for (const toggle of await table.getByRole('button').all()) await toggle.click();
  const parts = await table
    .locator('tr[data-part]')
    .evaluateAll((rows) => rows.map((row) => row.querySelectorAll('td')[1]!.textContent ?? ''));
  expect(parts).toHaveLength(4 * 3 + 2);
  const most = parts.sort((one, other) => parseFloat(other) - parseFloat(one))[0]!;
  expect(parseFloat(most)).toBeGreaterThan(0);
  await expect(page.getByTestId('weights-sentence')).toContainText(most);
});

test('the maps of a head are read by mouse and by keyboard, and a long text is cut', async () => {
  const { page, words } = studio;
  const card = page.getByTestId('attention');
  await studio.button(words.internals.attention.run).click();
  const chosen = page.getByTestId('head-picker').locator('[aria-selected="true"]');
  await expect(chosen).toHaveCount(1, { timeout: 30_000 });
  const maps = card.getByRole('application');
  await expect(maps).toHaveCount(3);
  const readout = page.getByTestId('attention-readout');
  const weights = async () => (await readout.locator('b').allTextContents()).map((text) => Number(text.replace('−', '-').replace('±', '')));
  // The first token has nothing before it: all of its attention is its own.
  await maps
    .first()
    .locator('canvas')
    .hover({ position: { x: 3, y: 3 } });
  expect(await weights()).toEqual([1, 1, 0]);
  // The second query shares its attention between two keys.
  await maps.last().focus();
  await page.keyboard.press('ArrowDown');
  const first = await weights();
  await page.keyboard.press('ArrowRight');
  const second = await weights();
  expect(first[0]! + second[0]!).toBeCloseTo(1, 3);
  expect(first[1]! + second[1]!).toBeCloseTo(1, 3);
  expect(second[1]! - second[0]!).toBeCloseTo(second[2]!, 3);
  const before = await chosen.getAttribute('aria-label');
  await chosen.focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  expect(await chosen.getAttribute('aria-label')).not.toBe(before);
  await expectAccessible();

  await page.getByLabel(words.internals.attention.label).fill('患者出现发热。'.repeat(40));
  await studio.button(words.internals.attention.again).click();
  await expect(card.getByText(like(words.internals.attention.cut, { shown: '127' }))).toBeVisible({ timeout: 30_000 });
});

test('a third of another shape is kept apart, and the page says why', async () => {
  const { page, words } = studio;
  await studio.goTo('models');
  await new ModelsPage(studio).import(smallModel(), 'small');
  await studio.goTo('compare');
  const third = await page.evaluate(async () => {
    const { lab } = (window as unknown as { crossfade: { lab: { library: LibraryApi } } }).crossfade;
    return (await lab.library.models()).find(({ name }) => name === 'small')!.id;
  });
  await page.goto(`./#/compare?c=model:${third}&a=model:nano&view=internals`);
  await studio.button(words.internals.weights.run).click();
  await expect(page.getByTestId('weights-sentence')).toBeVisible({ timeout: 30_000 });
  await studio.button(words.internals.attention.run).click();
  const maps = page.getByTestId('attention').getByRole('application');
  await expect(maps).toHaveCount(3, { timeout: 30_000 });
  await page.getByText(words.internals.versus.c, { exact: true }).click();
  await expect(maps).toHaveCount(1);
  const { tensor, heads } = words.internals.incompatible;
  const name = 'model.embed_tokens.weight';
  await expect(page.getByText(like(tensor, { letter: 'C', tensor: name, found: '[4096, 16]', expected: '[4096, 128]' }))).toBeVisible();
  await expect(page.getByText(like(heads, { letter: 'C' }))).toBeVisible();
});

test('every checkpoint is a point that is taken as B or as the third, and the picture is saved', async () => {
  const { page, words } = studio;
  const { pareto } = words.internals;
  await page.getByRole('tab', { name: words.compare.view.pareto }).click();
  const { record, checkpoints } = await latestRun(page);
  const points = page.getByTestId('pareto-plot').getByRole('button');
  await expect(points).toHaveCount(3);
  const bits = (row: typeof record.base) => {
    const { loss, tokens, bytes } = row!.channels['domain']!;
    return (loss * tokens) / (bytes * Math.LN2);
  };
  for (const { step, evaluation } of checkpoints) {
    const cells = page.getByTestId('pareto-table').locator(`tr[data-point="run:${record.id}@${step}"] td`);
    const [gain, retention] = await cells.allTextContents();
    expect(Number(gain!.replace('−', '-').replace('+', ''))).toBeCloseTo(bits(record.base) - bits(evaluation), 2);
    expect(Number(retention)).toBeCloseTo(Math.exp(record.base!.channels['en']!.loss - evaluation!.channels['en']!.loss), 2);
  }
  await page.locator(`[data-point="run:${record.id}@4"][role="button"]`).click();
  await expect(page).toHaveURL(/b=run:[^&]+@4&/);
  await page.locator(`[data-point="run:${record.id}@8"][role="button"]`).focus();
  await page.keyboard.press('Shift+Enter');
  await page.getByRole('menuitem', { name: pareto.as.c }).click();
  await expect(page).toHaveURL(/c=run:[^&]+@8&/);
  await expectAccessible();

  const download = async (format: string) => {
    const file = page.waitForEvent('download');
    await studio.button(fill(pareto.saveAs, { format })).click();
    return readFileSync(await (await file).path());
  };
  const svg = (await download('SVG')).toString();
  for (const text of [pareto.title, pareto.x, pareto.y, record.name]) expect(svg).toContain(text);
  const png = await download('PNG');
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect(png.readUInt32BE(16)).toBe(2400);

  const run = page.getByRole('group', { name: pareto.legend }).getByRole('button', { name: record.name });
  await run.click();
  await expect(page.getByText(pareto.allHidden)).toBeVisible();
  await run.click();
  await expect(points).toHaveCount(3);
});
