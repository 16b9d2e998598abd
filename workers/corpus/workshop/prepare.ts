/**
 * A preparation: the raw rows of some channels through the pipeline, and what it kept as their corpora. All of it is written beside what
 * is there; one transaction then puts it in place, and only after that the former is removed.
 */
import { StudioError } from '../../../src/core/errors';
import type { FilterLog } from '../../../src/core/corpus/filter-log';
import type { PipelineReport } from '../../../src/core/corpus/report';
import type { Split } from '../../../src/core/corpus/row';
import { readRecord, type RecordKind } from '../../../src/core/corpus/records';
import { pipelineSettingsSchema } from '../../../src/core/corpus/settings';
import type { CorpusSource, PreparationRecord, PrepareRequest, WorkshopChannel } from '../../../src/contract/corpus';
import { corpusFolder, findCorpus, type StoredCorpus } from '../../storage/corpora';
import { files as storage, type FileStore } from '../../storage/files';
import { exclusively } from '../../storage/locks';
import { isQuotaError, quotaError } from '../../storage/quota';
import { records } from '../../storage/records';
import { findChannel, listSources, preparationFolder, type StoredPreparation } from '../../storage/workshop';
import type { PipelineOptions } from '../pipeline/passes';
import { runPipeline } from '../pipeline/run';
import { listChannels } from './channels';
import { KeptRows, type KeptSplit } from './kept-rows';
import { writeFilterLog } from './filter-log';
import { otherHeldOut, probeTexts, rawParts, rawRows, type RawPart } from './prepare-inputs';

const SPLITS = ['train', 'heldOut'] as const satisfies readonly Split[];
/** Nested workers at most: more wait for the one that reads. */
const MOST_WORKERS = 8;

export interface PrepareContext extends Pick<PipelineOptions, 'onProgress' | 'signal' | 'documentLoss'> {
  store?: FileStore;
  /** Nested workers; by default as many as there are processors. */
  workers?: number;
}

/** @throws StudioError as `CorpusApi.prepare` says; the corpora that were there stay then */
export function prepare(request: PrepareRequest, context: PrepareContext): Promise<PreparationRecord> {
  return exclusively('prepare', () => prepareAlone(request, context));
}

async function prepareAlone(request: PrepareRequest, context: PrepareContext): Promise<PreparationRecord> {
  const { signal, onProgress, store = storage } = context;
  const settings = pipelineSettingsSchema.parse(request.settings);
  const channels: WorkshopChannel[] = [];
  for (const id of new Set(request.channels)) channels.push(await findChannel(id));
  await removeLeftovers(store);
  const id = crypto.randomUUID();
  const parts = rawParts(
    channels.map((channel) => channel.id),
    await listSources(),
  );
  for (const { id: channel, name } of channels)
    if (!parts.some(({ source }) => source.channel === channel && source.rows > 0))
      throw new StudioError('text-empty', `Channel "${name}" has no rows`, { file: name });
  const kinds = new Map(channels.map(({ id: channel, name }) => [channel, kindOfChannel(channel, name, parts)]));

  const own = new Set([
    ...channels.map((channel) => channel.id),
    ...parts.flatMap(({ source: { origin } }) => (origin.kind === 'corpus' ? [origin.corpus] : [])),
  ]);
  const probes = await probeTexts(request.probes, settings.decontaminate.enabled, signal);
  const labels = new Map(channels.map((channel) => [channel.id, new Set<string>()]));
  const kept = new Map(channels.map((channel) => [channel.id, writersOf(channel.id, id, store)]));
  try {
    const { report, filterLog } = await runPipeline({
      rows: () => rawRows(parts, signal),
      channels: channels.map(({ id: channel, role, language }) => ({ id: channel, role, language })),
      sources: parts.map(({ source, firstRow }) => ({ id: source.id, firstRow, rows: source.rows })),
      settings,
      probes: settings.decontaminate.enabled ? [...probes.texts, ...(await otherHeldOut(own, signal))] : [],
      ...(context.documentLoss && { documentLoss: context.documentLoss }),
      workers: context.workers ?? Math.min(MOST_WORKERS, Math.max(1, navigator.hardwareConcurrency)),
      onProgress,
      signal,
      sink: {
        async write(rows) {
          for (const row of rows) {
            if (row.kind === 'labelled') labels.get(row.channel)!.add(readRecord('labelled', row.text).label);
            await kept.get(row.channel)![row.split].add(row);
          }
        },
      },
    });
    const corpora: StoredCorpus[] = [];
    for (const channel of channels) {
      const { train, heldOut } = kept.get(channel.id)!;
      const corpus = await corpusOf(channel, id, { train: await train.finish(), heldOut: await heldOut.finish() }, parts);
      const kind = kinds.get(channel.id);
      const found = [...labels.get(channel.id)!].sort();
      if (corpus) corpora.push({ ...corpus, ...(kind && { kind }), ...(kind === 'labelled' && { labels: found }) });
    }
    await writeFilterLog(id, filterLog, store);
    signal.throwIfAborted();
    return await swap({ id, channels, corpora, parts, report, filterLog, badProbes: probes.bad }, store);
  } catch (error) {
    for (const channel of channels) await store.remove(`${corpusFolder(channel.id)}/${id}`);
    await store.remove(preparationFolder(id));
    throw isQuotaError(error) ? await quotaError(0) : error;
  }
}

/** Of the rows of a channel; absent: texts. @throws StudioError `corpus-kinds` where they are of several kinds */
function kindOfChannel(channel: string, name: string, parts: readonly RawPart[]): RecordKind | undefined {
  const own = parts.filter(({ source }) => source.channel === channel);
  const found = [...new Set(own.map(({ source }) => source.kind ?? 'text'))];
  if (found.length > 1)
    throw new StudioError('corpus-kinds', `Channel "${name}" has rows of several kinds: ${found.join(', ')}`, {
      channel: name,
      found: found.join(', '),
    });
  return own[0]?.source.kind;
}

function writersOf(corpus: string, version: string, store: FileStore): Record<Split, KeptRows> {
  return { train: new KeptRows(corpus, version, 'train', store), heldOut: new KeptRows(corpus, version, 'heldOut', store) };
}

/** Null when there is nothing to train on or nothing to measure by. A channel's corpus has the channel's id. */
async function corpusOf(
  channel: WorkshopChannel,
  version: string,
  splits: Record<Split, KeptSplit>,
  parts: readonly RawPart[],
): Promise<StoredCorpus | null> {
  if (SPLITS.some((split) => splits[split].documents === 0)) return null;
  const both = <T>(value: (split: KeptSplit) => T): Record<Split, T> => ({ train: value(splits.train), heldOut: value(splits.heldOut) });
  const attribution: CorpusSource[] = [];
  const licences = new Set<string>();
  for (const { source } of parts) {
    if (source.channel !== channel.id) continue;
    if (source.origin.kind === 'files') {
      const { dataset } = source.origin;
      if (dataset) attribution.push({ text: source.name, package: new URL(dataset.address).host, licence: dataset.licence ?? '' });
      if (dataset?.licence) licences.add(dataset.licence);
      continue;
    }
    const corpus = await findCorpus(source.origin.corpus);
    attribution.push(...corpus.attribution);
    if (corpus.licence !== '') licences.add(corpus.licence);
  }
  return {
    id: channel.id,
    name: channel.name,
    bundled: false,
    role: channel.role,
    channel: channel.id,
    colour: channel.colour,
    documents: both(({ documents }) => documents),
    bytes: both(({ bytes }) => bytes),
    ...(splits.train.pseudo > 0 && { pseudo: splits.train.pseudo }),
    licence: [...licences].join('; '),
    attribution,
    createdAt: Date.now(),
    separator: '\n\n',
    sha256: both(({ sha256 }) => sha256),
    prepared: { version, rowFiles: both(({ rowFiles }) => rowFiles) },
  };
}

interface Made {
  id: string;
  channels: WorkshopChannel[];
  corpora: StoredCorpus[];
  parts: RawPart[];
  report: PipelineReport;
  filterLog: FilterLog;
  badProbes: PreparationRecord['badProbes'];
}

async function swap({ id, channels, corpora, parts, report, filterLog, badProbes }: Made, store: FileStore): Promise<PreparationRecord> {
  const made = new Set(corpora.map((corpus) => corpus.id));
  const preparation: StoredPreparation = {
    id,
    createdAt: Date.now(),
    channels: channels.map((channel) => {
      const own = parts.filter(({ source }) => source.channel === channel.id);
      const rows = own.reduce((sum, { source }) => sum + source.rows, 0);
      return { id: channel.id, name: channel.name, corpus: made.has(channel.id) ? channel.id : null, firstRow: own[0]!.firstRow, rows };
    }),
    report,
    badProbes,
    parts: parts.map(({ source, firstRow }) => ({ source: source.id, firstRow, rows: source.rows })),
  };
  const inOrder = preparation.parts.reduce((sum, { rows }) => sum + rows, 0);
  if (filterLog.rows !== inOrder)
    throw new StudioError('internal', `${filterLog.rows} rows judged, ${inOrder} stored`, { detail: `${filterLog.rows} ≠ ${inOrder}` });
  const transaction = (await records()).transaction(['channels', 'corpora', 'preparations'], 'readwrite');
  for (const corpus of corpora) void transaction.objectStore('corpora').put(corpus);
  void transaction.objectStore('preparations').put(preparation);
  for (const channel of channels) {
    // The name may have been changed meanwhile; a channel that was removed does not come back.
    const now = await transaction.objectStore('channels').get(channel.id);
    if (now)
      void transaction.objectStore('channels').put({ ...now, preparation: id, corpus: made.has(channel.id) ? channel.id : now.corpus });
    else void transaction.objectStore('corpora').delete(channel.id);
  }
  await transaction.done;
  await removeLeftovers(store);
  return preparationRecord(preparation);
}

export function preparationRecord({ parts: _parts, ...preparation }: StoredPreparation): PreparationRecord {
  return preparation;
}

/** Preparations that no channel shows, and files that no record counts: replaced ones, and what a crash left. */
async function removeLeftovers(store: FileStore): Promise<void> {
  const database = await records();
  const shown = new Set((await listChannels()).map(({ preparation }) => preparation));
  for (const { id } of await database.getAll('preparations')) if (!shown.has(id)) await database.delete('preparations', id);
  for (const { name } of await store.list('preparations')) if (!shown.has(name)) await store.remove(preparationFolder(name));
  const versions = new Map((await database.getAll('corpora')).flatMap(({ id, prepared }) => (prepared ? [[id, prepared.version]] : [])));
  for (const channel of await listChannels())
    for (const { name } of await store.list(corpusFolder(channel.id)))
      if (name !== versions.get(channel.id)) await store.remove(`${corpusFolder(channel.id)}/${name}`);
}
