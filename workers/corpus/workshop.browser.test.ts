/** The workshop against the browser's own storage: ingests, channels, preparations, exports. */
import { proxy, wrap } from 'comlink';
import { unzlibSync } from 'fflate';
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import documents from '../../e2e/parity/fixtures/documents.json';
import { defaultPipelineSettings, type PipelineSettingsInput } from '../../src/core/corpus/settings';
import type { CorpusApi, ExportRequest, PreparationRecord, SourceRecord, WorkshopChannel } from '../../src/contract/corpus';
import type { FileChoice, IngestFile, IngestOptions, IngestProgress } from '../../src/contract/ingest';
import { findCorpus } from '../storage/corpora';
import { files as storage, FileStore } from '../storage/files';
import { readRowFiles, readRowsAt, RowWriter } from '../storage/row-files';
import { records } from '../storage/records';
import { openWriter } from '../storage/writer';
import type { StoredIngest, StoredPreparation } from '../storage/workshop';
import { corpusApi } from './api';
import { exportCorpora } from './export-corpora';
import { interruptedIngests, resumeIngest, ingest } from './ingest/ingest';
import { importSettings } from './import-files';
import { prepare } from './workshop/prepare';

const quiet = () => undefined;
const never = new AbortController().signal;
const file = (path: string, ...parts: BlobPart[]): IngestFile => ({
  path,
  file: new File(parts, path.split('/').at(-1)!, { lastModified: 1_000 }),
});
const options = (channel: string, choice: FileChoice = {}): IngestOptions => ({ channel, use: 'split', choice, choices: {} });
const settings = { name: 'Law', colour: 'extra-1', role: 'domain', language: null } as const;

/** Every writer of this store finds the disk full once all of them have written so much. */
function fullDisk(capacity: number): FileStore {
  let written = 0;
  return new FileStore(undefined, async (handle) => {
    const writer = await openWriter(handle);
    return {
      ...writer,
      async write(chunk) {
        written += chunk.byteLength;
        if (written > capacity) throw new DOMException('full', 'QuotaExceededError');
        await writer.write(chunk);
      },
    };
  });
}

/** All that is stored, by path: what a failure must leave as it was. */
async function everything(path = ''): Promise<string[]> {
  const found: string[] = [];
  for (const { name, kind } of await storage.list(path)) {
    const inner = path === '' ? name : `${path}/${name}`;
    if (kind === 'directory') found.push(...(await everything(inner)));
    else found.push(`${inner} ${await storage.size(inner)}`);
  }
  return found;
}

let channel: WorkshopChannel;
beforeEach(async () => {
  channel = await corpusApi.createChannel(settings);
});
afterEach(async () => {
  for (const { id } of await corpusApi.channels()) await corpusApi.removeChannel(id);
  for (const { id } of await interruptedIngests()) await corpusApi.discardIngest(id);
  await storage.remove('exports');
});

const take = (files: IngestFile[], choice?: FileChoice): Promise<SourceRecord[]> =>
  corpusApi.ingest(files, options(channel.id, choice), quiet);

describe('documents', () => {
  it('are read in a worker, with the tables of Chinese codes from this origin, and tell what they lost', async () => {
    const named = (name: string) => {
      const { zlib } = documents.find(({ file: of }) => of === name)!;
      return unzlibSync(Uint8Array.from(atob(zlib), (character) => character.charCodeAt(0))).slice();
    };
    const names = ['cmap.pdf', 'meadow.docx', 'rivers.epub', 'locked.pdf'];
    const worker = new Worker(new URL('../corpus.worker.ts', import.meta.url), { type: 'module' });
    const remote = wrap<CorpusApi>(worker);
    const [source] = await remote.ingest(
      names.map((name) => file(name, named(name))),
      options(channel.id),
      proxy(quiet),
    );
    worker.terminate();
    const rows = await corpusApi.sourceRows(source!.id, 0, 9);
    expect(rows.map(({ text }) => text)).toEqual(names.slice(0, 3).map((name) => documents.find(({ file: of }) => of === name)!.text));
    expect(source!.findings).toMatchObject({
      losses: { heads: 4, tables: 2, images: 2, notes: 1, navigation: 1 },
      skippedExamples: [{ path: 'locked.pdf', reason: 'encrypted' }],
    });
  });
});

describe('rows in files', () => {
  afterEach(() => storage.remove('rows-test'));

  it('come back exactly, whatever is in them', async () => {
    const texts = [
      '',
      '\uFEFFmark',
      'a\r\n\n\n\nb\0',
      '文字 😀',
      'x'.repeat(100_000),
      ...Array.from({ length: 50 }, (_, at) => `row ${at}`),
    ];
    const writer = new RowWriter('rows-test', 'prepared');
    for (const [position, text] of texts.entries()) {
      writer.add({
        text,
        path: `p${position % 3}`,
        line: position,
        prepared: { position, score: 0.5, augmented: position === 1 ? 'noise' : null, pseudo: position === 1 },
      });
      if (position % 10 === 9) await writer.flush();
    }
    await writer.flush();
    expect(writer.files).toHaveLength(6);
    expect(writer.total).toEqual({ rows: texts.length, bytes: new TextEncoder().encode(texts.join('')).length });
    const rows = [];
    for await (const batch of readRowFiles('rows-test', writer.files)) rows.push(...batch);
    expect(rows.map(({ text }) => text)).toEqual(texts);
    expect(rows[1]).toEqual({
      text: '\uFEFFmark',
      path: 'p1',
      line: 1,
      prepared: { position: 1, score: 0.5, augmented: 'noise', pseudo: true },
    });
    const some = await readRowsAt('rows-test', writer.files, [54, 3, 99, 11]);
    expect(some.map((row) => row?.text ?? null)).toEqual([texts[54], texts[3], null, texts[11]]);
  });

  it('of former versions, without turns, are read', async () => {
    const utf8 = new TextEncoder();
    for (const [fields, values] of [
      [2, [0, 7]],
      [5, [0, 7, 3, 0x3f000000, 1]],
    ] as const) {
      const head = utf8.encode(JSON.stringify({ fields, paths: ['a.txt'] }).padEnd(36));
      const rows = ['eins', '二'].flatMap((text) => [
        ...new Uint8Array(Uint32Array.from([utf8.encode(text).length, ...values]).buffer),
        ...utf8.encode(text),
      ]);
      await storage.write('rows-test/rows-00000.bin', Uint8Array.from([36, 0, 0, 0, ...head, ...rows]));
      const [read] = await readRowsAt('rows-test', [{ rows: 2, bytes: 7 }], [1]);
      expect(read).toEqual({
        text: '二',
        path: 'a.txt',
        line: 7,
        prepared: fields === 2 ? null : { position: 3, score: 0.5, augmented: 'deletion', pseudo: false },
      });
    }
  });
});

describe('conversations', () => {
  const talk = (at: number) => [
    { role: 'user', content: `What about user ${at}？` },
    { role: 'assistant', content: `Nothing,  mail me@example.com ${at}` },
  ];

  it('that are read as text keep their messages beside it, through the pipeline and into the export', async () => {
    const lines = Array.from({ length: 12 }, (_, at) => JSON.stringify({ messages: talk(at) })).join('\n');
    const [source] = await take([file('talk.jsonl', lines)], { records: null });
    expect(source!.rows).toBe(12);
    const settings: PipelineSettingsInput = { ...importSettings, normalise: { enabled: true }, pii: { mask: { email: true } } };
    await prepare({ channels: [channel.id], settings, probes: [] }, { signal: never, onProgress: quiet, workers: 1 });
    const [exported] = await exportCorpora({ corpora: [channel.id], format: 'jsonl', splits: ['train'], parts: 'one' }, quiet, never);
    const rows = (await exported!.blob.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { text: string; messages: { role: string; content: string }[] });
    expect(rows.length).toBeGreaterThan(6);
    for (const { text, messages } of rows) {
      expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
      // What was masked in the text is masked in the message.
      expect(messages[1]!.content).not.toContain('me@example.com');
      expect(text).toBe(messages.map(({ role, content }) => `${role}: ${content}`).join('\n'));
    }
  });
});

describe('a pile', () => {
  const medicine = (at: number) => `Patient ${at} was given ${at} mg of the drug for fever and pain; the diagnosis was clinical.`;
  const novel = (at: number) => `"Come," said the captain, and ${at} sailors went down to the harbour in the evening wind.`;
  const lines = (...texts: string[]) => texts.map((text) => JSON.stringify({ text })).join('\n');
  const some = (of: (at: number) => string, from: number, count: number) => Array.from({ length: count }, (_, at) => of(from + at));

  it('is sorted by two texts; the rows above the threshold become marked rows of the channel, and never held-out ones', async () => {
    await take([file('own.jsonl', lines(...some(medicine, 0, 30)))]);
    const general = await corpusApi.createChannel({ ...settings, name: 'Novels', role: 'general' });
    await corpusApi.ingest([file('novels.jsonl', lines(...some(novel, 0, 30)))], options(general.id), quiet);
    const heap = await corpusApi.createChannel({ ...settings, name: 'Heap', role: 'general' });
    const mixed = some(medicine, 100, 20).flatMap((text, at) => [text, novel(200 + at)]);
    const [pile] = await corpusApi.ingest([file('heap.jsonl', lines(...mixed))], options(heap.id), quiet);
    const by = { domain: { kind: 'channel', id: channel.id }, general: { kind: 'channel', id: general.id } } as const;
    const seen: number[] = [];
    const { scores } = await corpusApi.scorePile(pile!.id, by, (rows) => seen.push(rows));
    expect(seen.at(-1)).toBe(40);
    const above = Uint32Array.from(scores.keys()).filter((row) => scores[row]! >= 0);
    expect([...above]).toEqual(Array.from({ length: 20 }, (_, at) => 2 * at));
    const pseudo = { scorer: 'n-grams', threshold: 0, judged: { rows: 20, right: 19 } } as const;
    const made = await corpusApi.takeSorted(pile!.id, above, channel.id, pseudo);
    expect(made).toMatchObject({ channel: channel.id, rows: 20, pseudo });
    expect((await corpusApi.sourceRows(made.id, 1, 1))[0]).toMatchObject({ text: medicine(101), path: 'heap.jsonl', line: 3 });

    await prepare(
      { channels: [channel.id], settings: { ...importSettings, split: { enabled: true, share: 0.3 } }, probes: [] },
      { signal: never, onProgress: quiet, workers: 1 },
    );
    const { prepared, pseudo: labelled } = await findCorpus(channel.id);
    expect(labelled).toBe(20);
    const heldOut: (boolean | undefined)[] = [];
    for await (const rows of readRowFiles(`corpora/${channel.id}/${prepared!.version}/held-out`, prepared!.rowFiles.heldOut))
      heldOut.push(...rows.map((row) => row.prepared?.pseudo));
    expect(heldOut.length).toBeGreaterThan(3);
    expect(heldOut).not.toContain(true);
    const [exported] = await exportCorpora({ corpora: [channel.id], format: 'jsonl', splits: ['train'], parts: 'one' }, quiet, never);
    expect((await exported!.blob.text()).match(/heap\.jsonl#pseudo/g)).toHaveLength(20);
  });

  it('is refused where a text to sort by has no rows, and can be scored by models of the page', async () => {
    const [pile] = await take([file('heap.jsonl', lines(medicine(1), novel(1)))]);
    const empty = await corpusApi.createChannel({ ...settings, name: 'Empty' });
    // The pile itself is no text to sort it by.
    const by = { domain: { kind: 'channel', id: channel.id }, general: { kind: 'channel', id: empty.id } } as const;
    await expect(corpusApi.scorePile(pile!.id, by, quiet)).rejects.toMatchObject({ code: 'text-empty' });
    const { scores } = await corpusApi.scorePile(pile!.id, (texts) => Promise.resolve(texts.map((text) => text.length)), quiet);
    expect([...scores]).toEqual([medicine(1).length, novel(1).length]);
  });
});

describe('an ingest', () => {
  it('stores the rows of all files, and names what it left out', async () => {
    const seen: IngestProgress[] = [];
    const files = [
      file('folder/a.txt', 'one\n\ntwo'),
      file('folder/b.jsonl', '{"text":"three"}\n{"text":\n'),
      file('folder/c.png', 'PNG'),
      file('folder/d.txt', Uint8Array.of(0, 1, 2, 3)),
    ];
    const [source] = await corpusApi.ingest(files, options(channel.id), (progress) => seen.push(progress));
    expect(source).toMatchObject({ channel: channel.id, name: 'folder', rows: 3, bytes: 11, use: 'split' });
    expect(source!.findings).toMatchObject({
      badRows: 1,
      badExamples: [{ path: 'folder/b.jsonl', line: 2, reason: 'json' }],
      skipped: 2,
      skippedExamples: [
        { path: 'folder/c.png', reason: 'kind' },
        { path: 'folder/d.txt', reason: 'binary' },
      ],
    });
    expect(seen.at(-1)).toMatchObject({ file: 2, files: 2, rows: 3, badRows: 1 });
    expect(await corpusApi.sourceRows(source!.id, 1, 5)).toEqual([
      { index: 1, text: 'two', path: 'folder/a.txt', line: 3 },
      { index: 2, text: 'three', path: 'folder/b.jsonl', line: 1 },
    ]);
  });

  it('sends rows to the channels that their field names', async () => {
    const rows = ['Law', 'News', '', 'News'].map((name, at) => JSON.stringify({ text: `row ${at}`, channel: name }));
    const sources = await take([file('rows.jsonl', rows.join('\n'))], { channelField: 'channel' });
    const channels = await corpusApi.channels();
    const news = channels.find(({ name }) => name === 'News')!;
    expect(sources.map(({ channel: of, rows: count }) => [of, count])).toEqual([
      [channel.id, 2],
      [news.id, 2],
    ]);
    expect(news).toMatchObject({ role: 'domain', corpus: null });
    const many = Array.from({ length: 65 }, (_, at) => JSON.stringify({ text: 'x', channel: `id ${at}` }));
    await expect(take([file('ids.jsonl', many.join('\n'))], { channelField: 'channel' })).rejects.toMatchObject({ code: 'channel-field' });
    expect(await corpusApi.channels()).toHaveLength(2);
  });

  it.each([
    ['an empty folder', [], 'folder-empty'],
    ['a folder without text', [file('f/a.png', 'x'), file('f/b.bin', 'y')], 'folder-empty'],
    ['a binary file named .txt', [file('a.txt', Uint8Array.of(0x89, 0x50, 0, 0, 1, 2))], 'file-binary'],
    ['nothing but bad lines', [file('a.jsonl', '{"text":""}\n')], 'text-empty'],
    ['a parquet that is none', [file('a.parquet', 'PAR1PAR1')], 'parquet-invalid'],
    ['a zip that is none', [file('a.zip', 'PK')], 'archive-invalid'],
  ] as const)('of %s is refused and leaves nothing', async (_, files, code) => {
    const before = await everything();
    await expect(take([...files])).rejects.toMatchObject({ code });
    expect(await everything()).toEqual(before);
    expect(await corpusApi.sources()).toEqual([]);
    expect(await interruptedIngests()).toEqual([]);
  });

  it('reads parquet by row group, and refuses one without a text column by naming its columns', async () => {
    const text = Array.from({ length: 2500 }, (_, at) => `text ${at} 文`);
    const parquet = parquetWriteBuffer({
      columnData: [
        { name: 'id', data: text.map((_, at) => at), type: 'INT32' },
        { name: 'body', data: text, type: 'STRING' },
      ],
      rowGroupSize: 1000,
    });
    const [source] = await take([file('a.parquet', parquet)]);
    expect(source).toMatchObject({ rows: 2500 });
    expect(await corpusApi.sourceRows(source!.id, 2499, 1)).toEqual([{ index: 2499, text: 'text 2499 文', path: 'a.parquet', line: 2500 }]);
    const numbers = parquetWriteBuffer({ columnData: [{ name: 'n', data: [1, 2, 3], type: 'INT32' }] });
    await expect(take([file('n.parquet', numbers)])).rejects.toMatchObject({
      code: 'field-missing',
      values: { file: 'n.parquet', found: 'n' },
    });
  });

  it('leaves nothing when it is cancelled or the disk fills half way', async () => {
    const [kept] = await take([file('kept.txt', 'stays')]);
    const before = await everything();
    const line = `${JSON.stringify({ text: 'x'.repeat(1000) })}\n`;
    const large = file('large.jsonl', ...Array.from({ length: 24 }, () => line.repeat(1000)));
    await expect(
      ingest([large], options(channel.id), { signal: never, onProgress: quiet, store: fullDisk(10 * 2 ** 20) }),
    ).rejects.toMatchObject({ code: 'quota' });
    expect(await everything()).toEqual(before);

    // What ends other work ends no ingest.
    const cancelled = corpusApi.ingest([large], options(channel.id), ({ done }) => void corpusApi.cancel(done > 8e6 ? 'ingest' : 'import'));
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    expect(await everything()).toEqual(before);
    expect(await corpusApi.sources()).toEqual([kept]);
    expect(await interruptedIngests()).toEqual([]);
  });
});

describe('an ingest that was cut off', () => {
  const line = (at: number) => `${JSON.stringify({ text: `row ${at} ${'x'.repeat(8000)}` })}\n`;
  const large = (rows: number) =>
    Array.from({ length: rows / 100 }, (_, part) => Array.from({ length: 100 }, (_, at) => line(part * 100 + at)).join(''));
  const ROWS = 7_000;

  /** Takes in, in a worker of its own, until something counts; then the worker is ended, as with a tab that is closed. */
  async function cutOff(files: IngestFile[]): Promise<string> {
    const worker = new Worker(new URL('../corpus.worker.ts', import.meta.url), { type: 'module' });
    const remote = wrap<CorpusApi>(worker);
    let half = 0;
    const stopped = new Promise<void>((resolve) => {
      void remote.ingest(
        files,
        options(channel.id),
        proxy(({ done }: IngestProgress) => {
          if (done <= 24 * 2 ** 20) return;
          half = done;
          worker.terminate();
          resolve();
        }),
      );
    });
    await stopped;
    expect(half).toBeGreaterThan(0);
    let jobs = await corpusApi.interruptedIngests();
    // Its lock is given back in a moment.
    for (let tries = 0; jobs.length === 0 && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      jobs = await corpusApi.interruptedIngests();
    }
    return jobs[0]!.id;
  }

  it('goes on with the same files dropped again, and ends with every row once', async () => {
    const files = [file('a.jsonl', ...large(ROWS)), file('b.txt', 'the last one')];
    const id = await cutOff(files);
    const [found] = await corpusApi.interruptedIngests();
    expect(found).toMatchObject({ id, channel: channel.id, handles: [] });
    expect(found!.files.map(({ path, state }) => [path, state])).toEqual([
      ['a.jsonl', 'partial'],
      ['b.txt', 'missing'],
    ]);
    expect(found!.rows).toBeGreaterThan(1000);
    expect(found!.files[0]!.done).toBeGreaterThan(15 * 2 ** 20);

    const other = { path: 'b.txt', file: new File(['changed'], 'b.txt', { lastModified: 2_000 }) };
    await expect(corpusApi.resumeIngest(id, [files[0]!, other], quiet)).rejects.toMatchObject({
      code: 'ingest-files',
      values: { file: 'b.txt' },
    });

    let first: IngestProgress | null = null;
    const [source] = await resumeIngest(id, files, { signal: never, onProgress: (progress) => void (first ??= progress) });
    expect(first!.done).toBeGreaterThan(15 * 2 ** 20);
    expect(source!.rows).toBe(ROWS + 1);
    const at = [0, 1, found!.rows - 1, found!.rows, found!.rows + 1, ROWS - 1, ROWS];
    for (const index of at) {
      const [row] = await corpusApi.sourceRows(source!.id, index, 1);
      expect(row!.text.startsWith(index === ROWS ? 'the last one' : `row ${index} x`)).toBe(true);
      expect(row!.line).toBe(index === ROWS ? 1 : index + 1);
    }
    expect(await interruptedIngests()).toEqual([]);
  });

  it('goes on by itself where it has handles, and can be kept as it stands or discarded', async () => {
    const root = await navigator.storage.getDirectory();
    await storage.write(
      'picked/a.jsonl',
      large(ROWS).map((part) => new TextEncoder().encode(part)),
    );
    const handle = await (await root.getDirectoryHandle('picked')).getFileHandle('a.jsonl');
    const picked: IngestFile = { path: 'a.jsonl', file: await handle.getFile(), handle };
    const id = await cutOff([picked]);
    expect((await corpusApi.interruptedIngests())[0]!.handles).toHaveLength(1);
    const [source] = await corpusApi.resumeIngest(id, [], quiet);
    expect(source!.rows).toBe(ROWS);

    const again = await cutOff([picked]);
    const rows = (await corpusApi.interruptedIngests())[0]!.rows;
    const [half] = await corpusApi.keepIngest(again);
    expect(half!.rows).toBe(rows);
    await corpusApi.discardIngest(await cutOff([picked]));
    expect(await corpusApi.interruptedIngests()).toEqual([]);
    await storage.remove('picked');
  });
});

describe('channels', () => {
  it('are made, changed and removed, and their sources moved', async () => {
    const other = await corpusApi.createChannel({ name: 'Other', colour: 'zh', role: 'general', language: 'en' });
    expect(await corpusApi.changeChannel(channel.id, { name: 'Statutes', colour: 'code' })).toMatchObject({
      name: 'Statutes',
      role: 'domain',
    });
    const [source] = await take([file('a.txt', 'one')]);
    await corpusApi.moveSource(source!.id, other.id);
    await corpusApi.removeChannel(channel.id);
    expect(await corpusApi.sources()).toMatchObject([{ id: source!.id, channel: other.id }]);
    await corpusApi.removeSource(source!.id);
    expect(await storage.list('sources')).toEqual([]);
    await expect(corpusApi.moveSource(source!.id, other.id)).rejects.toMatchObject({
      code: 'workshop-missing',
      values: { wanted: source!.id },
    });
    channel = other;
  });

  it('take a corpus of the desk as a source', async () => {
    const source = await corpusApi.addCorpusSource('domain-legal', channel.id);
    const corpus = await findCorpus('domain-legal');
    expect(source).toMatchObject({
      rows: corpus.documents.train + corpus.documents.heldOut,
      origin: { kind: 'corpus', corpus: 'domain-legal' },
    });
    const [row] = await corpusApi.sourceRows(source.id, corpus.documents.train, 1);
    expect([row!.text]).toEqual(await corpusApi.sample('domain-legal', 'heldOut', 1));
  });
});

describe('a preparation', () => {
  /** Text of many different words, so that nothing is a near-duplicate of anything. */
  const words = (seed: number, count: number) =>
    Array.from({ length: count }, (_, at) => `w${((seed * 7919 + at * 104_729) % 99_991).toString(36)}`).join(' ');
  const plain = {
    ...defaultPipelineSettings,
    quality: { ...defaultPipelineSettings.quality, enabled: false },
    language: { enabled: false },
    terms: { ...defaultPipelineSettings.terms, enabled: false },
  };
  const run = (request = plain, store?: FileStore) =>
    prepare(
      { channels: [channel.id], settings: request, probes: [] },
      { onProgress: quiet, signal: never, workers: 0, ...(store && { store }) },
    );

  it('makes a corpus of exactly the rows it kept, and opens the rows behind every count', async () => {
    const texts = Array.from({ length: 40 }, (_, at) => `${words(at, 60)}\n\n\n\nafter blank lines ${at}`);
    await take([file('a.jsonl', [...texts, texts[3]!].map((text) => JSON.stringify({ text })).join('\n'))]);
    const preparation = await run();
    expect(preparation.channels).toEqual([{ id: channel.id, name: 'Law', corpus: channel.id, firstRow: 0, rows: 41 }]);
    const corpus = (await corpusApi.list()).find(({ id }) => id === channel.id)!;
    expect(corpus).toMatchObject({ name: 'Law', role: 'domain', channel: channel.id, colour: 'extra-1', bundled: false });
    expect(corpus.documents.train + corpus.documents.heldOut).toBe(40);
    const documents = [...(await corpusApi.sample(channel.id, 'train', 100)), ...(await corpusApi.sample(channel.id, 'heldOut', 100))];
    expect(documents.sort()).toEqual([...texts].sort());

    const dropped = await corpusApi.preparedRows(preparation.id, { stage: 'exactDedup' }, 0, 10);
    expect(dropped).toMatchObject({ total: 1, rows: [{ source: 'a.jsonl', line: 41, text: texts[3] }] });
    expect(dropped.rows[0]!.decision).toMatchObject({ row: 40, outcome: { kept: false, reason: 'same-text', other: 3 } });
    const kept = await corpusApi.preparedRows(preparation.id, { kept: 'train' }, 5, 3);
    expect(kept.total).toBe(corpus.documents.train);
    expect(kept.rows).toHaveLength(3);
    expect(await corpusApi.preparedRow(preparation.id, 7)).toMatchObject({ text: texts[7], line: 8, decision: { row: 7 } });
    expect(await corpusApi.preparations()).toEqual([preparation]);
    expect((await corpusApi.channels()).find(({ id }) => id === channel.id)).toMatchObject({
      corpus: channel.id,
      preparation: preparation.id,
    });
  });

  it('takes the place of the former one only when it is complete', async () => {
    await take([file('a.jsonl', Array.from({ length: 30 }, (_, at) => JSON.stringify({ text: words(at, 40) })).join('\n'))]);
    await run();
    const [corpus, before] = [await findCorpus(channel.id), await everything()];
    await take([file('b.jsonl', Array.from({ length: 30 }, (_, at) => JSON.stringify({ text: words(500 + at, 40) })).join('\n'))]);
    const withSource = await everything();
    await expect(run(plain, fullDisk(2000))).rejects.toMatchObject({ code: 'quota' });
    expect(await everything()).toEqual(withSource);
    expect(await findCorpus(channel.id)).toEqual(corpus);

    const second = await run();
    const now = await findCorpus(channel.id);
    expect(now.documents.train + now.documents.heldOut).toBe(60);
    expect(now.sha256).not.toEqual(corpus.sha256);
    expect((await storage.list(`corpora/${channel.id}`)).map(({ name }) => name)).toEqual([now.prepared!.version]);
    expect((await storage.list('preparations')).map(({ name }) => name)).toEqual([second.id]);
    expect(before.some((path) => path.includes(corpus.prepared!.version))).toBe(true);
  });

  it('keeps the order that was asked for', async () => {
    const texts = Array.from({ length: 60 }, (_, at) => words(at, 30));
    await take([file('a.jsonl', texts.map((text) => JSON.stringify({ text })).join('\n'))]);
    await run();
    const inOrder = await corpusApi.sample(channel.id, 'train', 100);
    expect(inOrder.map((text) => texts.indexOf(text))).toEqual(inOrder.map((text) => texts.indexOf(text)).sort((a, b) => a - b));
    await run({ ...plain, order: { kind: 'shuffled' } });
    const shuffled = await corpusApi.sample(channel.id, 'train', 100);
    expect(shuffled).not.toEqual(inOrder);
    expect([...shuffled].sort()).toEqual([...inOrder].sort());
  });

  it('keeps the former corpus and shows the report when nothing is left to train on', async () => {
    await take([file('a.jsonl', Array.from({ length: 30 }, (_, at) => JSON.stringify({ text: words(at, 5) })).join('\n'))]);
    await run();
    const corpus = await findCorpus(channel.id);
    const strict = await run(defaultPipelineSettings);
    expect(strict.channels[0]!.corpus).toBeNull();
    expect(strict.report.channels[0]!.kept.train.rows).toBe(0);
    expect(await findCorpus(channel.id)).toEqual(corpus);
  });
});

describe('an export', () => {
  async function prepared(more: PipelineSettingsInput = {}): Promise<string[]> {
    const texts = Array.from(
      { length: 50 },
      (_, at) => `text ${at}: ${Array.from({ length: 30 }, (_, word) => `w${at * 31 + word}`).join(' ')} 文 "q"\n`,
    );
    await take([file('in/a.jsonl', texts.map((text) => JSON.stringify({ text })).join('\n'))]);
    const off = { enabled: false };
    const settings = { quality: off, language: off, terms: off, decontaminate: off, ...more };
    await prepare({ channels: [channel.id], settings, probes: [] }, { onProgress: quiet, signal: never, workers: 0 });
    return corpusApi.sample(channel.id, 'train', 200);
  }

  it('as JSON Lines and as parquet holds text, channel, source and score', async () => {
    const train = await prepared();
    const request = { corpora: [channel.id], parts: 'each' as const };
    const lines = await corpusApi.exportCorpora({ ...request, splits: ['train', 'heldOut'], format: 'jsonl' }, quiet);
    expect(lines.map(({ name }) => name)).toEqual(['Law.train.jsonl', 'Law.held-out.jsonl']);
    const rows = (await lines[0]!.blob.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.map(({ text }) => text)).toEqual(train);
    expect(rows[0]).toEqual({ text: train[0], channel: 'Law', source: 'in/a.jsonl', score: expect.any(Number) as number });
    expect(lines[0]!.rows + lines[1]!.rows).toBe(50);

    const [parquet] = await corpusApi.exportCorpora({ ...request, splits: ['train'], format: 'parquet' }, quiet);
    const read = await parquetReadObjects({ file: await parquet!.blob.arrayBuffer() });
    expect(read).toEqual(rows);
  });

  it('puts all corpora of a split in one file, bundled ones without a score', async () => {
    await prepared();
    const [all] = await corpusApi.exportCorpora(
      { corpora: ['domain', channel.id], splits: ['heldOut'], parts: 'one', format: 'jsonl' },
      quiet,
    );
    expect(all!.name).toBe('crossfade.held-out.jsonl');
    const rows = (await all!.blob.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows[0]).toMatchObject({ channel: 'domain', source: 'domain', score: null });
    expect(new Set(rows.map((row) => row['channel']))).toEqual(new Set(['domain', 'Law']));
  });

  it('marks the copies that augmentation made', async () => {
    const train = await prepared({ augment: { enabled: true, copies: 2 } });
    const request = { corpora: [channel.id], splits: ['train' as const], parts: 'one' as const, format: 'jsonl' as const };
    const [file] = await corpusApi.exportCorpora(request, quiet);
    const sources = (await file!.blob.text())
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { source: string }).source);
    expect(sources).toHaveLength(train.length);
    const copies = sources.filter((source) => /^in\/a\.jsonl#(deletion|swap|insertion|noise)$/.test(source));
    const [{ report }] = (await corpusApi.preparations()) as [PreparationRecord];
    expect(copies.length).toBeGreaterThan(40);
    expect(copies).toHaveLength(report.channels[0]!.augmented.rows);
  });

  it('leaves nothing when the disk is full', async () => {
    await prepared();
    const request: ExportRequest = { corpora: [channel.id], splits: ['train'], parts: 'one', format: 'jsonl' };
    await expect(exportCorpora(request, quiet, never, fullDisk(100))).rejects.toMatchObject({ code: 'quota' });
    expect(await storage.list('exports')).toEqual([]);
  });
});

describe('what a former version stored', () => {
  it('an interrupted ingest, whose choices have `parting`, goes on as it was chosen', async () => {
    const given = file('a.txt', 'one\ntwo\n\nthree\n');
    const id = crypto.randomUUID();
    const writer = new RowWriter(`sources/${id}.0`, 'raw');
    writer.add({ text: 'one', path: 'a.txt', line: 1, prepared: null });
    await writer.flush();
    const choice = { parting: 'lines' };
    const former = {
      id,
      startedAt: 1,
      options: { channel: channel.id, use: 'split', choice, choices: { 'a.txt': choice } },
      name: 'a.txt',
      files: [
        {
          ...{ path: 'a.txt', bytes: given.file.size, modified: 1_000, kind: 'text', encoding: 'utf-8', choice, handle: null },
          ...{ state: 'partial', mark: { offset: 4, line: 2, rows: 0, bad: 0 }, done: 4 },
        },
      ],
      findings: { badRows: 0, badExamples: [], skipped: 0, skippedExamples: [], undecodable: 0 },
      sources: [{ id: `${id}.0`, channel: channel.id, rowFiles: writer.files }],
      newChannels: [],
    };
    await (await records()).put('intakes', former as unknown as StoredIngest);
    expect(await corpusApi.interruptedIngests()).toMatchObject([{ id, rows: 1 }]);
    const [source] = await corpusApi.resumeIngest(id, [given], quiet);
    expect((await corpusApi.sourceRows(source!.id, 0, 9)).map(({ text, line }) => [text, line])).toEqual([
      ['one', 1],
      ['two', 2],
      ['three', 4],
    ]);
  });

  it('a preparation with `ledger.bin` and a report of version 1 opens its rows', async () => {
    const texts = ['write to a@b.example', 'two', 'two', 'three'];
    await take([file('a.jsonl', texts.map((text) => JSON.stringify({ text })).join('\n'))]);
    const made = await prepare(
      { channels: [channel.id], settings: importSettings, probes: [] },
      { onProgress: quiet, signal: never, workers: 0 },
    );
    const id = 'of-a-former-version';
    const bytes = await storage.read(`preparations/${made.id}/filter-log.bin`);
    const length = new DataView(bytes.buffer).getUint32(0, true);
    const padded = (count: number) => Math.ceil(count / 8) * 8;
    const json = new TextDecoder().decode(bytes.subarray(4, 4 + length)).replace('"name":"pii"', '"name":"personal"');
    const header = new TextEncoder().encode(json);
    const head = new Uint8Array(padded(4 + header.length)).fill(32);
    new DataView(head.buffer).setUint32(0, header.length, true);
    head.set(header, 4);
    await storage.write(`preparations/${id}/ledger.bin`, [head, bytes.slice(padded(4 + length))]);
    const database = await records();
    const stored = (await database.get('preparations', made.id))!;
    const { exactDedup, minhashDedup, pii, ...settings } = stored.report.settings;
    const report = {
      ...stored.report,
      settings: { ...settings, version: 1, exact: exactDedup, near: minhashDedup, personal: pii },
      channels: stored.report.channels.map(({ pii: personal, stages, ...rest }) => ({
        ...rest,
        personal,
        stages: stages.map((stage) => ({
          ...stage,
          stage: { exactDedup: 'exact', minhashDedup: 'near' }[stage.stage as string] ?? stage.stage,
        })),
      })),
    };
    await database.put('preparations', { ...stored, id, report } as unknown as StoredPreparation);

    const lifted = (await corpusApi.preparations()).find((preparation) => preparation.id === id)!;
    expect(lifted).toEqual({ ...made, id });
    expect(await corpusApi.preparedRows(id, { stage: 'exactDedup' }, 0, 9)).toEqual(
      await corpusApi.preparedRows(made.id, { stage: 'exactDedup' }, 0, 9),
    );
    const found = await corpusApi.preparedRows(id, { pii: 'email' }, 0, 9);
    expect(found).toMatchObject({ total: 1, rows: [{ text: texts[0], decision: { pii: { email: 1 } } }] });
    await database.delete('preparations', id);
    await storage.remove(`preparations/${id}`);
  });
});
