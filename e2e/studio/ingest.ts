/** Ingests through the studio's handle, of files that are generated in the page: parts of one Blob repeated, so nothing is on the disk. */
import type { Page } from '@playwright/test';
import type { CorpusApi, SourceRecord, SourceRow } from '../../src/contract/corpus';
import type { IngestFile, IngestProgress, InterruptedIngest } from '../../src/contract/ingest';

interface Handle {
  crossfade: { lab: { corpus: CorpusApi } };
  job: { channel: string; progress: IngestProgress | null; done: Promise<SourceRecord[]> | null };
  generated(megabytes: number): IngestFile;
}
declare const window: Window & Handle;

/** Lines of one part, about 1 MB: the n-th has the number n and some text in both scripts. */
export const LINES = 1000;

/** Makes a channel to take into, and `window.generated`. The same size gives the same file in every session. */
export async function prepareIngest(page: Page): Promise<void> {
  await page.evaluate(async (lines) => {
    window.generated = (megabytes) => {
      const words = 'the flow of text through a channel 通道里的文字 ';
      const part = new Blob(
        Array.from(
          { length: lines },
          (_, at) => `${JSON.stringify({ text: `${at}: ${words.repeat(17)}`, meta: { at, of: 'x'.repeat(30) } })}\n`,
        ),
      );
      const parts = Math.round((megabytes * 2 ** 20) / part.size);
      return { path: 'large.jsonl', file: new File(Array<Blob>(parts).fill(part), 'large.jsonl', { lastModified: 1 }) };
    };
    const { corpus } = window.crossfade.lab;
    const known = (await corpus.channels()).find(({ name }) => name === 'Large');
    const channel = known ?? (await corpus.createChannel({ name: 'Large', colour: 'extra-0', role: 'general', language: null }));
    window.job = { channel: channel.id, progress: null, done: null };
  }, LINES);
}

/** Starts an ingest; `ingested` waits for it. @returns bytes of the file */
export async function startIngest(page: Page, megabytes: number): Promise<number> {
  return page.evaluate((size) => {
    const file = window.generated(size);
    const options = { channel: window.job.channel, use: 'split' as const, choice: {}, choices: {} };
    window.job.done = window.crossfade.lab.corpus.ingest([file], options, (progress) => void (window.job.progress = progress));
    window.job.done.catch(() => undefined);
    return file.file.size;
  }, megabytes);
}

export function ingested(page: Page): Promise<SourceRecord[]> {
  return page.evaluate(() => window.job.done!);
}

/** Until so many bytes are read. */
export async function readSoFar(page: Page, bytes: number): Promise<void> {
  await page.waitForFunction((wanted) => (window.job.progress?.done ?? 0) >= wanted, bytes, { polling: 20 });
}

export function progress(page: Page): Promise<IngestProgress> {
  return page.evaluate(() => window.job.progress!);
}

/** The only interrupted ingest, goes on with the same file. */
export function resumeIngest(
  page: Page,
  megabytes: number,
): Promise<{ found: InterruptedIngest[]; sources: SourceRecord[]; first: IngestProgress }> {
  return page.evaluate(async (size) => {
    const { corpus } = window.crossfade.lab;
    const found = await corpus.interruptedIngests();
    let first: IngestProgress | null = null;
    const sources = await corpus.resumeIngest(found[0]!.id, [window.generated(size)], (at) => void (first ??= at));
    return { found, sources, first: first! };
  }, megabytes);
}

export function rowAt(page: Page, source: string, index: number): Promise<SourceRow | undefined> {
  return page.evaluate(async ([id, at]) => (await window.crossfade.lab.corpus.sourceRows(id, at, 1))[0], [source, index] as const);
}

export function clearWorkshop(page: Page): Promise<void> {
  return page.evaluate(async () => {
    const { corpus } = window.crossfade.lab;
    for (const { id } of await corpus.interruptedIngests()) await corpus.discardIngest(id);
    for (const { id } of await corpus.channels()) await corpus.removeChannel(id);
  });
}
