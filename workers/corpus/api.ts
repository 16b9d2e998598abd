/** The corpus worker: a person's files to rows, rows to channels, channels through the pipeline to corpora of the desk. */
import type { CorpusApi, CorpusRecord } from '../../src/contract/corpus';
import type { InterruptedIntake } from '../../src/contract/ingest';
import { findCorpus, listCorpora, readDocuments, type StoredCorpus } from '../storage/corpora';
import { listSources, type StoredIntake } from '../storage/workshop';
import { exportCorpora } from './export/export-corpora';
import { importFiles } from './import-files';
import { inspectFiles } from './intake/inspect';
import { discardIntake, interruptedIntakes, keepIntake, resumeIntake, sourceRecord, takeIn } from './intake/take-in';
import * as channels from './workshop/channels';
import { prepare } from './workshop/prepare';
import { listPreparations, preparedRow, preparedRows } from './workshop/prepared-rows';

let cancelling = new AbortController();

export const corpusApi: CorpusApi = {
  async list() {
    return (await listCorpora()).map(toRecord);
  },

  async importFiles(files, options, onProgress) {
    return toRecord(
      await importFiles(
        files,
        options,
        ({ path, done, total }) => onProgress({ phase: 'import', item: path, done, total }),
        cancelling.signal,
      ),
    );
  },

  async sample(id, split, count) {
    return (await readDocuments(await findCorpus(id), split)).slice(0, count);
  },

  remove: channels.removeCorpus,

  async cancel() {
    cancelling.abort();
    cancelling = new AbortController();
  },

  inspect: inspectFiles,
  takeIn: (files, options, onProgress) => takeIn(files, options, { signal: cancelling.signal, onProgress }),
  interruptedIntakes: async () => (await interruptedIntakes()).map(toInterrupted),
  resumeIntake: (id, files, onProgress) => resumeIntake(id, files, { signal: cancelling.signal, onProgress }),
  keepIntake,
  discardIntake: (id) => discardIntake(id),

  channels: channels.listChannels,
  createChannel: channels.createChannel,
  changeChannel: channels.changeChannel,
  removeChannel: channels.removeChannel,
  sources: async () => (await listSources()).map(sourceRecord),
  addCorpusSource: async (corpus, channel) => sourceRecord(await channels.addCorpusSource(corpus, channel)),
  moveSource: async (id, channel) => sourceRecord(await channels.moveSource(id, channel)),
  removeSource: channels.removeSource,
  sourceRows: channels.sourceRows,

  prepare: (request, onProgress, documentLoss) =>
    prepare(request, { signal: cancelling.signal, onProgress, ...(documentLoss && { documentLoss }) }),
  preparations: listPreparations,
  preparedRows,
  preparedRow,
  exportCorpora: (request, onProgress) => exportCorpora(request, onProgress, cancelling.signal),
};

function toRecord({ separator: _separator, sha256: _sha256, prepared: _prepared, ...record }: StoredCorpus): CorpusRecord {
  return record;
}

function toInterrupted({ id, options, startedAt, sources, files }: StoredIntake): InterruptedIntake {
  const open = files.filter(({ state }) => state !== 'done');
  const handles = open.flatMap(({ handle }) => handle ?? []);
  return {
    id,
    channel: options.channel,
    startedAt,
    rows: sources.reduce((sum, { rowFiles }) => sum + rowFiles.reduce((rows, file) => rows + file.rows, 0), 0),
    files: files.map(({ path, bytes, state, done }) => ({ path, bytes, state, done })),
    handles: handles.length === open.length ? handles : [],
  };
}
