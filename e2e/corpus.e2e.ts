/** The corpus workshop as a person uses it: files in, channels, the pipeline, rows behind counts, export, the desk. */
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { expect, test, type Download } from '@playwright/test';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { CorpusApi } from '../src/contract/corpus';
import type { TrainerApi } from '../src/contract/training';
import { CorpusPage } from './studio/corpus';
import { violations } from './studio/axe';
import { visit } from './studio/studio';
import { fill, like } from './studio/words';

const studio = visit(() => studio.open({ page: 'corpus' }));
const corpus = new CorpusPage(studio);

const VOCABULARY = (
  'patient doctor ward morning pressure heart fever nurse record visit water early strong light garden window table letter river stone ' +
  'careful second winter summer bread market street answer paper number quiet simple heavy metal colour signal engine report field north'
).split(' ');

/** 60 words drawn by a small generator of its own: no two documents share five words in a row but by a great chance. */
function documentOf(seed: number, words = 60): string {
  let state = seed * 7919 + 17;
  const drawn = Array.from({ length: words }, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return VOCABULARY[Math.floor((state / 2147483648) * VOCABULARY.length)]!;
  });
  return `${drawn.join(' ')}.`;
}
const many = (from: number, count: number) => Array.from({ length: count }, (_, at) => documentOf(from + at));
const file = (name: string, text: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
const line = (text: string) => JSON.stringify({ text });

async function exported(download: Download): Promise<{ text: string; channel: string; source: string; score: number }[]> {
  const lines = readFileSync(await download.path(), 'utf8')
    .trim()
    .split('\n');
  return lines.map((text) => JSON.parse(text) as { text: string; channel: string; source: string; score: number });
}

test('a mixed lot is taken in: the broken line is named, the rest used', async () => {
  const { words } = studio;
  const notes = many(0, 20);
  notes[5] += ' Write to ward@example.org for more.';
  const given = documentOf(1000);
  const rows = [
    ...many(100, 20).map(line),
    line(notes[0]!),
    line(notes[1]!),
    '{"text": "torn',
    // One word at the end differs: 55 of 57 five-grams are the same.
    line(`${documentOf(100).split(' ').slice(0, -1).join(' ')} lantern.`),
    line('Far too short.'),
    // 45 words of the given held-out text, 15 of its own.
    line(`${given.split(' ').slice(0, 45).join(' ')} ${documentOf(2000, 15)}`),
  ];
  await corpus.choose([file('notes.txt', notes.join('\n\n')), file('rows.jsonl', rows.join('\n')), file('picture.png', '\x89PNG\0\0')]);
  await expect(corpus.ingesting).toContainText(words.errors['file-unsupported'].what.split('{{file}}')[1]!.split('.')[0]!);
  await corpus.nameChannel('Ward');
  await corpus.start();
  await expect(corpus.ingested).toContainText(
    fill(words.corpus.ingest.done_other, { formatted: 45, bytes: '', name: '', channel: '' }).slice(0, 7),
  );
  await expect(corpus.ingested.getByTestId('findings')).toContainText(fill(words.corpus.location, { path: 'rows.jsonl', line: 23 }));

  await studio.button(words.corpus.ingest.close).click();
  await corpus.choose([file('given.jsonl', [given, ...many(1001, 3)].map(line).join('\n'))]);
  await corpus.ingesting.getByLabel(words.corpus.ingest.use).selectOption('held-out');
  await corpus.start();
  await expect(corpus.ingested).toContainText('given');
  await expect(corpus.channel('Ward').getByTestId('source')).toHaveCount(2);
  await expect(corpus.channel('Ward').getByTestId('channel-size')).toContainText('49');
});

test('a channel is renamed, coloured, and a source goes to another and back', async () => {
  const { page, words } = studio;
  const name = corpus.channel('Ward').getByLabel(fill(words.corpus.channel.nameOf, { name: 'Ward' }));
  await name.fill('Ward notes');
  await name.press('Enter');
  await expect(corpus.channel('Ward notes')).toBeVisible();
  await studio.button(fill(words.corpus.channel.colourOf, { name: 'Ward notes' })).click();
  await page.getByRole('menuitem', { name: words.corpus.colour['extra-3'] }).click();
  await expect(corpus.channel('Ward notes')).toHaveCSS('border-inline-start-color', 'rgb(90, 82, 181)');
  await studio.button(words.corpus.channel.new).click();
  const other = fill(words.corpus.channel.unnamed, { number: 2 });
  await corpus
    .channel('Ward notes')
    .getByRole('button', { name: fill(words.corpus.source.move, { name: 'given.jsonl' }) })
    .click();
  await page.getByRole('menuitem', { name: other }).click();
  await expect(corpus.channel(other).getByTestId('source')).toHaveCount(1);
  await corpus
    .channel(other)
    .getByRole('button', { name: fill(words.corpus.source.move, { name: 'given.jsonl' }) })
    .click();
  await page.getByRole('menuitem', { name: 'Ward notes' }).click();
  await expect(corpus.channel('Ward notes').getByTestId('source')).toHaveCount(2);
  await studio.button(fill(words.corpus.channel.removeName, { name: other })).click();
  await studio.button(words.corpus.channel.delete.confirm).click();
  await expect(page.getByTestId('channel')).toHaveCount(1);
});

test('a source is sorted by a model, a sample judged, and the rows above the threshold become a marked source', async () => {
  const { page, words } = studio;
  const { sort } = words.corpus;
  await page
    .getByRole('button', { name: like(sort.open) })
    .first()
    .click();
  const panel = page.getByTestId('sort');
  await panel.getByLabel(sort.domain).selectOption('corpus:domain');
  await panel.getByLabel(sort.general).selectOption('corpus:en');
  await panel.getByRole('button', { name: sort.score }).click();
  const threshold = panel.getByRole('slider', { name: sort.threshold });
  await threshold.press('Home');
  const all = fill(words.corpus.ingest.rows_other, { formatted: 45 });
  await expect(panel.getByTestId('above')).toContainText(all);
  await panel.getByRole('button', { name: fill(sort.draw_other, { count: 20 }) }).click();
  await panel.getByRole('button', { name: sort.yes, exact: true }).nth(0).click();
  await panel.getByRole('button', { name: sort.no, exact: true }).nth(1).click();
  await expect(panel.getByTestId('precision')).toContainText('50.0 %');
  expect(await violations(page, { within: '[data-testid=sort]' })).toEqual([]);
  await panel.getByRole('button', { name: fill(sort.take, { rows: all }) }).click();
  const marked = corpus
    .channel('Ward notes')
    .getByTestId('source')
    .filter({ hasText: like(words.corpus.source.pseudoJudged, { right: 1, count: 2 }) });
  await expect(marked).toHaveCount(1);
  await marked.getByRole('button', { name: like(words.corpus.source.remove) }).click();
  await studio.button(words.corpus.source.delete.confirm).click();
  await expect(corpus.channel('Ward notes').getByTestId('source')).toHaveCount(2);
});

test('the pipeline’s counts are those worked out by hand, and every count opens its rows', async () => {
  const { page, words } = studio;
  await corpus
    .stage('pii')
    .getByLabel(fill(words.corpus.pipeline.mask, { kind: words.corpus.pii.email }))
    .click();
  await corpus.prepare();
  // 45 rows and 4 given ones; two are copies, one nearly so, one too short, one overlaps with the given text.
  expect(await corpus.counts()).toMatchObject({
    in: 49,
    exactDedup: 2,
    'exactDedup same-text': 2,
    minhashDedup: 1,
    quality: 1,
    'quality length': 1,
    decontaminate: 1,
    'decontaminate in-held-out': 1,
    train: 40,
    heldOut: 4,
  });
  await corpus.openRows('decontaminate');
  await expect(corpus.rowsTotal).toHaveText(fill(words.corpus.ingest.rows_one, { formatted: 1 }));
  await corpus.rows.first().click();
  await expect(corpus.row).toContainText(words.corpus.why['in-held-out']);
  await expect(corpus.row).toContainText(documentOf(1000).slice(0, 40));
  // The rules of the score, and the row that it overlaps with.
  await expect(corpus.row.locator('tr[data-rule]')).toHaveCount(7);
  await corpus.row.getByRole('button', { name: like(words.corpus.row.other) }).click();
  await expect(corpus.row).toContainText(words.corpus.funnel.kept.heldOut);
  await corpus.closeRows();

  await page.getByRole('region', { name: words.corpus.pii.title }).getByRole('button').click();
  await expect(corpus.rowsTotal).toHaveText(fill(words.corpus.ingest.rows_one, { formatted: 1 }));
  await corpus.rows.first().click();
  await expect(corpus.row).toContainText('ward@example.org');
  await corpus.closeRows();

  // Two clusters of exact copies and one of near ones: six rows that stand in pairs.
  const pairs = page
    .getByTestId('histogram-duplicates')
    .getByRole('button', { name: fill(words.corpus.histogram.bar_other, { label: 2, formatted: 6 }) });
  await pairs.focus();
  await page.keyboard.press('Enter');
  await expect(corpus.rowsTotal).toHaveText(fill(words.corpus.ingest.rows_other, { formatted: 6 }));
  await corpus.closeRows();
});

test('what is exported is what was kept, masked, with its channel', async () => {
  const download = await corpus.export();
  expect(download.suggestedFilename()).toMatch(/\.jsonl$/);
  const rows = await exported(download);
  expect(rows).toHaveLength(40);
  expect(new Set(rows.map(({ channel }) => channel))).toEqual(new Set(['Ward notes']));
  expect(rows.filter(({ text }) => text.includes('[EMAIL]'))).toHaveLength(1);
  expect(rows.some(({ text }) => text.includes('@'))).toBe(false);
  expect(rows.every(({ score }) => score >= 0.8 && score <= 1)).toBe(true);
  const bytes = readFileSync(await (await corpus.export('heldOut', 'parquet')).path());
  const given = await parquetReadObjects({ file: new Uint8Array(bytes).buffer, compressors });
  expect(given).toHaveLength(4);
  expect(given.map((row) => row['text'])).toContain(documentOf(1000));
});

test('a curriculum by the base’s loss: what it finds easy comes first', async () => {
  const { page, words } = studio;
  await corpus.stage('order').getByLabel(words.corpus.pipeline.order, { exact: true }).selectOption('curriculum');
  await corpus.stage('order').getByLabel(words.corpus.pipeline.difficulty).selectOption('nano');
  await corpus.prepare();
  const texts = (await exported(await corpus.export())).map(({ text }) => text);
  const losses = await page.evaluate(
    async ([first, last]) => {
      const { trainer } = (window as unknown as { crossfade: { lab: { trainer: TrainerApi } } }).crossfade.lab;
      const base = { kind: 'model', model: 'nano' } as const;
      const mean = async (text: string) => {
        const tokens = (await trainer.tokenLosses(base, base, text)).flatMap(({ a }) => a ?? []);
        return tokens.reduce((sum, loss) => sum + loss, 0) / tokens.length;
      };
      return [await mean(first!), await mean(last!)];
    },
    [texts[0], texts.at(-1)],
  );
  expect(losses[0]!).toBeLessThan(losses[1]! - 0.2);
});

test('the settings stand after a reload, and the cleaned channel trains on the desk', async () => {
  const { page, desk, words } = studio;
  await page.reload();
  await expect(corpus.stage('pii').getByLabel(fill(words.corpus.pipeline.mask, { kind: words.corpus.pii.email }))).toBeChecked();
  const id = (await corpus.channel('Ward notes').getAttribute('data-channel'))!;
  await expect(page.getByTestId('to-desk')).toHaveAttribute('href', /recipe=/);
  await page.getByTestId('to-desk').click();
  await expect(desk.strip(id)).toBeVisible();
  await expect(desk.strips).toHaveCount(4);
  await expect(desk.strip(id).getByRole('heading')).toHaveText('Ward notes');
  await desk.button('step').click();
  await desk.waitForStep(1);
  await desk.waitForState('paused');
  await desk.button('step').click();
  await desk.waitForStep(2);
  await desk.button('stop').click();
  expect(await desk.waitForEnd()).toBe('stopped');
});

test('an ingest that is cancelled leaves nothing; one that a reload cuts off goes on', async () => {
  const { page, words } = studio;
  await studio.open({ page: 'corpus' });
  await expect(page.getByTestId('channel')).toHaveCount(1);
  await corpus.chooseGenerated(200);
  await corpus.ingesting.getByLabel(words.corpus.ingest.channel, { exact: true }).selectOption('');
  await corpus.nameChannel('Large');
  await corpus.start();
  await expect(corpus.progress.getByTestId('ingest-rows')).toBeVisible();
  await corpus.progress.getByRole('button', { name: words.common.cancel }).click();
  await expect(corpus.progress).toBeHidden();
  await expect(studio.alerts).toBeHidden();
  await expect(page.getByTestId('channel')).toHaveCount(1);

  // The choice is still there: start again, and lose the tab on the way.
  await corpus.start();
  await expect
    .poll(async () => Number((await corpus.progress.getByTestId('ingest-rows').textContent())!.replace(/\D/g, '')), { intervals: [50] })
    .toBeGreaterThan(30_000);
  await page.reload();
  await expect(corpus.interrupted).toBeVisible();
  await corpus.interrupted.getByRole('button', { name: words.corpus.interrupted.goOn }).click();
  await corpus.chooseGenerated(200, corpus.interrupted);
  await expect(corpus.ingested).toContainText('large', { timeout: 60_000 });
  await expect(corpus.interrupted).toBeHidden();
  await studio.button(fill(words.corpus.channel.removeName, { name: 'Large' })).click();
  await studio.button(words.corpus.channel.delete.confirm).click();
  await expect(page.getByTestId('channel')).toHaveCount(1);
});

test('a PDF without its Chinese font, a .docx and an .epub become texts with what this origin serves, and their losses are told', async () => {
  const { page, words } = studio;
  const documents = JSON.parse(readFileSync(new URL('./parity/fixtures/documents.json', import.meta.url), 'utf8')) as {
    file: string;
    zlib: string;
    text?: string;
  }[];
  const named = (name: string) => documents.find(({ file: of }) => of === name)!;
  const names = ['cmap.pdf', 'meadow.docx', 'rivers.epub', 'locked.pdf'];
  await studio.button(words.corpus.ingest.close).click();
  await corpus.choose(names.map((name) => ({ name, mimeType: '', buffer: inflateSync(Buffer.from(named(name).zlib, 'base64')) })));
  await expect(corpus.ingesting).toContainText(like(words.corpus.errors['document-encrypted'].what, { file: 'locked.pdf' }));
  await corpus.start();
  await expect(corpus.ingested).toContainText(fill(words.corpus.ingest.loss.heads_other, { formatted: '4' }), { timeout: 30_000 });
  const texts = await page.evaluate(async () => {
    const api = (window as unknown as { crossfade: { lab: { corpus: CorpusApi } } }).crossfade.lab.corpus;
    return (await api.sourceRows((await api.sources()).at(-1)!.id, 0, 9)).map(({ text }) => text);
  });
  expect(texts).toEqual(names.slice(0, 3).map((name) => named(name).text));
});
