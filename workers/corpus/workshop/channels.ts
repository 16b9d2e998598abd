/** Channels of the workshop: their settings, their sources, and what goes with them. */
import type { ChannelSettings, SourceRow, WorkshopChannel } from '../../../src/contract/corpus';
import { corpusFolder, findCorpus, readDocuments } from '../../storage/corpora';
import { files as storage } from '../../storage/files';
import { putRecord, records } from '../../storage/records';
import { readRowsAt } from '../../storage/row-files';
import { findChannel, findPreparation, findSource, listSources, sourceFolder, type StoredSource } from '../../storage/workshop';
import { removeShards } from '../../tokenizer/shards';

export function newChannel(settings: ChannelSettings): WorkshopChannel {
  return { id: `w-${crypto.randomUUID()}`, ...settings, createdAt: Date.now(), corpus: null, preparation: null };
}

/** In the order in which they were made. */
export async function listChannels(): Promise<WorkshopChannel[]> {
  return (await (await records()).getAll('channels')).sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
}

export async function createChannel(settings: ChannelSettings): Promise<WorkshopChannel> {
  const channel = newChannel(settings);
  await putRecord('channels', channel);
  return channel;
}

/** A corpus made before keeps its name and role in step, so that the desk shows what the workshop says. */
export async function changeChannel(id: string, change: Partial<ChannelSettings>): Promise<WorkshopChannel> {
  const channel = { ...(await findChannel(id)), ...change };
  const transaction = (await records()).transaction(['channels', 'corpora'], 'readwrite');
  void transaction.objectStore('channels').put(channel);
  const corpus = channel.corpus === null ? undefined : await transaction.objectStore('corpora').get(channel.corpus);
  if (corpus) void transaction.objectStore('corpora').put({ ...corpus, name: channel.name, role: channel.role, colour: channel.colour });
  await transaction.done;
  return channel;
}

/** Records first: without them the files are unreachable, and a torn removal shows nothing half. */
export async function removeChannel(id: string): Promise<void> {
  const channel = await findChannel(id);
  const sources = (await listSources()).filter((source) => source.channel === id);
  const transaction = (await records()).transaction(['channels', 'sources', 'corpora'], 'readwrite');
  void transaction.objectStore('channels').delete(id);
  for (const source of sources) void transaction.objectStore('sources').delete(source.id);
  if (channel.corpus !== null) void transaction.objectStore('corpora').delete(channel.corpus);
  await transaction.done;
  for (const source of sources) await storage.remove(sourceFolder(source.id));
  // A channel's corpus has its id; a preparation that failed may have left a folder without a record.
  await storage.remove(corpusFolder(id));
  await removeShards(id);
}

/**
 * A corpus of the desk, with the sources that read it; a channel that it was prepared from stays, unless the corpus was imported in one
 * step and the channel has nothing but that import. Bundled ones stay.
 */
export async function removeCorpus(id: string): Promise<void> {
  const database = await records();
  const corpus = await database.get('corpora', id);
  if (!corpus) return;
  if (corpus.leftOut && (await hasOnlyPrepared(id))) return removeChannel(id);
  const transaction = database.transaction(['channels', 'sources', 'corpora'], 'readwrite');
  void transaction.objectStore('corpora').delete(id);
  for (const source of await transaction.objectStore('sources').getAll())
    if (source.origin.kind === 'corpus' && source.origin.corpus === id) void transaction.objectStore('sources').delete(source.id);
  const channel = await transaction.objectStore('channels').get(id);
  if (channel) void transaction.objectStore('channels').put({ ...channel, corpus: null });
  await transaction.done;
  await storage.remove(corpusFolder(id));
  await removeShards(id);
}

/** True where every source of the channel went into its last preparation. */
async function hasOnlyPrepared(id: string): Promise<boolean> {
  const channel = await (await records()).get('channels', id);
  if (!channel || channel.preparation === null) return false;
  const parts = new Set((await findPreparation(channel.preparation)).parts.map(({ source }) => source));
  return (await listSources()).every((source) => source.channel !== id || parts.has(source.id));
}

/** Throws `file-missing` when there is no such corpus, `workshop-missing` when there is no such channel. */
export async function addCorpusSource(corpusId: string, channelId: string): Promise<StoredSource> {
  const [corpus, channel] = [await findCorpus(corpusId), await findChannel(channelId)];
  const source: StoredSource = {
    id: crypto.randomUUID(),
    channel: channel.id,
    name: corpus.name,
    origin: { kind: 'corpus', corpus: corpus.id },
    ...(corpus.kind && { kind: corpus.kind }),
    use: 'split',
    rows: corpus.documents.train + corpus.documents.heldOut,
    bytes: corpus.bytes.train + corpus.bytes.heldOut,
    findings: { badRows: 0, badExamples: [], skipped: 0, skippedExamples: [], undecodable: 0 },
    createdAt: Date.now(),
    rowFiles: [],
  };
  await putRecord('sources', source);
  return source;
}

export async function moveSource(id: string, channel: string): Promise<StoredSource> {
  const source = { ...(await findSource(id)), channel: (await findChannel(channel)).id };
  await putRecord('sources', source);
  return source;
}

export async function removeSource(id: string): Promise<void> {
  const source = await findSource(id);
  await (await records()).delete('sources', id);
  await storage.remove(sourceFolder(source.id));
}

/** Rows by their numbers in the source; null where there is none. */
export async function readSourceRows(source: StoredSource, wanted: readonly number[]): Promise<(SourceRow | null)[]> {
  if (source.origin.kind === 'files')
    return (await readRowsAt(sourceFolder(source.id), source.rowFiles, wanted)).map(
      (row, at) => row && { index: wanted[at]!, text: row.text, path: row.path, line: row.line },
    );
  const corpus = await findCorpus(source.origin.corpus);
  const documents = [...(await readDocuments(corpus, 'train')), ...(await readDocuments(corpus, 'heldOut'))];
  return wanted.map((index) => {
    const text = documents[index];
    return text === undefined ? null : { index, text, path: source.name, line: 0 };
  });
}

/** A page of a source's rows. */
export async function sourceRows(id: string, start: number, count: number): Promise<SourceRow[]> {
  const source = await findSource(id);
  const wanted = Array.from({ length: Math.max(0, Math.min(count, source.rows - start)) }, (_, at) => start + at);
  return (await readSourceRows(source, wanted)).flatMap((row) => row ?? []);
}
