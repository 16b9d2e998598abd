/**
 * An ingest: rows of a person's files into the workshop's sources. What is stored counts from time to time (`StoredIngest`): the row
 * files so far, and from where in each file to read on. After a reload it goes on from there; an ingest that fails or is cancelled
 * leaves nothing. Nothing but one piece of a file and the rows not yet written is held.
 */
import { COLOURS } from '../../../src/core/corpus/channel-colours';
import type { RecordKind } from '../../../src/core/corpus/records';
import { locateTurns } from '../../../src/core/corpus/row';
import { errorRecord, StudioError } from '../../../src/core/errors';
import type {
  DatasetOrigin,
  DocumentLoss,
  FileChoice,
  IngestFile,
  IngestFindings,
  IngestOptions,
  IngestProgress,
} from '../../../src/contract/ingest';
import type { SourceRecord, WorkshopChannel } from '../../../src/contract/corpus';
import { files as storage, type FileStore } from '../../storage/files';
import { putRecord, records } from '../../storage/records';
import { RowWriter } from '../../storage/row-files';
import {
  findChannel,
  findIngest,
  listIngests,
  sourceFolder,
  type IngestFileState,
  type StoredIngest,
  type StoredSource,
} from '../../storage/workshop';
import { listChannels, newChannel } from '../workshop/channels';
import { BudgetSpent, connectedDataset } from './dataset-bytes';
import { inspectSource, sourceOf } from './inspect';
import { BEGINNING, readRows } from './read-rows';
import { kindOf, shorten, skipReason } from './row-reader';

/** Bytes of files read between two times that what is stored counts. */
const COUNTED_EVERY = 16 * 2 ** 20;
/** Milliseconds between two reports. */
const REPORT_EVERY = 150;
/** Bad rows and left-out files kept by name; the rest is counted. */
const EXAMPLES = 50;
/** A column with more values names something else than channels. */
const MOST_CHANNELS = 64;

export interface IngestContext {
  signal: AbortSignal;
  onProgress: (progress: IngestProgress) => void;
  store?: FileStore;
}

/** @throws StudioError as `CorpusApi.ingest` says; then nothing is kept */
export async function ingest(files: readonly IngestFile[], options: IngestOptions, context: IngestContext): Promise<SourceRecord[]> {
  const channel = await findChannel(options.channel);
  const job: StoredIngest = {
    version: 2,
    id: crypto.randomUUID(),
    startedAt: Date.now(),
    options,
    name: commonName(files),
    files: [],
    findings: { badRows: 0, badExamples: [], skipped: 0, skippedExamples: [], undecodable: 0 },
    sources: [],
    newChannels: [],
  };
  return locked(job.id, () => new IngestJob(job, channel, files, context).finish());
}

/** @throws StudioError `ingest-files`, and then what is stored stays; else as `ingest` */
export async function resumeIngest(id: string, given: readonly IngestFile[], context: IngestContext): Promise<SourceRecord[]> {
  return locked(id, async () => {
    const job = await findIngest(id);
    const files = await filesToGoOn(job, given);
    return new IngestJob(job, await findChannel(job.options.channel), files, context).finish();
  });
}

/** Ingests that no tab works on now. */
export async function interruptedIngests(): Promise<StoredIngest[]> {
  const { held = [] } = await navigator.locks.query();
  const busy = new Set(held.map(({ name }) => name));
  return (await listIngests()).filter(({ id }) => !busy.has(lockName(id)));
}

/** Makes sources of what is stored. */
export async function keepIngest(id: string): Promise<SourceRecord[]> {
  return locked(id, async () => complete(await findIngest(id)));
}

export async function discardIngest(id: string, store?: FileStore): Promise<void> {
  return locked(id, async () => discard(await findIngest(id), store));
}

class IngestJob {
  private readonly store: FileStore;
  /** By channel and kind. */
  private readonly writers = new Map<string, RowWriter>();
  /** Channel of each name that the channel field may give. */
  private readonly byName = new Map<string, string>();
  private readonly named = new Set<string>();
  /** Bytes of all files that are read, and of them so far. */
  private total = 0;
  private done: number;
  private readonly started = performance.now();
  /** Bytes that an earlier session read; they do not count for the speed. */
  private readonly before: number;
  private counted = 0;
  private reported = 0;
  private rows = 0;
  private fetchedBefore = 0;
  private cut = false;
  private problem: StudioError | null = null;

  constructor(
    private readonly job: StoredIngest,
    private readonly channel: WorkshopChannel,
    private readonly given: readonly IngestFile[],
    private readonly context: IngestContext,
  ) {
    this.store = context.store ?? storage;
    for (const { id, channel: of, kind, rowFiles } of job.sources) {
      const writer = new RowWriter(sourceFolder(id), 'raw', rowFiles, this.store);
      this.writers.set(writerKey(of, kind), writer);
      this.rows += writer.total.rows;
    }
    this.before = job.files.reduce((sum, file) => sum + file.done, 0);
    this.counted = this.done = this.before;
  }

  /** The ingest to its end. One that fails is discarded, but rows of a data set stay where only the line to the hub broke off. */
  async finish(): Promise<SourceRecord[]> {
    try {
      return await this.run();
    } catch (error) {
      const { code } = errorRecord(error);
      if (this.job.options.dataset && this.rows > 0 && (code === 'hub-incomplete' || code === 'hub-unreachable')) await this.count();
      else await discard(this.job, this.context.store);
      throw error;
    } finally {
      if (this.job.options.dataset) connectedDataset()?.end();
    }
  }

  private async run(): Promise<SourceRecord[]> {
    const { job } = this;
    for (const { id, name } of [...(await listChannels()), ...job.newChannels]) this.byName.set(name, id);
    this.byName.set(this.channel.name, this.channel.id);
    if (job.files.length === 0) await this.plan();
    this.total = Math.min(sum(job.files.map(({ bytes }) => bytes)), job.options.dataset?.budget ?? Infinity);
    if (job.options.dataset) this.begin(job.options.dataset);
    const byPath = new Map(this.given.map((file) => [file.path, file.file]));
    for (const [index, state] of job.files.entries())
      if (state.state !== 'done' && !this.spent) await this.takeFile(state, byPath.get(state.path)!, index);
    await this.count();
    if (this.rows === 0) throw this.problem ?? nothing(this.given);
    return complete(job);
  }

  /** Bytes fetched in this session count from the connection on, those of a look at the files included. */
  private begin(dataset: DatasetOrigin): void {
    const bytes = connectedDataset();
    if (!bytes) throw new StudioError('ingest-files', 'The hub is not connected', { file: dataset.repository });
    bytes.begin(dataset.budget - dataset.fetched);
    const { fetched } = dataset;
    this.counted = this.done = fetched + bytes.fetched;
    this.fetchedBefore = fetched;
  }

  /** Nothing more of the data set may be fetched. */
  private get spent(): boolean {
    return this.job.options.dataset !== undefined && (this.cut || connectedDataset()!.left === 0);
  }

  /** Looks at every file; those that cannot be read are left out and named. */
  private async plan(): Promise<void> {
    const { job } = this;
    for (const { file, path, handle } of this.given) {
      this.context.signal.throwIfAborted();
      const choice: FileChoice = { ...job.options.choice, ...job.options.choices[path] };
      // Files at a hub are looked at when their turn comes: most of a large data set's are never reached.
      const remote = !(file instanceof File);
      const { plan, problem } = remote
        ? { plan: { kind: kindOf(path)!, encoding: null }, problem: null }
        : await inspectSource(sourceOf(path, file), choice);
      if (!plan) {
        if (job.options.unreadable === 'refuse') throw problem ?? textEmpty(path);
        this.problem ??= problem;
        this.skip({ path, reason: skipReason(problem), detail: problem?.message ?? '' });
        continue;
      }
      job.files.push({
        path,
        bytes: file.size,
        modified: file.lastModified,
        kind: plan.kind,
        encoding: plan.encoding,
        choice,
        handle: handle ?? null,
        state: 'missing',
        mark: BEGINNING,
        done: 0,
      });
    }
    if (job.files.length === 0) throw this.given.length === 1 && this.problem ? this.problem : nothing(this.given);
    await this.count();
  }

  private async takeFile(state: IngestFileState, file: IngestFile['file'], index: number): Promise<void> {
    const source = sourceOf(state.path, file);
    const bytes = source.remote ? connectedDataset()! : null;
    if (bytes)
      bytes.onFetched = () => {
        this.done = this.fetchedBefore + bytes.fetched;
        this.job.options.dataset!.fetched = this.done;
        this.report(state, index);
      };
    const looked = await inspectSource(source, state.choice).catch((error: unknown) => {
      if (error instanceof BudgetSpent) return null;
      throw error;
    });
    if (!looked) {
      this.cut = true;
      return;
    }
    const { plan, problem } = looked;
    if (!plan) {
      // The first file was looked at before; another one without the column is left out as it would be in a folder.
      if (!source.remote || index === 0) throw problem ?? nothing([]);
      this.skip({ path: state.path, reason: skipReason(problem), detail: problem?.message ?? '' });
      state.state = 'done';
      return;
    }
    state.encoding = plan.encoding;
    const earlier = state.done;
    const rowsBefore = this.rows;
    for await (const batch of readRows(source, plan, state.choice, state.mark)) {
      this.context.signal.throwIfAborted();
      const { findings } = this.job;
      for (const { text: read, channel, line, messages = [], kind, label } of batch.rows) {
        const text = kind ? read : this.tidied(read);
        const turns = locateTurns(
          text,
          messages.map(({ role, content }) => ({ role, content: this.tidied(content) })),
        );
        if (label !== undefined) countLabel(findings, label);
        this.writer(channel, plan.channelField, kind).add({ text, path: batch.path, line, prepared: null, turns });
      }
      this.rows += batch.rows.length;
      findings.badRows += batch.bad.length;
      for (const bad of batch.bad) if (findings.badExamples.length < EXAMPLES) findings.badExamples.push({ path: batch.path, ...bad });
      for (const skipped of batch.skipped) this.skip(skipped);
      findings.undecodable += batch.undecodable;
      findings.nuls = (findings.nuls ?? 0) + batch.nuls;
      for (const [loss, count] of Object.entries(batch.losses ?? {}) as [DocumentLoss, number][])
        if (count > 0) findings.losses = { ...findings.losses, [loss]: (findings.losses?.[loss] ?? 0) + count };
      for (const writer of this.writers.values()) if (writer.full) await writer.flush();
      if (!bytes) this.advance(state, Math.max(earlier, batch.done));
      Object.assign(state, { state: 'partial', mark: batch.mark });
      this.report(state, index);
      if (this.done - this.counted >= COUNTED_EVERY) await this.count();
    }
    if (this.job.options.unreadable === 'refuse' && this.rows === rowsBefore) throw textEmpty(state.path);
    if (!bytes) this.advance(state, state.bytes);
    this.cut ||= source.remote?.state.spent === true;
    state.state = 'done';
    this.report(state, index);
  }

  private tidied(text: string): string {
    return this.job.options.lineEnds === 'unix' ? text.replaceAll('\r\n', '\n').replace(/^\n+|\n+$/g, '') : text;
  }

  private advance(state: IngestFileState, done: number): void {
    this.done += done - state.done;
    state.done = done;
  }

  private writer(named: string | null, field: string | null, kind: RecordKind | undefined): RowWriter {
    let channel = this.channel.id;
    if (named !== null) {
      this.named.add(named);
      if (this.named.size > MOST_CHANNELS)
        throw new StudioError('channel-field', `The column ${field} has more than ${MOST_CHANNELS} values`, {
          field: field ?? '',
          found: this.named.size,
          limit: MOST_CHANNELS,
        });
      const known = this.byName.get(named);
      if (known === undefined) {
        const made = newChannel({
          name: named,
          role: this.channel.role,
          language: null,
          colour: COLOURS[this.byName.size % COLOURS.length]!,
        });
        this.job.newChannels.push(made);
        this.byName.set(named, made.id);
        channel = made.id;
      } else channel = known;
    }
    const key = writerKey(channel, kind);
    let writer = this.writers.get(key);
    if (!writer) {
      const source = { id: `${this.job.id}.${this.job.sources.length}`, channel, rowFiles: [], ...(kind && { kind }) };
      writer = new RowWriter(sourceFolder(source.id), 'raw', [], this.store);
      this.job.sources.push(source);
      this.writers.set(key, writer);
    }
    return writer;
  }

  /** What was read so far is written, and then counts. */
  private async count(): Promise<void> {
    this.counted = this.done;
    for (const writer of this.writers.values()) await writer.flush();
    for (const source of this.job.sources) source.rowFiles = [...this.writers.get(writerKey(source.channel, source.kind))!.files];
    await putRecord('intakes', this.job);
  }

  private report({ path }: IngestFileState, index: number): void {
    const now = performance.now();
    const { files, findings } = this.job;
    const { done } = this;
    if (now - this.reported < REPORT_EVERY && done < this.total) return;
    this.reported = now;
    const seconds = Math.max(0.001, (now - this.started) / 1000);
    this.context.onProgress({
      ...{ path, file: index + 1, files: files.length, done, total: this.total },
      ...{ rows: this.rows, badRows: findings.badRows, bytesPerSecond: (done - this.before) / seconds },
    });
  }

  private skip(skipped: IngestFindings['skippedExamples'][number]): void {
    const { findings } = this.job;
    findings.skipped++;
    if (findings.skippedExamples.length < EXAMPLES) findings.skippedExamples.push({ ...skipped, detail: shorten(skipped.detail) });
  }
}

/** Sources, new channels and the end of the ingest in one transaction: all of it is there, or none. */
async function complete(job: StoredIngest): Promise<SourceRecord[]> {
  const createdAt = Date.now();
  const none: IngestFindings = { badRows: 0, badExamples: [], skipped: 0, skippedExamples: [], undecodable: 0 };
  const { dataset } = job.options;
  // Of a data set those that were reached.
  const reached = dataset ? job.files.filter(({ state }) => state !== 'missing') : job.files;
  const files = reached.map(({ path, bytes, kind, encoding }) => ({ path, bytes, kind, encoding }));
  const sources = job.sources
    .filter(({ rowFiles }) => rowFiles.length > 0)
    .map(({ id, channel, kind, rowFiles }, at): StoredSource => ({
      id,
      channel,
      ...(kind && { kind }),
      name: dataset ? datasetName(dataset) : job.name,
      origin: { kind: 'files', files, ...(dataset && { dataset }) },
      use: job.options.use,
      rows: sum(rowFiles.map(({ rows }) => rows)),
      bytes: sum(rowFiles.map(({ bytes }) => bytes)),
      // What was left out belongs to no channel: the first source tells it.
      findings: at === 0 ? job.findings : none,
      createdAt,
      rowFiles,
    }));
  const used = new Set(sources.map(({ channel }) => channel));
  const transaction = (await records()).transaction(['sources', 'channels', 'intakes'], 'readwrite');
  for (const source of sources) void transaction.objectStore('sources').put(source);
  for (const channel of job.newChannels) if (used.has(channel.id)) void transaction.objectStore('channels').put(channel);
  void transaction.objectStore('intakes').delete(job.id);
  await transaction.done;
  await removeUncounted(job, sources);
  return sources.map(sourceRecord);
}

export function sourceRecord({ rowFiles: _rowFiles, ...source }: StoredSource): SourceRecord {
  return source;
}

async function discard(job: StoredIngest, store: FileStore = storage): Promise<void> {
  await (await records()).delete('intakes', job.id);
  await removeUncounted(job, [], store);
}

/** Folders of sources that a crash left before they counted, and row files beyond those that count. */
async function removeUncounted({ id }: StoredIngest, kept: readonly StoredSource[], store: FileStore = storage): Promise<void> {
  for (const { name } of await store.list('sources')) {
    if (!name.startsWith(`${id}.`)) continue;
    const source = kept.find((candidate) => candidate.id === name);
    const folder = sourceFolder(name);
    if (!source) await store.remove(folder);
    else for (const file of (await store.list(folder)).slice(source.rowFiles.length)) await store.remove(`${folder}/${file.name}`);
  }
}

/** The files that are still to be read: those given, or those that may be read by their handles. */
async function filesToGoOn(job: StoredIngest, given: readonly IngestFile[]): Promise<IngestFile[]> {
  const byPath = new Map(given.map((file) => [file.path, file]));
  const found: IngestFile[] = [];
  for (const { path, state, bytes, modified, handle } of job.files) {
    if (state === 'done') continue;
    const file = byPath.get(path)?.file ?? (await handle?.getFile().catch(() => null));
    if (!file || file.size !== bytes || file.lastModified !== modified)
      throw new StudioError('ingest-files', `${path} is missing or has changed`, { file: path });
    found.push({ file, path });
  }
  return found;
}

/** Rows of one kind in one channel are one source. */
const writerKey = (channel: string, kind: RecordKind | undefined): string => `${channel} ${kind ?? 'text'}`;

/** Labels that are counted by name; a column with more holds no classes. */
const MOST_LABELS = 1000;

function countLabel(findings: IngestFindings, label: string): void {
  const labels = (findings.labels ??= {});
  if (Object.hasOwn(labels, label) || Object.keys(labels).length < MOST_LABELS) labels[label] = (labels[label] ?? 0) + 1;
}

/** As the field names it: owner/name@revision/config/split. */
const datasetName = ({ repository, revision, config, split }: DatasetOrigin): string => `${repository}@${revision}/${config}/${split}`;

const lockName = (id: string): string => `crossfade:intake:${id}`;

function locked<T>(id: string, work: () => Promise<T>): Promise<T> {
  return navigator.locks.request(lockName(id), work);
}

/** The folder that all files share, else the first file's name. */
function commonName(files: readonly IngestFile[]): string {
  const [first] = files;
  if (!first) return '';
  const folder = first.path.includes('/') ? first.path.split('/')[0]! : null;
  const shared = folder !== null && files.every(({ path }) => path.startsWith(`${folder}/`));
  return shared ? folder : files.length > 1 ? `${first.path} + ${files.length - 1}` : first.path;
}

function nothing(files: readonly IngestFile[]): StudioError {
  const file = commonName(files);
  return files.length === 1
    ? textEmpty(file)
    : new StudioError('folder-empty', `No text among ${files.length} files`, { file: file === '' ? '—' : file, found: files.length });
}

function textEmpty(file: string): StudioError {
  return new StudioError('text-empty', `${file} holds no text`, { file });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
