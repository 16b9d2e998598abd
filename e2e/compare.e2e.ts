/** Base against tuned: the three figures, their report, channels with intervals, a third over the two, prompts written on, a text token by token. */
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { expect, test, type Download } from '@playwright/test';
import type { Report } from '../src/report/report';
import type { MeasuredChannel, WeightsRef } from '../src/contract/evaluation';
import { latestRun } from './studio/automation';
import { violations } from './studio/axe';
import { ComparePage, printed } from './studio/compare';
import { preset, tinyRecipe } from './studio/recipes';
import { RunsPage } from './studio/runs';
import { visit } from './studio/studio';
import { fill, like } from './studio/words';

const TEXT = 'Inflammation of the pancreas is called pancreatitis.\n患者出现发热。';

const studio = visit();
const compare = new ComparePage(studio);

test('without a run the page says what to do', async () => {
  await studio.open({ page: 'compare' });
  await expect(studio.page.getByText(studio.words.compare.noRun.text)).toBeVisible();
});

const CHANNELS = ['zh', 'en', 'code', 'domain'];
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

test('figures that the run stored stand there at once, without intervals, and agree with each other', async () => {
  await studio.open({
    recipe: tinyRecipe({ name: 'for the meeting', lr: 3e-3, channels: preset('golden-ratio').recipe.channels }),
  });
  await studio.desk.train();
  const { evaluations } = await latestRun(studio.page);
  // The merge fader stands on the desk of a run that has ended, and gives way to nothing but the person.
  await studio.button(studio.words.desk.merge).click();
  const fader = studio.page.getByTestId('merge');
  await fader.getByRole('button', { name: studio.words.merge.run }).click();
  await expect.poll(async () => Number(await fader.getByTestId('merge-curve').getAttribute('data-positions'))).toBeGreaterThan(2);
  await expect(fader.getByTestId('merge-retention')).toHaveText(/^\d\.\d{3}$/);
  await fader.getByRole('button', { name: studio.words.common.cancel }).click();
  await expect(fader.getByRole('button', { name: studio.words.merge.again })).toBeVisible();
  await studio.goTo('compare');
  const [first, last] = [evaluations[0]!, evaluations.at(-1)!];
  const bits = (at: typeof first, id: string) => {
    const { loss, tokens, bytes } = at.channels[id]!;
    return (loss * tokens) / (bytes * Math.LN2);
  };
  for (const channel of CHANNELS) {
    const row = await compare.row(channel);
    const [base, tuned] = [first.channels[channel]!, last.channels[channel]!];
    for (const [place, at, of] of [
      ['a', first, base],
      ['b', last, tuned],
    ] as const) {
      expect(row('loss', place).value).toBeCloseTo(of.loss, 3);
      expect(row('perplexity', place).value / Math.exp(of.loss)).toBeCloseTo(1, 1);
      expect(row('bits', place).value).toBeCloseTo(bits(at, channel), 3);
      expect(row('bits', place).interval).toBeNull();
    }
    expect(tuned.loss).not.toBe(base.loss);
    expect(row('delta', 'b').value).toBeCloseTo(tuned.loss - base.loss, 3);
    expect(row('delta', 'b').interval).toBeNull();
    if (channel === 'domain') expect(row('retention', 'b').value).toBeNaN();
    else expect(row('retention', 'b').value).toBeCloseTo(Math.exp(base.loss - tuned.loss), 3);
  }
  const kept = ['zh', 'en', 'code'].map((id) => Math.exp(first.channels[id]!.loss - last.channels[id]!.loss));
  await expect(compare.card('general-retention')).toContainText(mean(kept).toFixed(3));
  expect(
    printed(
      (await compare
        .card('domain-gain')
        .getByText(/^[−+±]/)
        .textContent())!,
    ).value,
  ).toBeCloseTo(bits(first, 'domain') - bits(last, 'domain'), 3);
  await expect(studio.page.getByText(like(studio.words.compare.measure.stored, { documents: 2 }))).toBeVisible();
});

/** Read from the disk, without network and without script. */
test('one click gives a report with the figures of the page as HTML, Markdown and JSON', async ({ browser }, testInfo) => {
  const { page, words } = studio;
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

test('measured here, every figure has its interval, is what the engine says, and a third lies over the two', async () => {
  const { page, words } = studio;
  const { record } = await latestRun(page);
  await studio.button(words.compare.pick.addThird).click();
  await expect(page).toHaveURL(/&c=run:.+@6/);
  // Cancelled half way, the figures that stood there stay.
  await page.getByLabel(words.compare.measure.documents, { exact: true }).fill('200');
  await studio.button(words.compare.measure.run).click();
  await studio.button(words.common.cancel).click();
  await expect(studio.button(words.compare.measure.run)).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(like(words.compare.measure.stored, { documents: 2 }))).toBeVisible();
  await expect(studio.alerts).toHaveCount(0);

  await compare.measure(3);
  const weights: WeightsRef[] = [
    { kind: 'model', model: 'nano' },
    { kind: 'checkpoint', run: record.id, step: 12 },
    { kind: 'checkpoint', run: record.id, step: 6 },
  ];
  const channels: MeasuredChannel[] = record.recipe.channels.map(({ id, corpus, role }) => ({ id, corpus, role }));
  const measure = await compare.engineSays(weights, channels, 3);
  for (const { id, role, documents, loss, delta, retention, bitsPerByte } of measure.channels) {
    expect(documents, 'documents').toBe(3);
    const row = await compare.row(id);
    for (const [model, place] of (['a', 'b', 'c'] as const).entries()) {
      const shows = (figure: Parameters<typeof row>[0], { value, interval }: (typeof loss)[number]) => {
        const found = row(figure, place);
        expect(found.value, `${figure} ${place}`).toBeCloseTo(value, 3);
        expect(found.interval![0], `${figure} ${place}`).toBeCloseTo(interval!.low, 3);
        expect(found.interval![1], `${figure} ${place}`).toBeCloseTo(interval!.high, 3);
        expect(interval!.low).toBeLessThanOrEqual(value);
        expect(interval!.high).toBeGreaterThanOrEqual(value);
      };
      shows('loss', loss[model]!);
      shows('bits', bitsPerByte[model]!);
      if (place === 'a') continue;
      shows('delta', delta[model]!);
      expect(delta[model]!.value).toBeCloseTo(loss[model]!.value - loss[0]!.value, 9);
      if (role === 'domain') continue;
      shows('retention', retention[model]!);
      expect(retention[model]!.value).toBeCloseTo(Math.exp(-delta[model]!.value), 9);
    }
    // The chart says the same in words beside its bars.
    const bar = page.getByTestId('delta-chart').locator(`[data-channel="${id}"]`);
    await expect(bar).toContainText(`${row('delta', 'c').interval![1].toFixed(3).replace('-', '−')}]`);
  }
  const [, , third] = measure.meanRetention;
  const card = compare.card('general-retention');
  await expect(card).toContainText(`C${third!.value.toFixed(3)} [${third!.interval!.low.toFixed(3)}`);

  // Views open by the keyboard, and the address names them.
  await page.getByRole('tab', { name: words.compare.view.channels }).press('ArrowRight');
  await expect(page.getByRole('tab', { name: words.compare.view.terms })).toBeFocused();
  await expect(page).toHaveURL(/&view=terms/);
  await page.keyboard.press('ArrowLeft');
  await expect(page).not.toHaveURL(/&view=/);

  await studio.button(words.compare.pick.removeThird).click();
  await expect(page).not.toHaveURL(/&c=/);
  // Figures of other weights go; those that the run stored stand there again.
  await expect(page.getByText(like(words.compare.measure.stored, { documents: 2 }))).toBeVisible();
});

test('between A and B every position of the fader is measured, and one is kept as a model', async () => {
  const { page, words } = studio;
  const { record } = await latestRun(page);
  const { merge } = words;
  await page.getByLabel(words.compare.measure.documents, { exact: true }).fill('2');
  await compare.show('merge');
  await studio.button(merge.run).click();
  const curve = page.getByTestId('merge-curve');
  await expect(studio.button(merge.again)).toBeVisible({ timeout: 60_000 });
  // −0.2 to 1.2 in steps of 0.1.
  await expect(curve).toHaveAttribute('data-positions', '15');
  // λ = 1 is B.
  const channels: MeasuredChannel[] = record.recipe.channels.map(({ id, corpus, role }) => ({ id, corpus, role }));
  const weights: WeightsRef[] = [
    { kind: 'model', model: 'nano' },
    { kind: 'checkpoint', run: record.id, step: 12 },
  ];
  const whole = await compare.engineSays(weights, channels, 2);
  const gain = page.getByTestId('merge-gain');
  const retention = page.getByTestId('merge-retention');
  expect(printed(await retention.innerText()).value).toBeCloseTo(whole.meanRetention[1]!.value, 3);
  await expect(gain).toContainText(String(Math.abs(whole.domainGain[1]!.value).toFixed(3)));
  // At A nothing is gained and nothing lost; five keys further is another place.
  const fader = page.getByTestId('merge-fader-b').getByRole('slider');
  await fader.press('Home');
  await expect(fader).toHaveAttribute('aria-valuenow', '-0.2');
  for (let key = 0; key < 4; key++) await fader.press('ArrowRight');
  await expect(fader).toHaveAttribute('aria-valuenow', '0');
  await expect(retention).toHaveText('1.000');
  for (let key = 0; key < 13; key++) await fader.press('ArrowRight');
  await expect(curve).toHaveAttribute('data-positions', '16', { timeout: 30_000 });
  await expect(page.getByTestId('merge-best')).toContainText('λ =');
  await page.getByLabel(merge.name, { exact: true }).fill('two thirds');
  await studio.button(merge.save).click();
  await expect(page.getByText(fill(merge.kept, { name: 'two thirds' }))).toBeVisible();
  expect(await violations(page)).toEqual([]);
  // The mean of the run's checkpoints, and the new model among the weights.
  await page.getByRole('radiogroup', { name: merge.kind.label }).getByText(merge.kind.mean).click();
  await expect(page.getByText(fill(merge.steps, { steps: '12, 6' }))).toBeVisible();
  await expect(page.getByTestId('merge-table')).toBeVisible({ timeout: 30_000 });
  // Experts of the run's channels are trained from here; a stop keeps those that have ended.
  await page.getByRole('radiogroup', { name: merge.kind.label }).getByText(merge.kind.mixtures).click();
  await page.getByRole('button', { name: like(merge.mixtures.train_other, { count: 6 }) }).click();
  const stock = page.getByTestId('mixtures-stock');
  await expect(stock.getByText(merge.mixtures.none)).toHaveCount(0, { timeout: 30_000 });
  await stock.getByRole('button', { name: words.common.cancel }).click();
  await studio.button(merge.mixtures.run).click();
  await expect(page.getByTestId('mixtures-verdict')).toHaveText(
    new RegExp(`${like(merge.mixtures.few_one, {}).source}|${like(merge.mixtures.alike, {}).source}`),
    { timeout: 30_000 },
  );
  await expect(page.getByTestId('mixtures-table')).toContainText(record.name);
  await page.getByTestId('weights-c').or(studio.button(words.compare.pick.addThird)).click();
  await page.getByTestId('weights-c').click();
  await expect(page.getByRole('option', { name: fill(words.compare.source.base, { name: 'two thirds' }) })).toBeVisible();
  await page.keyboard.press('Escape');
  await studio.button(words.compare.pick.removeThird).click();
});

test('several prompts are written on by all as it comes, and the same seed writes the same', async () => {
  const { page, words } = studio;
  await compare.show('text');
  // How much of A's text stood there, each time it changed.
  await page.evaluate(() => {
    const lengths: number[] = [];
    (window as unknown as { lengths: number[] }).lengths = lengths;
    new MutationObserver(() => {
      const text = document.querySelector('[data-testid="continuation-1-a"]')?.textContent ?? '';
      if (text.length > (lengths.at(-1) ?? 0)) lengths.push(text.length);
    }).observe(document.getElementById('content')!, { childList: true, subtree: true, characterData: true });
  });
  const prompts = ['The patient was treated with', '春风又绿江南岸，'];
  const first = await compare.write(prompts, { seed: 5, maxTokens: 40 });
  for (const [at, texts] of first.entries()) {
    for (const text of texts) {
      expect(text.startsWith(prompts[at]!)).toBe(true);
      expect(text.length).toBeGreaterThan(prompts[at]!.length + 10);
    }
    expect(texts[0]).not.toBe(texts[1]);
  }
  expect(await page.evaluate(() => (window as unknown as { lengths: number[] }).lengths.length), 'pieces seen').toBeGreaterThan(1);
  expect(await compare.write(prompts)).toEqual(first);
  expect(await compare.write(prompts, { seed: 6 })).not.toEqual(first);
  await studio.button(fill(words.compare.generate.remove, { number: 2 })).click();
  await expect(compare.continuation(1, 'b')).toBeVisible();
  await expect(compare.continuation(2, 'a')).toBeHidden();
});

test('a text of one’s own is coloured token by token', async () => {
  const { page, words } = studio;
  await compare.colour(TEXT);
  const tokens = await compare.tokens.evaluateAll((all) =>
    all.map((token) => ({ text: token.textContent ?? '', direction: token.getAttribute('data-direction') })),
  );
  expect(tokens.length).toBeGreaterThan(10);
  // A line break is shown by a sign before it.
  expect(
    tokens
      .map(({ text }) => text)
      .join('')
      .replaceAll('⏎', ''),
  ).toBe(TEXT);
  expect(tokens.some(({ direction }) => direction === 'better' || direction === 'worse')).toBe(true);
  await expect(page.getByText(like(words.compare.tokens.sum))).toBeVisible();

  const list = page.getByRole('listbox', { name: words.compare.tokens.result });
  await list.focus();
  await list.press('End');
  const readout = page.getByTestId('token-readout');
  const [a, b, delta] = await readout.locator('b, [data-tone]').allTextContents();
  const value = Number(
    /[−+±][\d.]+/
      .exec(delta ?? '')![0]
      .replace('−', '-')
      .replace('±', ''),
  );
  expect(Number(b) - Number(a)).toBeCloseTo(value, 2);
});

test('with a learning rate of zero nothing changes: every Δ is exactly 0, retention exactly 1', async () => {
  const { channels, schedule } = preset('lr-zero').recipe;
  await studio.open({
    recipe: tinyRecipe({ name: 'nothing moves', channels, schedule, steps: 6, evaluation: { everySteps: 3, rowsPerChannel: 2 } }),
  });
  await studio.desk.train();
  const { record, evaluations } = await latestRun(studio.page);
  expect(record.recipe.schedule.peakLr).toBe(0);
  expect(evaluations.map(({ step }) => step)).toEqual([0, 3, 6]);
  for (const { channels, retention } of evaluations) {
    expect(channels).toEqual(evaluations[0]!.channels);
    expect(retention).toBe(1);
  }
  await studio.goTo('runs');
  await new RunsPage(studio).openLatest();
  await studio.page.getByRole('link', { name: like(studio.words.runs.detail.compareWithBase, { step: 6 }) }).click();
  await compare.measure(2);
  for (const channel of CHANNELS) {
    const row = await compare.row(channel);
    expect(row('delta', 'b')).toEqual({ value: 0, interval: [0, 0] });
    if (channel !== 'domain') expect(row('retention', 'b')).toEqual({ value: 1, interval: [1, 1] });
  }
  await expect(compare.card('general-retention')).toContainText('1.000 [1.000, 1.000]');
  await expect(compare.card('domain-gain')).toContainText(studio.words.compare.gain.same);
  // Not only to three digits.
  const measured = record.recipe.channels.map(({ id, corpus, role }): MeasuredChannel => ({ id, corpus, role }));
  const weights: WeightsRef[] = [
    { kind: 'model', model: 'nano' },
    { kind: 'checkpoint', run: record.id, step: 6 },
  ];
  const measure = await compare.engineSays(weights, measured, 2);
  for (const { delta, deltaBits, retention } of measure.channels) {
    expect([delta[1], deltaBits[1]]).toEqual(Array(2).fill({ value: 0, interval: { low: 0, high: 0 } }));
    expect(retention[1]).toEqual({ value: 1, interval: { low: 1, high: 1 } });
  }
  expect(measure.domainGain[1]).toEqual({ value: 0, interval: { low: 0, high: 0 } });
});
