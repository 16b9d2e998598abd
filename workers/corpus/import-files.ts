/**
 * Files to a corpus that the desk can use, in one step: a channel of its own, an ingest, and the pipeline with settings that keep every
 * document as it is but exact duplicates, and hold a tenth out.
 */
import { nextColour } from '../../src/core/corpus/channel-colours';
import { StudioError } from '../../src/core/errors';
import { pipelineSettingsSchema, type PipelineSettings } from '../../src/core/corpus/settings';
import type { CorpusRecord, LeftOut, PreparationRecord, SourceRecord } from '../../src/contract/corpus';
import type { IngestFile } from '../../src/contract/ingest';
import type { OnProgress } from '../../src/contract/progress';
import { findCorpus, type StoredCorpus } from '../storage/corpora';
import { files as storage } from '../storage/files';
import { putRecord, records } from '../storage/records';
import { readRowsAt, RowWriter } from '../storage/row-files';
import { findSource, sourceFolder, type StoredSource } from '../storage/workshop';
import { ingest } from './ingest/ingest';
import { createChannel, listChannels, removeChannel } from './workshop/channels';
import { prepare } from './workshop/prepare';

/** Bad lines kept by name; the rest is counted. */
const EXAMPLES = 20;

/**
 * Nothing that judges or changes a text is on: who imports in one step expects to train on what the files hold. Decontamination is
 * off with the rest, so held-out rows cost nothing and their number needs no limit.
 */
export const importSettings: PipelineSettings = pipelineSettingsSchema.parse({
  normalise: { enabled: false },
  exactDedup: { enabled: true, scope: 'within' },
  minhashDedup: { enabled: false },
  quality: { enabled: false },
  language: { enabled: false },
  terms: { enabled: false },
  split: { enabled: true, share: 0.1, most: 1_000_000 },
  decontaminate: { enabled: false },
  select: { enabled: false },
  sample: { enabled: false },
  order: { kind: 'source' },
  augment: { enabled: false },
});

export interface ImportOptions {
  name: string;
  role: CorpusRecord['role'];
}

/** @throws StudioError of the first file that cannot be used; then nothing is kept */
export async function importFiles(
  files: readonly File[],
  { name, role }: ImportOptions,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<StoredCorpus> {
  const channel = await createChannel({ name, role, language: null, colour: nextColour(await listChannels()) });
  try {
    const sources = await ingest(
      withPaths(files),
      {
        channel: channel.id,
        use: 'split',
        choice: { documentSeparator: 'blank-lines' },
        choices: {},
        unreadable: 'refuse',
        lineEnds: 'unix',
      },
      { signal, onProgress: ({ path, done, total }) => onProgress({ phase: 'import', item: path, done, total }) },
    );
    const [source] = sources;
    if (source?.rows === 1 && source.kind) throw singleDocument(name, 1);
    if (source?.rows === 1) await holdOutEnd(source.id, name);
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    const preparation = await prepare(
      { channels: [channel.id], settings: importSettings, probes: [] },
      { signal, onProgress: () => onProgress({ phase: 'import', item: name, done: bytes, total: bytes }) },
    );
    if (preparation.channels[0]!.corpus === null) throw singleDocument(name, source?.rows ?? 0);
    const corpus: StoredCorpus = { ...(await findCorpus(channel.id)), leftOut: leftOut(sources, preparation) };
    await putRecord('corpora', corpus);
    return corpus;
  } catch (error) {
    await removeChannel(channel.id);
    throw error;
  }
}

/** Files are known by their paths: one of the same name as another gets a folder of its own. */
function withPaths(files: readonly File[]): IngestFile[] {
  return files.map((file, at) => ({
    file,
    path: files.findIndex(({ name }) => name === file.name) < at ? `${at + 1}/${file.name}` : file.name,
  }));
}

function leftOut(sources: readonly SourceRecord[], { report }: PreparationRecord): LeftOut {
  const stage = report.channels[0]!.stages.find((found) => found.stage === 'exactDedup')!;
  const findings = sources[0]!.findings;
  return {
    duplicates: stage.in.rows - stage.kept.rows,
    badLines: findings.badRows,
    examples: findings.badExamples
      .slice(0, EXAMPLES)
      .map(({ path, line, reason, detail }) => ({ file: path, line, detail: detail === '' ? reason : detail, reason })),
  };
}

/** A text of a single document, such as a book without blank lines, becomes two sources: its beginning, and its end as given held-out text. */
async function holdOutEnd(id: string, name: string): Promise<void> {
  const source = await findSource(id);
  const [row] = await readRowsAt(sourceFolder(id), source.rowFiles, [0]);
  const { train, heldOut } = cutDocument(row!.text);
  // One line of text cannot be cut: there would be nothing to measure, or nothing to train on.
  if (train === '' || heldOut === '') throw singleDocument(name, 1);
  const made: StoredSource[] = [];
  for (const [text, use] of [
    [train, 'split'],
    [heldOut, 'held-out'],
  ] as const) {
    const part = `${id}-${use}`;
    const writer = new RowWriter(sourceFolder(part), 'raw');
    writer.add({ ...row!, text, turns: undefined });
    await writer.flush();
    made.push({ ...source, id: part, use, ...writer.total, rowFiles: writer.files });
  }
  const transaction = (await records()).transaction('sources', 'readwrite');
  for (const part of made) void transaction.store.put(part);
  void transaction.store.delete(id);
  await transaction.done;
  await storage.remove(sourceFolder(id));
}

/** The last tenth of a document, from a line end on, apart from what is before it; an empty side where there is no such line end. */
export function cutDocument(document: string): { train: string; heldOut: string } {
  const target = Math.floor(document.length * 0.9);
  const before = document.lastIndexOf('\n', target);
  const cut = before > 0 ? before : document.indexOf('\n', target);
  const side = (piece: string) => (piece.trim() === '' ? '' : piece.replace(/^\n+|\n+$/g, ''));
  return { train: side(cut > 0 ? document.slice(0, cut) : document), heldOut: side(cut > 0 ? document.slice(cut) : '') };
}

/** One document after equal ones fell away: it would be held out, and nothing be left to train on. @param read documents read */
function singleDocument(name: string, read: number): StudioError {
  return new StudioError('text-single', `${name} holds a single document (${read} read); two are needed, since one is held out`, {
    file: name,
    read,
  });
}
