/** The report of a comparison, in its three forms: read from the disk, without network and without script. */
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { expect, test, type Download } from '@playwright/test';
import type { Report } from '../src/report/report';
import { ComparePage, printed } from './studio/compare';
import { tinyRecipe } from './studio/recipes';
import { visit } from './studio/studio';

const studio = visit();

test('one click gives the figures of the page as HTML, Markdown and JSON', async ({ browser }, testInfo) => {
  const { page, words } = studio;
  await studio.open({ recipe: tinyRecipe({ name: 'for the meeting', steps: 6 }) });
  await studio.desk.train();
  await studio.goTo('compare');
  const compare = new ComparePage(studio);
  const gain = printed((await compare.card('domain-gain').locator('[data-tone]').first().textContent()) ?? '');
  const retention = printed((await compare.card('general-retention').locator('[data-tone]').first().textContent()) ?? '');

  const take = async (form: 'html' | 'markdown' | 'json'): Promise<{ name: string; path: string }> => {
    const coming: Promise<Download> = page.waitForEvent('download');
    await studio.button(words.report.button.label).click();
    await page.getByRole('menuitem', { name: words.report.button[form] }).click();
    const download = await coming;
    const path = testInfo.outputPath(download.suggestedFilename());
    await download.saveAs(path);
    return { name: download.suggestedFilename(), path };
  };
  const json = await take('json');
  const report = JSON.parse(await readFile(json.path, 'utf8')) as Report;
  expect(json.name).toMatch(/^report-for-the-meeting-\d{4}-\d\d-\d\d\.json$/);
  expect(report.run!.recipe.name).toBe('for the meeting');
  expect(report.summary.gain!.value).toBeCloseTo(gain.value, 3);
  expect(report.summary.retention!.value).toBeCloseTo(retention.value, 3);
  expect(report.notMeasured).toContain('probes');

  const markdown = await take('markdown');
  const text = await readFile(markdown.path, 'utf8');
  expect(markdown.name).toMatch(/\.md$/);
  expect(text).toContain(report.summary.retention!.value.toFixed(3));
  expect(text).toContain('# 学到了什么');

  const html = await take('html');
  // Another browser window, cut off from every network and without script.
  const context = await browser.newContext({ offline: true, javaScriptEnabled: false });
  const requests: string[] = [];
  context.on('request', (request) => requests.push(request.url()));
  const paper = await context.newPage();
  const address = pathToFileURL(html.path).href;
  await paper.goto(address);
  await expect(paper.getByRole('heading', { level: 1 })).toContainText('for the meeting');
  const english = paper.locator('article[lang="en"]');
  await expect(english).toContainText(report.summary.retention!.value.toFixed(3));
  await expect(english).toContainText(report.evaluation!.measure.channels[0]!.loss[1]!.value.toFixed(3));
  await expect(english.getByRole('img').first()).toBeVisible();
  await paper.getByRole('radio', { name: '中文' }).check();
  await expect(english).toBeHidden();
  await expect(paper.locator('article[lang="zh-CN"]')).toContainText(report.summary.retention!.value.toFixed(3));
  expect(requests).toEqual([address]);
  await context.close();
});
