/** The first visit: a desk that is ready, one press on Run, hands on the faders while it trains. The default recipe, as it comes. */
import { expect, test } from '@playwright/test';
import { latestRun } from './studio/automation';
import { countLongTasks, longTasks } from './studio/long-tasks';
import { RunsPage } from './studio/runs';
import { visit } from './studio/studio';
import { fill, like } from './studio/words';

/** Generous, since machines differ; the goal is 5 s on two cores, and the figure is printed. */
const FIRST_LOSS_LIMIT_MS = 30_000;
/**
 * The page is to be free of long tasks while it trains. Where all cores train, the page's core is taken away in the middle of
 * short tasks, so some are let pass; a chart that is drawn too slowly makes one with every snapshot, four a second.
 */
const LONG_TASKS_A_SECOND = 1;

const studio = visit();
// A thread a core, as a person has it.
studio.threads = null;

test('the desk has a base model and four channels at the golden ratio', async () => {
  await studio.open();
  const { desk, words } = studio;
  await expect(desk.base).toHaveValue('nano');
  expect(await desk.shares()).toEqual({ zh: 35, en: 35, code: 13.3, domain: 16.7 });
  await expect(studio.page.getByText(words.desk.empty.title)).toBeVisible();
  await expect(studio.page.getByTestId('device')).toHaveAttribute('data-state', 'open');
  await expect(desk.button('run')).toBeEnabled();
  await expect(desk.button('stop')).toBeDisabled();
});

test('Run measures the base and draws the first loss of every channel', async () => {
  const { desk, page } = studio;
  const pressed = Date.now();
  await desk.run();
  await expect
    .poll(() => desk.figure('zh', 'heldOut'), { timeout: FIRST_LOSS_LIMIT_MS, intervals: [50], message: 'the first held-out loss' })
    .not.toBeNull();
  const first = Date.now() - pressed;
  await desk.waitForStep(1);
  for (const channel of ['zh', 'en', 'code', 'domain']) {
    const loss = await desk.figure(channel, 'heldOut');
    expect(loss, channel).toBeGreaterThan(1);
    // A uniform guess over 4,096 tokens costs ln 4096 = 8.3 nats: the base knows better.
    expect(loss, channel).toBeLessThan(8.3);
  }
  await expect(desk.chart.locator('[data-line=train]').first()).toBeAttached();
  await expect.poll(() => desk.figure('en', 'train')).not.toBeNull();
  const figures = `first loss ${first} ms after Run, first step trained after ${Date.now() - pressed} ms`;
  console.log(figures);
  test.info().annotations.push({ type: 'timing', description: figures });
  expect(
    studio.watch.requests.some((url) => url.endsWith('corpora/zh.train.txt')),
    'the watch sees what workers ask for',
  ).toBe(true);
  await countLongTasks(page);
});

test('the base lines stand on the chart, and retention starts at 1', async () => {
  const { desk, words, page } = studio;
  const table = await desk.openTable();
  for (const channel of ['zh', 'en', 'code', 'domain']) {
    const base = table
      .getByRole('row', { name: new RegExp(`^${channel} `) })
      .getByRole('cell')
      .first();
    await expect(base).toHaveText(/^\d\.\d{3}$/);
  }
  await expect(desk.chart.locator('[data-line=base]').first()).toBeAttached();
  await expect(page.getByRole('complementary', { name: words.desk.side })).toContainText('1.000');
});

test('a fader moved while it trains rescales the others to 100 % and acts at the next step', async () => {
  const { desk } = studio;
  const before = await desk.shares();
  await desk.moveFader('domain', 40);
  await expect.poll(async () => (await latestRun(studio.page)).record.changes.length).toBeGreaterThan(0);
  const after = await desk.shares();
  expect(Object.values(after).reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0);
  // The general channels keep their proportions: 35 : 35 : 13.3.
  expect(after['zh']! / after['code']!).toBeCloseTo(before['zh']! / before['code']!, 1);
  expect(after['zh']).toBeCloseTo(after['en']!, 1);
  const lastChange = async () => (await latestRun(studio.page)).record.changes.at(-1)!;
  // A moving fader sends several changes; the last one is where it stands.
  await expect.poll(async () => 100 * (await lastChange()).settings.shares!['domain']!).toBeCloseTo(after['domain']!, 1);
  const change = await lastChange();
  await desk.waitForStep(change.step + 1);
  const table = await desk.openTable();
  await expect(table.getByRole('listitem').filter({ hasText: /domain 16\.7 → \d+/ })).toBeVisible();
});

test('a locked fader is left alone', async () => {
  const { desk, words, page } = studio;
  await page.getByRole('button', { name: fill(words.desk.strip.lock, { channel: 'code' }) }).click();
  const code = await desk.share('code');
  await desk.moveFader('domain', 20);
  expect(await desk.share('code')).toBe(code);
  const shares = Object.values(await desk.shares());
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0);
});

test('learning rate and warmup move while it trains, and are marked on the chart', async () => {
  const { desk, words } = studio;
  const before = await desk.learningRate();
  await desk.slider('learningRate').focus();
  await desk.slider('learningRate').press('ArrowRight');
  await expect.poll(() => desk.learningRate()).toBeGreaterThan(before);
  const lr = await desk.learningRate();
  await desk.slider('warmup').focus();
  await desk.slider('warmup').press('PageUp');
  await expect
    .poll(async () => {
      const { changes } = (await latestRun(studio.page)).record;
      const last = changes.findLast(({ settings }) => settings.schedule)?.settings.schedule;
      return [last?.peakLr, (last?.warmup.value ?? 0) > 0.03];
    })
    .toEqual([lr, true]);
  const events = (await desk.openTable()).getByRole('listitem');
  await expect(events.filter({ hasText: like(words.desk.event['learning-rate']) })).toBeVisible();
  await expect(events.filter({ hasText: like(words.desk.event.warmup) })).toBeVisible();
});

test('the page stays free while it trains', async () => {
  const { desk, page } = studio;
  await desk.waitForStep((await desk.step()) + 10);
  const { tasks, seconds } = await longTasks(page);
  const figures = `main-thread tasks over 50 ms in ${seconds.toFixed(0)} s of training: ${tasks.length} [${tasks.join(', ')}] ms`;
  console.log(figures);
  test.info().annotations.push({ type: 'long tasks', description: figures });
  expect(tasks.length).toBeLessThanOrEqual(LONG_TASKS_A_SECOND * seconds);
});

test('pause holds, step makes one, resume goes on, save keeps a checkpoint, stop ends', async () => {
  const { desk, page } = studio;
  await desk.button('pause').click();
  await desk.waitForState('paused');
  const held = await desk.step();
  await desk.button('step').click();
  await expect.poll(() => desk.step(), { intervals: [50] }).toBe(held + 1);
  await desk.waitForState('paused');
  expect(await desk.step()).toBe(held + 1);

  await desk.button('resume').click();
  await desk.waitForState('running');
  await desk.waitForStep(held + 2);

  await desk.button('save').click();
  await expect.poll(async () => (await latestRun(page)).checkpoints.some(({ reason }) => reason === 'person')).toBe(true);

  await desk.button('stop').click();
  expect(await desk.waitForEnd()).toBe('stopped');
  const { record, checkpoints } = await latestRun(page);
  expect(record.stopReason).toBe('person');
  expect(checkpoints.at(-1)!.step).toBe(record.step);
  await expect(desk.button('run')).toBeEnabled();
});

test('the runs page keeps the history of every move', async () => {
  const { words, page } = studio;
  await studio.goTo('runs');
  await new RunsPage(studio).openLatest();
  const history = page.getByRole('list', { name: words.runs.detail.history });
  await expect(history).toContainText(words.runs.event.start);
  await expect(history).toContainText(words.runs.event.shares);
  await expect(history).toContainText(words.runs.field.peakLr);
  await expect(history).toContainText(words.runs.field.warmup);
  await expect(history).toContainText(words.runs.reason.person);
});
