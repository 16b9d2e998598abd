/** Views of a base and a run of a few steps: probes, terms, stability, where training acted, what the heads look at, the Pareto front. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import type { LibraryApi } from '../src/contract/library';
import { latestRun } from './studio/automation';
import { violations } from './studio/axe';
import { ComparePage } from './studio/compare';
import { MeasuresPage } from './studio/measures';
import { smallModel } from './studio/model-folders';
import { ModelsPage } from './studio/models';
import { tinyRecipe } from './studio/recipes';
import { visit } from './studio/studio';
import { fill, like } from './studio/words';

const studio = visit(async () => {
  await studio.open({
    recipe: tinyRecipe({ lr: 3e-3, saving: { everySteps: 4, keep: 3 }, evaluation: { everySteps: 4, rowsPerChannel: 2 } }),
  });
  await studio.desk.train();
  await studio.goTo('compare');
});
const compare = new ComparePage(studio);
const measures = new MeasuresPage(studio);

/** Every rule of axe on the open view; the page around it has a test of its own. */
async function expectAccessible(): Promise<void> {
  expect(await violations(studio.page, { within: '[role="tabpanel"]' })).toEqual([]);
}

/** The same in both themes and on a narrow screen, for views that draw their own colours. */
async function expectAccessibleInBothThemes(): Promise<void> {
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

/** Twelve pairs that a model of English tells apart surely, one that is longer than its context, a reference, and three bad lines. */
const LINES = [
  ...Array.from({ length: 12 }, (_, at) => `{"good":"There were ${at + 2} of them.","bad":"Qx zzkw ${at + 2} vvrj ttq.","group":"sense"}`),
  '{"prompt":"Inflammation of the pancreas is called","reference":" pancreatitis","group":"terms"}',
  `{"prompt":${JSON.stringify('a ward and a bed, '.repeat(120))},"choices":["a","b"],"answer":0,"group":"sense"}`,
  '{"prompt":"p","choices":["a","b"],"answer":2}',
  '{"prompt":"p","choices":["a",""],"answer":0}',
  'no JSON',
];

test('a set of one’s own: bad lines are named, the rest is asked', async () => {
  const { words } = studio;
  await compare.show('probes');
  await measures.leaveOutShipped();
  await measures.takeIn('ward.jsonl', LINES);
  const { fault, own } = words.measures.probes;
  await expect(measures.badLines).toHaveText([
    `${fill(own.line, { line: 15 })} ${fill(fault.range, { field: 'answer', found: 2, highest: 1 })}`,
    `${fill(own.line, { line: 16 })} ${fill(fault.empty, { field: 'choices.1' })}`,
    new RegExp(fill(own.line, { line: 17 })),
  ]);
  await measures.ask();
  const [items, chance, a, b] = await measures.group('sense').locator('td').allTextContents();
  expect([items, chance]).toEqual(['12', '50.0 %']);
  // Wilson's interval of 12 / 12; 0.5^12.
  for (const accuracy of [a, b]) expect(accuracy).toBe('100.0 % [75.8, 100.0]p < 0.001');
  // None of the four groups of ability was asked.
  await expect(studio.page.getByText(words.measures.risk.none)).toBeVisible();
});

test('an item opens with every score; what is too long is named', async () => {
  const { page, words } = studio;
  await measures.show('kept');
  await expect(measures.items.first()).toBeVisible();
  await measures.items.first().click();
  const scores = await measures.item.locator('tbody td').allTextContents();
  const [goodA, goodB, badA, badB] = scores.map((text) => Number(/−[\d.]+/.exec(text)![0].replace('−', '-')));
  expect(goodA).toBeGreaterThan(badA!);
  expect(goodB).toBeGreaterThan(badB!);
  expect(scores.slice(0, 2).every((text) => text.endsWith(words.measures.items.choseRight))).toBe(true);

  await measures.show('reference');
  await measures.items.first().click();
  await expect(measures.item.getByText('ROUGE-L')).toHaveCount(2);
  await expect(page.getByTestId('probe-references').locator('tbody tr')).toHaveCount(2);

  await measures.show('too-long');
  await measures.items.first().click();
  await expect(measures.item.getByRole('listitem')).toHaveCount(2);
  await expect(measures.item).toContainText('256');
  await expectAccessible();
});

test('cancelled half way, the last figures stay', async () => {
  await measures.choose('en-medical-terms');
  await measures.startAsking();
  await measures.cancel();
  await expect(measures.group('sense')).toBeVisible();
  await expect(studio.page.getByText(studio.words.measures.probes.stale)).toBeVisible();
  await expect(studio.alerts).toHaveCount(0);
});

test('the set is there after a reload, until it is removed', async () => {
  const { page, words } = studio;
  await page.reload();
  await page.getByText(words.measures.probes.own.title).click();
  await expect(measures.ownSets).toHaveCount(1);
  await measures.ownSets.getByRole('button', { name: fill(words.measures.probes.own.remove, { name: 'ward' }) }).click();
  await studio.button(words.measures.probes.own.removeYes).click();
  await expect(measures.ownSets).toHaveCount(0);

  // Lines of public sets are offered by their mapping, and a blank where words would join.
  const { own } = studio.words.measures.probes;
  const lines = [
    '{"question":"Which is a gas?","choices":{"text":["iron","helium"],"label":["A","B"]},"answerKey":"B"}',
    '{"prompt":"The capital of France is","choices":["Paris","Rome"],"answer":0}',
  ];
  await page
    .getByLabel(own.pick, { exact: true })
    .setInputFiles({ name: 'public.jsonl', mimeType: '', buffer: Buffer.from(lines.join('\n')) });
  const offers = page.getByRole('status');
  await expect(offers.filter({ hasText: like(own.mapped_one) })).toBeVisible();
  await expectAccessible();
  await offers.getByRole('button', { name: own.addBlanks }).click();
  await expect(offers.filter({ hasText: like(own.joined_one) })).toHaveCount(0);
  await offers.getByRole('button', { name: fill(own.map_one, { shown: 1 }) }).click();
  await expect(measures.ownSets).toContainText(fill(own.items_other, { shown: 2 }));
  await expect(measures.badLines).toHaveCount(0);
});

test('terms, with the passages they stand in', async () => {
  await compare.show('terms');
  await measures.measureTerms(['disease', 'drug', 'no such term'], 12);
  await expect(measures.text(studio.words.measures.terms.absent)).toContainText('no such term');
  await measures.term('disease').getByRole('button').click();
  const marked = await measures.passages.locator('mark').allTextContents();
  expect(marked.length).toBeGreaterThan(0);
  for (const text of marked) expect(text.toLowerCase()).toBe('disease');
  await expectAccessible();
});

test('noise costs both; the run’s own text beside text it never saw', async () => {
  await compare.show('stability');
  await measures.measureRobustness(2, 'domain');
  for (const bits of await measures.noise('characters')) {
    expect(bits).toHaveLength(5);
    expect(bits.at(-1)).toBeGreaterThan(bits[0]!);
  }
  await measures.measureMemorisation(4);
  await expect(measures.memorisation('B').locator('tbody tr')).toHaveCount(2);
  await expectAccessible();
});

test('a sentence names the layer and the part where training acted', async () => {
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
  await expectAccessibleInBothThemes();

  await page.getByLabel(words.internals.attention.label).fill('患者出现发热。'.repeat(40));
  await studio.button(words.internals.attention.again).click();
  await expect(card.getByText(like(words.internals.attention.cut, { shown: '127' }))).toBeVisible({ timeout: 30_000 });
});

test('a prediction is explained in four ways, and what was answered is there again', async () => {
  const { page, words } = studio;
  const { explain } = words.internals;
  await compare.show('explain');
  const card = page.getByTestId('explain');
  await card.getByTestId('explain-text').fill('The patient has a pain in the heart');
  await studio.button(explain.attribution.run).click();
  await expect(page.getByTestId('attribution-B')).toBeVisible({ timeout: 60_000 });
  const sums = (letter: string) =>
    page
      .getByTestId(`attribution-${letter}`)
      .innerText()
      .then((text) => [...text.matchAll(/[+−±]\d+\.\d+/g)].map(([value]) => Number(value.replace('−', '-').replace(/[+±]/, ''))));
  for (const method of ['integrated', 'local'] as const) {
    await card.getByText(explain.method[method], { exact: true }).click();
    const [, , difference, sum, residue] = await sums('B');
    expect(sum! + residue!).toBeCloseTo(difference!, 2);
    expect(Math.abs(residue!)).toBeLessThanOrEqual(Math.max(0.002, 0.0101 * Math.abs(difference!)));
  }
  await expectAccessibleInBothThemes();
  await card.getByText(explain.counterfactual.name, { exact: true }).click();
  await page.getByLabel(explain.counterfactual.part, { exact: true }).fill('pain');
  await page.getByLabel(explain.counterfactual.replacement, { exact: true }).fill('ship');
  await studio.button(explain.counterfactual.run).click();
  await expect(page.getByTestId('counterfactual').locator('tbody tr')).toHaveCount(2, { timeout: 30_000 });
  await expectAccessible();
  await card.getByText(explain.lens.name, { exact: true }).click();
  await studio.button(explain.lens.run).click();
  await expect(page.getByTestId('logit-lens').locator('tbody tr')).not.toHaveCount(0, { timeout: 30_000 });
  await expectAccessibleInBothThemes();
  await card.getByText(explain.layers.name, { exact: true }).click();
  await page
    .getByRole('group', { name: words.compare.measure.channels, exact: true })
    .getByText(words.common.channels.domain, { exact: true })
    .click();
  await studio.button(explain.layers.run).click();
  await expect(page.getByTestId('layer-probes').locator('tbody tr')).not.toHaveCount(0, { timeout: 60_000 });
  await expectAccessible();
  await page.reload();
  await expect(page.getByTestId('attribution-B')).toBeVisible({ timeout: 30_000 });
});

test('pairs are judged blind by keys, and the verdicts outlive a reload', async () => {
  const { page, words } = studio;
  const { blind } = words.compare;
  await compare.show('text');
  const card = page.getByTestId('blind');
  await page.getByLabel(words.compare.generate.maxTokens).fill('6');
  await card.getByLabel(blind.pairs).fill('4');
  await studio.button(blind.run).click();
  await expect(card.getByText(fill(blind.of, { at: '1', all: '4' }))).toBeVisible({ timeout: 60_000 });
  await expectAccessible();
  await page.keyboard.press('1');
  await page.keyboard.press('2');
  await expect(card.getByText(fill(blind.of, { at: '3', all: '4' }))).toBeVisible();
  await page.reload();
  await expect(card.getByText(fill(blind.of, { at: '3', all: '4' }))).toBeVisible({ timeout: 30_000 });
  await page.keyboard.press('=');
  await page.keyboard.press('=');
  await expect(page.getByTestId('blind-scores')).toContainText(blind.score);
  await expect(card.locator('ol li')).toHaveCount(4);
  await expectAccessibleInBothThemes();
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
  await expectAccessibleInBothThemes();

  const download = async (form: 'svg' | 'png' | 'csv') => {
    const file = page.waitForEvent('download');
    await studio.button(fill(words.common.saveChart.label, { title: pareto.title })).click();
    await page.getByRole('menuitem', { name: words.common.saveChart[form] }).click();
    return readFileSync(await (await file).path());
  };
  expect((await download('csv')).toString().split('\n')).toHaveLength(5);
  const svg = (await download('svg')).toString();
  for (const text of [pareto.title, pareto.x, pareto.y, record.name]) expect(svg).toContain(text);
  const png = await download('png');
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect(png.readUInt32BE(16)).toBe(2400);

  const run = page.getByRole('group', { name: pareto.legend }).getByRole('button', { name: record.name });
  await run.click();
  await expect(page.getByText(pareto.allHidden)).toBeVisible();
  await run.click();
  await expect(points).toHaveCount(3);
});
