/** Large files: taken in with memory that stays flat, and to the end also when the tab is reloaded half way. */
import { expect, test } from '@playwright/test';
import { clearWorkshop, LINES, prepareIngest, progress, readSoFar, resumeIngest, rowAt, startIngest, ingested } from './studio/ingest';
import { visit } from './studio/studio';
import { WorkerMemory } from './studio/worker-memory';

const MB = 2 ** 20;

const studio = visit(async () => {
  await studio.open({ page: 'corpus' });
  await prepareIngest(studio.page);
});

test('a .jsonl of 200 MB is taken in with memory that stays flat', async () => {
  const { page } = studio;
  const memory = await WorkerMemory.of(page, 'corpus.worker');
  const bytes = await startIngest(page, 200);
  expect(bytes).toBeGreaterThan(199 * MB);
  const { peak, samples } = await memory.peakDuring(ingested(page));
  test.info().annotations.push({ type: 'peak', description: `${(peak / MB).toFixed(1)} MiB alive, ${samples} samples` });
  expect(samples).toBeGreaterThan(2);
  // A piece of the file, its lines and the rows that are not written yet; a fifth of the file would be 40 MB more.
  expect(peak).toBeLessThan(80 * MB);
  const [source] = await ingested(page);
  expect(source!.rows % LINES).toBe(0);
  expect((await progress(page)).rows).toBe(source!.rows);
  expect((await rowAt(page, source!.id, source!.rows - 1))!).toMatchObject({ line: source!.rows, path: 'large.jsonl' });
  expect((await rowAt(page, source!.id, 123_456))!.text.startsWith('456: the flow of text')).toBe(true);
  await clearWorkshop(page);
});

test('an ingest goes on after a reload, from where it stopped', async () => {
  const { page } = studio;
  await prepareIngest(page);
  const bytes = await startIngest(page, 80);
  await readSoFar(page, 24 * MB);
  await page.reload();
  await prepareIngest(page);
  const { found, sources, first } = await resumeIngest(page, 80);
  expect(found).toHaveLength(1);
  const stored = found[0]!;
  expect(stored.files).toEqual([{ path: 'large.jsonl', bytes, state: 'partial', done: stored.files[0]!.done }]);
  expect(stored.rows).toBeGreaterThan(0);
  expect(first.done).toBeGreaterThan(stored.files[0]!.done);
  const [source] = sources;
  const perMegabyte = (source!.rows * MB) / bytes;
  expect(stored.rows).toBeGreaterThan((16 * perMegabyte * 0.9) | 0);
  for (const at of [0, stored.rows - 1, stored.rows, source!.rows - 1]) {
    const row = await rowAt(page, source!.id, at);
    expect(row!.line).toBe(at + 1);
    expect(row!.text).toMatch(new RegExp(`^${at % LINES}: the flow`));
  }
  await clearWorkshop(page);
});
