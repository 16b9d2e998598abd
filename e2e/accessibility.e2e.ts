/** Every page for everybody: axe in both themes and languages, a narrow screen, the keyboard alone. */
import { expect, test, type Locator } from '@playwright/test';
import { violations, type Rules } from './studio/axe';
import { ComparePage } from './studio/compare';
import { CorpusPage } from './studio/corpus';
import { tinyRecipe } from './studio/recipes';
import { parityTokenizer, TokenizerPage } from './studio/tokenizer';
import { RunsPage } from './studio/runs';
import { SweepsPage } from './studio/sweeps';
import { visit, type PageName } from './studio/studio';
import { fill } from './studio/words';

// axe reads a whole page in two themes: about half a minute each on a busy machine.
test.describe.configure({ timeout: 180_000 });

const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 844 };

const studio = visit(() => studio.open());

/** Switching takes longer than looking: a page begins in the theme that the one before it ended with. */
let theme: 'light' | 'dark' = 'light';

/** The page, or a part of it, as it stands: in both languages and both widths; both themes in one language, since words change no colours. */
async function expectAccessible(name: string, { pointedAt, within }: { pointedAt?: Locator; within?: string } = {}): Promise<void> {
  const { page } = studio;
  const look = async (rules: Rules) => {
    await studio.showTheme(theme);
    if (pointedAt) {
      await page.mouse.move(0, 0);
      await pointedAt.hover();
      await expect(page.getByRole('tooltip')).toBeVisible();
    }
    expect
      .soft(await violations(page, { rules, ...(within === undefined ? {} : { within }) }), `${name}, ${studio.language}, ${theme}`)
      .toEqual([]);
  };
  const expectNarrow = async () => {
    await page.setViewportSize(NARROW);
    const widths = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    expect.soft(widths[0], `${name}, ${studio.language}: width of the content on a screen of 390`).toBeLessThanOrEqual(widths[1]!);
    await page.setViewportSize(WIDE);
  };
  await look('all');
  theme = theme === 'light' ? 'dark' : 'light';
  await look('colours');
  await expectNarrow();
  await studio.switchLanguage('zh');
  await look('all but colours');
  await expectNarrow();
  await studio.switchLanguage('en');
}

test('the desk before a run, with a tooltip', () => expectAccessible('desk', { pointedAt: studio.page.getByTestId('device') }));

for (const page of ['corpus', 'models'] satisfies PageName[])
  test(`the page ${page}`, async () => {
    await studio.goTo(page);
    await expect(studio.page.getByTestId(page === 'corpus' ? 'corpus' : 'model').first()).toBeVisible();
    if (page === 'models') await studio.button(studio.words.models.card.show).first().click();
    else
      await studio.page
        .getByRole('button', { name: new RegExp(studio.words.corpus.look) })
        .first()
        .click();
    await expectAccessible(page);
  });

test('the corpus workshop: files chosen, every stage, a result, the rows behind a count', async () => {
  const { page, words } = studio;
  await studio.goTo('corpus');
  const corpus = new CorpusPage(studio);
  const rows = Array.from({ length: 30 }, (_, at) =>
    JSON.stringify({ text: `Write to ward${at % 9}@example.org about the patient.`, topic: 'a' }),
  );
  const files = [
    { name: 'ward.jsonl', mimeType: '', buffer: Buffer.from([...rows, '{'].join('\n')) },
    { name: 'picture.png', mimeType: '', buffer: Buffer.from('PNG') },
  ];
  await corpus.choose(files);
  await corpus.nameChannel('Ward');
  await corpus.start();
  await expect(corpus.ingested).toBeVisible();
  await page.getByRole('region', { name: words.corpus.steps.pipeline }).getByText(words.corpus.pipeline.termLists, { exact: true }).click();
  await corpus.prepare();
  await expect(page.getByTestId('histogram-words').locator('svg').first()).toBeVisible();
  await corpus.choose(files);
  await expectAccessible('corpus, with a result and more files chosen');
  await corpus.openRows('in');
  await corpus.rows.first().click();
  await expect(corpus.row).toBeVisible();
  expect(await violations(page, { within: '[data-testid="rows"]' })).toEqual([]);
  await corpus.closeRows();
});

test('the page tokenizer with two tokenizers, a text and what an extension would add', async () => {
  await studio.goTo('tokenizer');
  const tokenizer = new TokenizerPage(studio);
  await tokenizer.import([{ name: 'tokenizer.json', mimeType: 'application/json', buffer: parityTokenizer('bert') }], 'BERT’s kind');
  await tokenizer.write('患者龘 The patient’s\tpericarditis\n');
  await expect(tokenizer.tokens('b').first()).toBeVisible();
  await tokenizer.plan();
  await expectAccessible('tokenizer');
});

test('the page sweeps with a plan in the making, and with its runs', async () => {
  await studio.goTo('sweeps');
  const sweeps = new SweepsPage(studio);
  await sweeps.plan('share-and-rate');
  await studio.page.getByLabel(studio.words.sweeps.halving.title).check();
  await expectAccessible('sweeps, a plan');
  await sweeps.make(16);
  await expectAccessible('sweeps, a draft');
});

test('the desk while it trains', async () => {
  // Slow steps: the run must outlast the looks at it.
  await studio.open({
    recipe: tinyRecipe({ steps: 5000, saving: { everySteps: 5000, keep: 3 }, evaluation: { everySteps: 50, rowsPerChannel: 2 } }),
  });
  await studio.desk.run();
  await studio.desk.waitForStep(6);
  await studio.desk.openTable();
  await expectAccessible('desk while training');
  await expect(studio.desk.button('pause')).toBeVisible();
  await studio.desk.button('stop').click();
  expect(await studio.desk.waitForEnd()).toBe('stopped');
});

test('the runs page with an open run', async () => {
  await studio.goTo('runs');
  await new RunsPage(studio).openLatest();
  await expect(studio.page.getByRole('list', { name: studio.words.runs.detail.history })).toBeVisible();
  await expectAccessible('runs');
});

test('the compare page with results', async () => {
  await studio.goTo('compare');
  const compare = new ComparePage(studio);
  await compare.measure(2);
  await expectAccessible('compare');
  await compare.write(['The patient'], { maxTokens: 8 });
  await compare.colour('The patient was treated with aspirin.');
  expect(await violations(studio.page, { within: '[role="tabpanel"]' })).toEqual([]);
});

test('a message of a fault', async () => {
  await studio.goTo('desk');
  await studio.page.getByTestId('recipe-file').setInputFiles({ name: 'a.json', mimeType: 'application/json', buffer: Buffer.from('{}') });
  await expect(studio.alerts).toBeVisible();
  // The desk around it was looked at above.
  await expectAccessible('alert', { within: '[role="alert"]' });
});

test('the keyboard alone reaches the transport, skips to the content and moves a fader', async () => {
  const { desk, page, words } = studio;
  await page.reload();
  await expect(desk.strips.first()).toBeVisible();
  const focused = () =>
    page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '');
  await page.keyboard.press('Tab');
  expect(await focused()).toBe(words.common.skip);
  await page.keyboard.press('Enter');
  await expect(page.locator('#content')).toBeFocused();
  const met: string[] = [];
  while (met.length < 12 && met.at(-1) !== words.desk.transport.run) {
    await page.keyboard.press('Tab');
    met.push(await focused());
  }
  // The recipe's choices come first, then Run.
  expect(met.at(-1)).toBe(words.desk.transport.run);
  expect(met).toContain(words.desk.transport.preset);

  const fader = desk.fader('domain');
  const before = await desk.share('domain');
  while (!(await fader.evaluate((element) => element === document.activeElement))) {
    await page.keyboard.press('Tab');
    met.push(await focused());
    expect(met.length).toBeLessThan(60);
  }
  await page.keyboard.press('ArrowUp');
  expect(await desk.share('domain')).toBeCloseTo(before + 1, 1);
  await page.keyboard.press('Shift+ArrowDown');
  expect(await desk.share('domain')).toBeCloseTo(before + 0.9, 1);
  await page.keyboard.press('Home');
  expect(await desk.share('domain')).toBe(0);
  await page.keyboard.press('PageUp');
  expect(await desk.share('domain')).toBe(5);
  const shares = Object.values(await desk.shares());
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0);

  // The palette by its keys, from anywhere but a field.
  await page.getByLabel(words.desk.transport.seed).focus();
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await fader.focus();
  await page.keyboard.press('Control+k');
  const search = page.getByRole('combobox', { name: words.palette.search });
  await expect(search).toBeFocused();
  expect(await violations(page, { within: '[role="dialog"]' })).toEqual([]);
  await page.keyboard.type(words.desk.density.to.compact);
  await page.keyboard.press('Enter');
  await expect(page.locator('[data-density="compact"]')).toBeVisible();
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Escape');
  await expect(search).toHaveCount(0);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: words.palette.keysTitle })).toContainText(words.desk.transport.undo);
  expect(await violations(page, { within: '[role="dialog"]' })).toEqual([]);
  await page.keyboard.press('Escape');
});

test('a muted channel draws nothing, and comes back with its share', async () => {
  const { desk, words } = studio;
  const before = await desk.share('en');
  const mute = studio.button(fill(words.desk.strip.mute, { channel: 'en' }));
  await mute.click();
  expect(await desk.share('en')).toBe(0);
  await expect(mute).toHaveAttribute('aria-pressed', 'true');
  await mute.click();
  expect(await desk.share('en')).toBeCloseTo(before, 1);
});
