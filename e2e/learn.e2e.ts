/** A lesson as a pupil does it, the prediction wrong on purpose; the run in a file and a link; the class; what an address asks for; the tour. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from '@playwright/test';
import { encodeRecipe } from '../src/core/recipe/share-link';
import { latestRun, storedRuns } from './studio/automation';
import { violations } from './studio/axe';
import { tinyRecipe } from './studio/recipes';
import { Studio, visit } from './studio/studio';
import { fill, like, wordsOf } from './studio/words';

const words = (en: string, zh: string) => ({ en, zh });
const lesson = {
  ...{
    format: 'crossfade-lesson',
    version: 1,
    id: 'tiny',
    title: words('Tiny', '小课'),
    summary: words('Two runs.', '两次运行。'),
    minutes: 1,
  },
  recipe: tinyRecipe({ steps: 6, name: 'tiny-lesson' }),
  steps: [
    {
      ...{ id: 'learn', title: words('Learn', '学'), text: words('First.\n\nSecond.', '一。\n\n二。'), task: words('Run it.', '运行。') },
      ...{ hide: ['lr', 'warmup', 'schedule', 'recipe'], set: {}, predict: { of: 'general', points: 1, base: 4.5, span: 3 } },
      opens: [{ figure: 'steps', is: 'above', than: 5 }],
      after: words('Done well.', '很好。'),
    },
    {
      ...{ id: 'hold', title: words('Hold', '停'), text: words('At a learning rate of 0.', '学习率为 0。'), free: ['lr'] },
      ...{ set: { 'schedule.peakLr': 0 }, opens: [{ figure: 'generalChange', is: 'within', than: 0, by: 1e-6 }] },
      after: words('Nothing moved.', '什么都没变。'),
    },
  ],
};
const studio = visit();
let server: Server;
test.beforeAll(async () => {
  server = createServer((_, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ ...lesson, id: 'afar', title: words('From afar', '远方的课') }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
test.afterAll(() => new Promise((done) => server.close(done)));

const panel = () => studio.page.getByTestId('lesson');
const next = () => panel().getByRole('button', { name: studio.words.learn.next });

test('a lesson of one’s own is loaded from a file, and from an address once its host is agreed to', async () => {
  await studio.open({ page: 'learn' });
  const { page, words: texts } = studio;
  await expect(page.getByTestId('lesson-item')).toHaveCount(7);
  const file = (json: unknown) => ({ name: 'tiny.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(json)) });
  await page.getByTestId('lesson-file').setInputFiles(file({ ...lesson, minutes: 0 }));
  await studio.expectAlert(/tiny\.json.*minutes.*0.*≥ 1/);
  await page.getByTestId('lesson-file').setInputFiles(file(lesson));
  await expect(page.getByTestId('lesson-item')).toHaveCount(8);

  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  studio.watch.expect(new RegExp(`^request to http://${host}/`));
  const asked = () => studio.watch.requests.filter((url) => url.includes(host));
  await page.getByLabel(texts.learn.load.address).fill(`http://${host}/lesson.json`);
  await studio.button(texts.learn.load.open).click();
  await expect(page.getByRole('dialog')).toContainText(host);
  expect(asked()).toEqual([]);
  await studio.button(fill(texts.learn.load.connect, { host })).click();
  await expect(page.getByRole('heading', { name: 'From afar' })).toBeVisible();
  expect(asked()).toHaveLength(1);
  expect(await violations(page)).toEqual([]);
});

test('its step hides and holds what it says, takes a prediction, and opens the next when the run has shown it', async () => {
  const { page, desk, words: texts } = studio;
  await page.getByRole('link', { name: fill(texts.learn.startLesson, { title: 'Tiny' }) }).click();
  await expect(panel()).toContainText('Run it.');
  await expect(desk.strips).toHaveCount(2);
  // The whole of the master strip is hidden; the faders are there, and cannot be moved.
  await expect(desk.master).toHaveCount(0);
  await expect(desk.slider('learningRate')).toHaveCount(0);
  await expect(page.getByTestId('strips')).toHaveAttribute('inert', '');
  await expect(next()).toBeDisabled();
  // Far too high.
  const handle = panel().getByRole('slider', { name: fill(texts.learn.predict.handle, { step: 6 }) });
  await handle.focus();
  for (let press = 0; press < 20; press += 1) await handle.press('PageUp');
  await expect(handle).toHaveAttribute('aria-valuenow', '6.5');
  await desk.train();
  await expect(panel().getByTestId('after')).toHaveText('Done well.');
  await expect(panel().getByTestId('score')).toHaveText(like(texts.learn.predict.score, { points: 0 }));
  // What is told too late is not taken.
  await expect(handle).toHaveCount(0);
  await expect(next()).toBeEnabled();
  expect(await violations(page)).toEqual([]);
});

test('the run is handed in as a file, and stands in the class’s view with its prediction', async () => {
  const { page, words: texts } = studio;
  const download = page.waitForEvent('download');
  await panel().getByRole('button', { name: texts.learn.save }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('tiny-learn.crossfade');
  const path = await file.path();
  const { record, rows, evaluations } = await latestRun(page);
  const content = JSON.parse(gunzipSync(readFileSync(path)).toString()) as { rows: unknown[]; run: { lesson: unknown } };
  expect(content).toMatchObject({ format: 'crossfade-run', version: 1, evaluations, base: record.base });
  expect(content.rows).toHaveLength(rows.length);
  expect(content.run.lesson).toEqual({ lesson: 'tiny', step: 'learn', prediction: { of: 'general', points: [{ step: 6, loss: 6.5 }] } });

  await page.goto('./#/learn?view=class');
  const buffer = readFileSync(path);
  const handIn = ['Ada', 'Bo'].map((name) => ({ name: `${name}.crossfade`, mimeType: '', buffer }));
  const broken = { name: 'Cy.crossfade', mimeType: '', buffer: buffer.subarray(0, 300) };
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles([...handIn, broken]);
  await studio.expectAlert(/Cy\.crossfade/);
  await expect(page.getByTestId('pupil')).toHaveCount(2);
  await expect(page.getByTestId('pupil').first()).toContainText('Ada');
  await expect(page.getByTestId('pupil').first()).toContainText(record.latest!.retention!.toFixed(3));
  await expect(page.getByRole('img', { name: like(texts.learn.class.scatter) })).toBeVisible();
  expect(await violations(page)).toEqual([]);

  // Dropped anywhere, it opens as a run from elsewhere.
  await page.goto('./#/compare');
  await expect(page.getByRole('heading', { level: 1 })).toBeAttached();
  await page.evaluate(
    (bytes) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(bytes)], 'Ada.crossfade'));
      window.dispatchEvent(new DragEvent('drop', { dataTransfer: data, cancelable: true }));
    },
    [...buffer],
  );
  await expect(page).toHaveURL(/#\/runs\?shown=/);
  await expect(page.getByTestId('run').filter({ hasText: 'Ada.crossfade' })).toHaveAttribute('data-open', 'true');
});

test('the next step has its own free control, and the lesson is done', async () => {
  const { page, desk, words: texts } = studio;
  await page.goto('./#/desk?lesson=tiny');
  await expect(panel()).toContainText(texts.learn.stepOf.replace('{{step}}', '2').replace('{{steps}}', '2'));
  await expect(page.getByTestId('strips')).toHaveAttribute('inert', '');
  await expect(desk.slider('learningRate')).toBeEnabled();
  await expect(desk.slider('warmup').locator('xpath=ancestor::*[@inert]')).toHaveCount(1);
  await desk.train();
  await expect(panel().getByTestId('after')).toHaveText('Nothing moved.');
  await panel().getByRole('link', { name: texts.learn.finish }).click();
  await expect(page.locator('[data-lesson=tiny]').getByRole('progressbar')).toHaveAttribute('aria-valuenow', '100');
});

test('a finished run in a link opens elsewhere, once', async ({ browser, baseURL }) => {
  const { page, words: texts } = studio;
  await studio.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await studio.goTo('runs');
  const { record } = await latestRun(page);
  await page
    .getByTestId('run')
    .first()
    .getByRole('button', { name: like(texts.runs.action.more) })
    .click();
  await page.getByRole('menuitem', { name: texts.runs.action.link }).click();
  await expect(page.getByText(texts.runs.action.linkCopied)).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(new URL(link).hash.length).toBeLessThan(8 * 1024 + 20);
  const other = await Studio.begin(browser, baseURL);
  for (let times = 0; times < 2; times += 1) {
    await other.page.goto('about:blank');
    await other.page.goto(link);
    await expect(other.page.getByTestId('run')).toHaveAttribute('data-open', 'true');
  }
  const [stored, ...more] = await storedRuns(other.page);
  expect(more).toEqual([]);
  expect(stored!.record).toMatchObject({ name: record.name, recipe: record.recipe, lesson: record.lesson, step: 6 });
  await other.page.goto('about:blank');
  await other.page.goto(link.slice(0, -40));
  await other.expectAlert(like(other.words.errors['run-file-invalid'].what, { file: 'link' }));
  other.watch.expectClean();
  await other.end();
});

test('an address says how the studio is shown and what it does, and is told what it says wrongly', async ({ browser, baseURL }) => {
  const other = await Studio.begin(browser, baseURL);
  const { page, desk } = other;
  other.words = wordsOf('zh');
  const recipe = encodeRecipe(tinyRecipe({ steps: 4 }));
  await page.goto(`./#/desk?recipe=${recipe}&seed=5&lang=zh&theme=dark&hide=lr,recipe&embed=1&run=auto&view=loss`);
  await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN');
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
  await expect(page.locator('header')).toHaveCount(0);
  expect(await desk.waitForEnd()).toBe('finished');
  await expect(desk.chart).toHaveAttribute('data-figure', 'loss');
  expect((await latestRun(page)).record.recipe.seed).toBe(5);
  await expect(page.locator('[data-part=lr]')).toBeHidden();
  await expect(page.locator('[data-part=warmup]')).toBeVisible();
  // It held for this visit alone.
  await page.goto('about:blank');
  await page.goto('./#/desk?hide=lr,knob&lang=de&run=now&seed=-1&tour=1');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  other.words = wordsOf('en');
  for (const [field, value] of [
    ['hide', 'knob'],
    ['lang', 'de'],
    ['run', 'now'],
    ['seed', '-1'],
  ] as const)
    await other.expectAlert(like(other.words.errors['address-invalid'].what, { field, value }));
  await expect(page.locator('[data-part=lr]')).toBeHidden();

  // The tour, which the address asked for: automation is not offered it else.
  const { tour } = other.words.learn;
  await other.button(tour.begin).click();
  for (const stop of ['run', 'chart', 'mixture', 'master', 'side', 'learn'] as const) {
    await expect(page.getByTestId('tour')).toContainText(tour.stops[stop].title);
    if (stop === 'chart') expect(await violations(page, { within: '[data-testid=tour]' })).toEqual([]);
    await other.button(stop === 'learn' ? tour.end : tour.next).click();
  }
  await expect(page.getByTestId('tour')).toHaveCount(0);
  await expect.poll(async () => (await latestRun(page)).record.recipe.name).toBe('tour');
  await desk.button('stop').click();
  await desk.waitForEnd();
  await page.reload();
  await expect(desk.strips.first()).toBeVisible();
  await expect(other.button(tour.begin)).toHaveCount(0);
  other.watch.expectClean();
  await other.end();
});

test('Learn and a lesson read well on a narrow screen', async () => {
  const { page } = studio;
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of ['learn', 'learn?view=class', 'desk?lesson=watch-it-forget&lang=zh']) {
    await page.goto(`./#/${path}`);
    await expect(page.locator('#content').getByRole('heading').first()).toBeVisible();
    const [scroll, client] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    expect(scroll, path).toBeLessThanOrEqual(client);
  }
});
