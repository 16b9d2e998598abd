/** The corpus worker: a person's files to rows, rows to channels, channels through the pipeline to corpora of the desk. */
import { readRecord, shownRecord } from '../../src/core/corpus/records';
import type { CorpusApi } from '../../src/contract/corpus';
import type { InterruptedIngest } from '../../src/contract/ingest';
import { Cancelling } from '../rpc/expose';
import { corpusRecord, findCorpus, listCorpora, readDocuments } from '../storage/corpora';
import { listSources, type StoredIngest } from '../storage/workshop';
import { exportCorpora } from './export-corpora';
import { importFiles } from './import-files';
import { connectDataset } from './ingest/dataset-bytes';
import { inspectFiles } from './ingest/inspect';
import { discardIngest, interruptedIngests, ingest, keepIngest, resumeIngest, sourceRecord } from './ingest/ingest';
import * as channels from './workshop/channels';
import { prepare } from './workshop/prepare';
import { scorePile, takeSorted } from './workshop/sort-pile';
import { preparations, preparedRow, preparedRows } from './workshop/filter-log';

const long = {
  import: new Cancelling(),
  ingest: new Cancelling(),
  prepare: new Cancelling(),
  export: new Cancelling(),
  sort: new Cancelling(),
};

export const corpusApi: CorpusApi = {
  async list() {
    return (await listCorpora()).map(corpusRecord);
  },

  async importFiles(files, options, onProgress) {
    return corpusRecord(await importFiles(files, options, onProgress, long.import.signal));
  },

  async sample(id, split, count) {
    const corpus = await findCorpus(id);
    const documents = (await readDocuments(corpus, split)).slice(0, count);
    const { kind } = corpus;
    return kind ? documents.map((json) => shownRecord(kind, readRecord(kind, json))) : documents;
  },

  remove: channels.removeCorpus,

  async cancel(work) {
    long[work].cancel();
  },

  async connect(port) {
    connectDataset(port);
  },
  inspect: inspectFiles,
  ingest: (files, options, onProgress) => ingest(files, options, { signal: long.ingest.signal, onProgress }),
  interruptedIngests: async () => (await interruptedIngests()).map(toInterrupted),
  resumeIngest: (id, files, onProgress) => resumeIngest(id, files, { signal: long.ingest.signal, onProgress }),
  keepIngest,
  discardIngest: (id) => discardIngest(id),

  channels: channels.listChannels,
  createChannel: channels.createChannel,
  changeChannel: channels.changeChannel,
  removeChannel: channels.removeChannel,
  sources: async () => (await listSources()).map(sourceRecord),
  addCorpusSource: async (corpus, channel) => sourceRecord(await channels.addCorpusSource(corpus, channel)),
  moveSource: async (id, channel) => sourceRecord(await channels.moveSource(id, channel)),
  removeSource: channels.removeSource,
  sourceRows: channels.sourceRows,

  scorePile: (source, by, onProgress) => scorePile(source, by, { signal: long.sort.signal, onProgress }),
  takeSorted: async (source, rows, channel, pseudo) => sourceRecord(await takeSorted(source, rows, channel, pseudo)),

  prepare: (request, onProgress, documentLoss) =>
    prepare(request, { signal: long.prepare.signal, onProgress, ...(documentLoss && { documentLoss }) }),
  preparations,
  preparedRows,
  preparedRow,
  exportCorpora: (request, onProgress) => exportCorpora(request, onProgress, long.export.signal),
};

function toInterrupted({ id, options, startedAt, sources, files }: StoredIngest): InterruptedIngest {
  const open = files.filter(({ state }) => state !== 'done');
  const handles = open.flatMap(({ handle }) => handle ?? []);
  return {
    id,
    channel: options.channel,
    startedAt,
    rows: sources.reduce((sum, { rowFiles }) => sum + rowFiles.reduce((rows, file) => rows + file.rows, 0), 0),
    files: files.map(({ path, bytes, state, done }) => ({ path, bytes, state, done })),
    handles: handles.length === open.length ? handles : [],
    ...(options.dataset && { dataset: options.dataset }),
  };
}
