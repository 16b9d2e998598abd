/** Base against tuned: figures per channel, the same prompt written on by both, a text coloured token by token. */
import { expect, test } from '@playwright/test';
import { latestRun } from './studio/automation';
import { ComparePage } from './studio/compare';
import { preset, tinyRecipe } from './studio/recipes';
import { Studio } from './studio/studio';
import { like } from './studio/words';

test.describe.configure({ mode: 'serial' });

const TEXT = 'Inflammation of the pancreas is called pancreatitis.\n患者出现发热。';

let studio: Studio;
let compare: ComparePage;
test.beforeAll(async ({ browser, baseURL }) => {
  studio = await Studio.begin(browser, baseURL);
  compare = new ComparePage(studio);
});
test.afterEach(() => studio.watch.expectClean());
test.afterAll(() => studio.end());

test('without a run the page says what to do', async () => {
  await studio.open({ page: 'compare' });
  await expect(studio.page.getByText(studio.words.compare.noRun.text)).toBeVisible();
});

test('the figures of base and tuned stand side by side and agree with each other', async () => {
  await studio.open({ recipe: tinyRecipe({ steps: 18, lr: 3e-3, channels: preset('golden-ratio').recipe.channels }) });
  await studio.desk.train();
  const { evaluations } = await latestRun(studio.page);
  await studio.goTo('compare');
  for (const channel of ['zh', 'en', 'code', 'domain']) {
    const row = await compare.row(channel);
    const [base, tuned] = [evaluations[0]!.channels[channel]!, evaluations.at(-1)!.channels[channel]!];
    expect(row.lossA).toBeCloseTo(base.loss, 3);
    expect(row.lossB).toBeCloseTo(tuned.loss, 3);
    expect(row.lossB).not.toBe(row.lossA);
    expect(row.perplexityA / Math.exp(base.loss)).toBeCloseTo(1, 1);
    expect(row.perplexityB / Math.exp(tuned.loss)).toBeCloseTo(1, 1);
    expect(row.bitsA).toBeCloseTo((base.loss * base.tokens) / (base.bytes * Math.LN2), 3);
    expect(row.bitsB).toBeCloseTo((tuned.loss * tuned.tokens) / (tuned.bytes * Math.LN2), 3);
    if (channel === 'domain') expect(row.retention).toBe('—');
    else expect(row.retention).toContain(Math.exp(base.loss - tuned.loss).toFixed(3));
  }
  const general = ['zh', 'en', 'code'].map((id) => Math.exp(evaluations[0]!.channels[id]!.loss - evaluations.at(-1)!.channels[id]!.loss));
  const mean = general.reduce((sum, retention) => sum + retention, 0) / 3;
  await expect(studio.page.getByTestId('general-retention')).toContainText(mean.toFixed(3));
});

test('measured again on the same rows, the figures are the same', async () => {
  const stored = await Promise.all(['en', 'domain'].map((channel) => compare.row(channel)));
  await compare.measure();
  expect(await Promise.all(['en', 'domain'].map((channel) => compare.row(channel)))).toEqual(stored);
});

test('both write on from the same prompt as it comes, and the same seed writes the same', async () => {
  const { page } = studio;
  // How much of A's text stood there, each time it changed.
  await page.evaluate(() => {
    const lengths: number[] = [];
    (window as unknown as { lengths: number[] }).lengths = lengths;
    new MutationObserver(() => {
      const text = document.querySelector('[data-testid="continuation-a"]')?.textContent ?? '';
      if (text.length > (lengths.at(-1) ?? 0)) lengths.push(text.length);
    }).observe(document.getElementById('content')!, { childList: true, subtree: true, characterData: true });
  });
  const prompt = 'The patient was treated with';
  const first = await compare.write(prompt, { seed: 5, maxTokens: 48 });
  for (const text of Object.values(first)) {
    expect(text.startsWith(prompt)).toBe(true);
    expect(text.length).toBeGreaterThan(prompt.length + 10);
  }
  expect(await page.evaluate(() => (window as unknown as { lengths: number[] }).lengths.length), 'pieces seen').toBeGreaterThan(1);
  expect(first.a).not.toBe(first.b);
  expect(await compare.write(prompt)).toEqual(first);
  expect(await compare.write(prompt, { seed: 6 })).not.toEqual(first);
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
  await studio.page
    .getByTestId('run')
    .first()
    .getByRole('button', { name: new RegExp(studio.words.runs.action.open) })
    .first()
    .click();
  await studio.page.getByRole('link', { name: like(studio.words.runs.detail.compareWithBase, { step: 6 }) }).click();
  await compare.measure();
  for (const channel of ['zh', 'en', 'code', 'domain']) expect((await compare.row(channel)).delta).toContain('±0.000');
  await expect(studio.page.getByTestId('general-retention')).toContainText('1.000');
});
