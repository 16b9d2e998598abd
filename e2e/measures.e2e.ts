/** Probes, terms and stability of a base and a run of a few steps. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { ComparePage } from './studio/compare';
import { MeasuresPage } from './studio/measures';
import { tinyRecipe } from './studio/recipes';
import { Studio } from './studio/studio';
import { fill, like } from './studio/words';

test.describe.configure({ mode: 'serial' });

let studio: Studio;
let compare: ComparePage;
let measures: MeasuresPage;
test.beforeAll(async ({ browser, baseURL }) => {
  studio = await Studio.begin(browser, baseURL);
  compare = new ComparePage(studio);
  measures = new MeasuresPage(studio);
  await studio.open({ recipe: tinyRecipe({ steps: 12, lr: 3e-3 }) });
  await studio.desk.train();
  await studio.goTo('compare');
});
test.afterEach(() => studio.watch.expectClean());
test.afterAll(() => studio.end());

/** Every rule of axe on the open view; the page around it has a test of its own. */
async function expectAccessible(): Promise<void> {
  const { violations } = await new AxeBuilder({ page: studio.page }).include('[role="tabpanel"]').analyze();
  expect(violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))).toEqual([]);
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
