/** Records of the corpus workshop: channels, sources, unfinished ingests and preparations, and the folders of their files. */
import { StudioError } from '../../src/core/errors';
import type { DocumentSeparator, FileChoice, FileKind, IngestFindings, IngestOptions, TextEncodingName } from '../../src/contract/ingest';
import type { RecordKind } from '../../src/core/corpus/records';
import { liftReport } from '../../src/core/corpus/report';
import type { PreparationRecord, SourceRecord, WorkshopChannel } from '../../src/contract/corpus';
import { records } from './records';
import type { RowFile } from './row-files';

export interface StoredSource extends SourceRecord {
  /** In `sources/<id>/`; empty when the source is a stored corpus, which is read in its own folder. */
  rowFiles: RowFile[];
}

/** Progress of one file of an ingest. */
export interface IngestFileState {
  path: string;
  bytes: number;
  /** Time of the last change, ms since 1970: tells another file of the same name. */
  modified: number;
  kind: FileKind;
  encoding: TextEncodingName | null;
  choice: FileChoice;
  handle: FileSystemFileHandle | null;
  state: 'done' | 'partial' | 'missing';
  /** Position to continue reading from. */
  mark: { offset: number; line: number; rows: number; bad: number };
  done: number;
}

/** An unfinished ingest. Saved after the row files that it counts, so those exist. */
export interface StoredIngest {
  /** Absent in what was begun before rows were read as records: it goes on as texts. */
  version?: 2;
  id: string;
  startedAt: number;
  options: IngestOptions;
  name: string;
  files: IngestFileState[];
  findings: IngestFindings;
  /** Rows so far, by channel and kind. */
  sources: { id: string; channel: string; kind?: RecordKind; rowFiles: RowFile[] }[];
  /** Channels named by the channel field that do not exist yet; created when the ingest ends. */
  newChannels: WorkshopChannel[];
}

export interface StoredPreparation extends PreparationRecord {
  /** Sources in the order of the rows. */
  parts: { source: string; firstRow: number; rows: number }[];
}

export const sourceFolder = (source: string): string => `sources/${source}`;
export const preparationFolder = (preparation: string): string => `preparations/${preparation}`;

/** Throws `workshop-missing`. */
export async function findChannel(id: string): Promise<WorkshopChannel> {
  return (await (await records()).get('channels', id)) ?? missing(id);
}

/** Throws `workshop-missing`. */
export async function findSource(id: string): Promise<StoredSource> {
  return (await (await records()).get('sources', id)) ?? missing(id);
}

/** Oldest first. */
export async function listSources(): Promise<StoredSource[]> {
  return (await (await records()).getAll('sources')).sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
}

/** Throws `workshop-missing`. */
export async function findIngest(id: string): Promise<StoredIngest> {
  return liftIngest((await (await records()).get('intakes', id)) ?? missing(id));
}

/** Started first comes first. */
export async function listIngests(): Promise<StoredIngest[]> {
  return (await (await records()).getAll('intakes')).map(liftIngest).sort((a, b) => a.startedAt - b.startedAt);
}

/** Throws `workshop-missing`. */
export async function findPreparation(id: string): Promise<StoredPreparation> {
  return liftPreparation((await (await records()).get('preparations', id)) ?? missing(id));
}

/** Newest last. */
export async function listPreparations(): Promise<StoredPreparation[]> {
  return (await (await records()).getAll('preparations')).map(liftPreparation).sort((a, b) => a.createdAt - b.createdAt);
}

/** Earlier versions stored a choice's `documentSeparator` as `parting`, and read all rows as texts. */
function liftIngest(stored: StoredIngest): StoredIngest {
  const lift = (choice: FileChoice & { parting?: DocumentSeparator }): FileChoice => {
    const { parting, ...rest } = choice;
    const known = stored.version === undefined ? { ...rest, records: null } : rest;
    return parting === undefined ? known : { documentSeparator: parting, ...known };
  };
  const { options, files } = stored;
  const choices = Object.fromEntries(Object.entries(options.choices).map(([path, choice]) => [path, lift(choice)]));
  return {
    ...stored,
    options: { ...options, choice: lift(options.choice), choices },
    files: files.map((file) => ({ ...file, choice: lift(file.choice) })),
  };
}

function liftPreparation(stored: StoredPreparation): StoredPreparation {
  return { ...stored, report: liftReport(stored.report) };
}

function missing(id: string): never {
  throw new StudioError('workshop-missing', `The workshop has no "${id}"`, { wanted: id });
}
