import type {
  BadRow,
  DatasetOrigin,
  FileChoice,
  FileKind,
  TextEncodingName,
  IngestFindings,
  IngestFile,
  InspectedFile,
  IngestOptions,
  IngestProgress,
  InterruptedIngest,
} from './ingest';
import type { RecordKind } from '../core/corpus/records';
import type { PipelineSettingsInput } from '../core/corpus/settings';
import type { PipelineReport } from '../core/corpus/report';
import type { FilterDecision, RowQuery } from '../core/corpus/filter-log';
import type { Echo } from '../core/recipe/schema';
import type { OnProgress } from './progress';
export type PipelinePhase = 'measure' | 'compare' | 'decontaminate' | 'difficulty' | 'write';

export interface PipelineProgress {
  phase: PipelinePhase;
  rows: number;
  /** Rows in all; null in the first phase, which counts them. */
  total: number | null;
  /** UTF-16 units of text seen in this phase, and a second. */
  units: number;
  unitsPerSecond: number;
}

// ---------------------------------------------------------------- corpora
export interface CorpusRecord {
  id: string;
  /** Shown name; bundled corpora are translated by the page from `corpora.<id>`. */
  name: string;
  bundled: boolean;
  role: 'general' | 'domain';
  /** Its documents are records of this kind, as canonical JSON; absent: texts. */
  kind?: RecordKind;
  /** Of labelled texts: the labels, in order of their names. */
  labels?: string[];
  documents: { train: number; heldOut: number };
  bytes: { train: number; heldOut: number };
  /** Train rows that a model labelled, where there are any. */
  pseudo?: number;
  licence: string;
  attribution: CorpusSource[];
  createdAt: number;
  /** What an import left out; absent on bundled corpora. */
  leftOut?: LeftOut;
  /** The workshop's channel that it was prepared from, and that channel's colour token; absent on others. */
  channel?: string;
  colour?: string;
  /** A model wrote the text. */
  generated?: GeneratedText;
}

/** How a model wrote a text, and what came of it. */
export interface GeneratedText {
  /** `tokens` are those that were written: fewer than asked for where it was cancelled. */
  settings: Echo;
  /** SHA-256 of the weights, and the backend that they ran on. */
  weights: string;
  backend: string;
  /** Tokens before the text was made of them, and as the tokenizer cuts the text. */
  tokens: number;
  retokenized: number;
  /** Documents that come back as the same tokens, that ended at `length`, and that came out empty and were left out. */
  exact: number;
  cut: number;
  empty: number;
  seconds: number;
}

export interface LeftOut {
  /** Documents that stood there before, word for word. */
  duplicates: number;
  /** Lines of .jsonl files that could not be used, and the first of them by name. */
  badLines: number;
  examples: { file: string; line: number; detail: string; reason?: BadRow['reason'] }[];
}

export interface CorpusSource {
  text: string;
  package: string;
  licence: string;
}

// ---------------------------------------------------------------- corpora: the workshop
export interface WorkshopChannel {
  id: string;
  name: string;
  /** Name of a colour token: `zh`, `en`, `code`, `domain`, `domain-legal`, `extra-0` … `extra-3`. */
  colour: string;
  role: 'general' | 'domain';
  /** Language that its rows should have: ISO 639-1, or `code`; null where any will do. */
  language: string | null;
  createdAt: number;
  /** The corpus made from it, usable on the desk, and the preparation that made it; null before the pipeline ran. */
  corpus: string | null;
  preparation: string | null;
}

/** What a person sets. */
export type ChannelSettings = Pick<WorkshopChannel, 'name' | 'colour' | 'role' | 'language'>;

export interface SourceRecord {
  id: string;
  channel: string;
  name: string;
  /** Files of a person whose rows are stored, or a corpus of the desk (bundled or of an earlier version) read where it lies. */
  origin:
    | {
        kind: 'files';
        files: { path: string; bytes: number; kind: FileKind; encoding: TextEncodingName | null }[];
        /** The files lay at a hub. */
        dataset?: DatasetOrigin;
      }
    | { kind: 'corpus'; corpus: string };
  /** Of its rows; absent: texts. */
  kind?: RecordKind;
  use: 'split' | 'held-out';
  rows: number;
  /** UTF-8 of the text. */
  bytes: number;
  findings: IngestFindings;
  createdAt: number;
  /** Present where a model chose the rows out of a pile. */
  pseudo?: PseudoLabel;
}

/** How rows got their label that no person gave. Such rows are trained on and never held out. */
export interface PseudoLabel {
  /** `n-grams`: two models of bytes (Moore and Lewis 2010); `run`: a tuned model against its base. */
  scorer: 'n-grams' | 'run';
  /** Score from which rows were taken, bits per byte. */
  threshold: number;
  /** Of the rows that a person judged among those taken. */
  judged: { rows: number; right: number };
}

/** What a pile is sorted by. */
export type SortingText = { kind: 'channel' | 'corpus'; id: string };

export interface PileScores {
  /** Of each row of the source, bits per byte: above 0 is nearer to the domain. */
  scores: Float32Array<ArrayBuffer>;
}

/** A raw row. */
export interface SourceRow {
  /** From 0 in its source. */
  index: number;
  text: string;
  path: string;
  /** Line or row of the file, from 1; 0 in corpora. */
  line: number;
}

// ---------------------------------------------------------------- corpora: the pipeline
export interface PrepareRequest {
  /** Channels that take part: duplicates are looked for across them, and general text is sized by the domain's. */
  channels: string[];
  settings: PipelineSettingsInput;
  /** Probe sets in JSON Lines (METHOD 9) that no training row may overlap with. The bundled sets always count. */
  probes: { name: string; content: string }[];
}

export interface PreparationRecord {
  id: string;
  createdAt: number;
  /** In the order of the request, with the corpus made of each and the numbers of its rows. */
  channels: {
    id: string;
    name: string;
    /** Null when nothing was kept to train on or to measure by; the channel keeps its former corpus then. */
    corpus: string | null;
    firstRow: number;
    rows: number;
  }[];
  report: PipelineReport;
  /** Lines of the given probe sets that could not be used. */
  badProbes: { name: string; line: number; reason: string }[];
}

/** A raw row with all that was measured and decided. */
export interface PreparedRow {
  decision: FilterDecision;
  /** The raw text, shortened in lists; null when its source was removed since. */
  text: string | null;
  source: string;
  line: number;
  /** A model gave it to its channel. */
  pseudo: boolean;
}

export interface ExportRequest {
  corpora: string[];
  format: 'jsonl' | 'parquet';
  splits: ('train' | 'heldOut')[];
  /** A file for each split with all corpora in it, or one for each corpus and split. */
  parts: 'one' | 'each';
}

/** Lies in OPFS for an hour at least; the Blob reads it from there. */
export interface ExportedFile {
  name: string;
  blob: Blob;
  rows: number;
}

/** `ingest` is also that of a resumed one. */
type CorpusWork = 'import' | 'ingest' | 'prepare' | 'export' | 'sort';

export interface CorpusApi {
  list(): Promise<CorpusRecord[]>;
  /** .txt, .md (blank lines part documents), .jsonl (`text` field), also packed. 10 % of documents become held-out text. Throws as `ingest`, and `text-single`. */
  importFiles(files: File[], options: { name: string; role: 'general' | 'domain' }, onProgress: OnProgress): Promise<CorpusRecord>;
  /** First documents of a split, for a look. */
  sample(id: string, split: 'train' | 'heldOut', count: number): Promise<string[]>;
  remove(id: string): Promise<void>;
  /** Ends the work of this kind that is in progress, and no other; none leaves anything half. */
  cancel(work: CorpusWork): Promise<void>;

  /** The port on which the hub worker gives ranges of a data set's files (`HubApi.serve`); it replaces the one before. */
  connect(port: MessagePort): Promise<void>;
  /** `choices`: what the person said, by path. Reads the beginning of each file only; of many of one kind the first 50 are opened, the rest known by name and size. */
  inspect(files: IngestFile[], choices?: Record<string, FileChoice>): Promise<InspectedFile[]>;
  /**
   * Stores the rows of the files as sources, one for each channel that they go to. Memory stays flat, whatever the files' size.
   * Throws `folder-empty`, `text-empty`, `file-unsupported`, `file-binary`, `field-missing`, `archive-*`, `parquet-invalid`, `quota`,
   * `cancelled`; then nothing of it is kept.
   */
  ingest(files: IngestFile[], options: IngestOptions, onProgress: (progress: IngestProgress) => void): Promise<SourceRecord[]>;
  interruptedIngests(): Promise<InterruptedIngest[]>;
  /**
   * Goes on where an interrupted ingest stopped. `files`: those dropped again, or none where it has handles that may be read.
   * Throws `job-files` naming a file that is missing or has changed; what was stored stays.
   */
  resumeIngest(id: string, files: IngestFile[], onProgress: (progress: IngestProgress) => void): Promise<SourceRecord[]>;
  /** Makes sources of the rows that were stored before the interruption. */
  keepIngest(id: string): Promise<SourceRecord[]>;
  discardIngest(id: string): Promise<void>;

  channels(): Promise<WorkshopChannel[]>;
  createChannel(channel: ChannelSettings): Promise<WorkshopChannel>;
  changeChannel(id: string, change: Partial<ChannelSettings>): Promise<WorkshopChannel>;
  /** With its sources and its prepared corpus. */
  removeChannel(id: string): Promise<void>;
  sources(): Promise<SourceRecord[]>;
  /** A corpus of the desk as a source: a starter channel can be put through the pipeline. */
  addCorpusSource(corpus: string, channel: string): Promise<SourceRecord>;
  moveSource(id: string, channel: string): Promise<SourceRecord>;
  removeSource(id: string): Promise<void>;
  sourceRows(id: string, start: number, count: number): Promise<SourceRow[]>;

  /**
   * Scores every row of a source, in its order. `by`: text of the domain and general text, as many bytes of each, or the scores of texts by
   * the page's own models. Throws `text-empty` naming a text without rows, `cancelled`.
   */
  scorePile(
    source: string,
    by: { domain: SortingText; general: SortingText } | ((texts: string[]) => Promise<number[]>),
    onProgress: (rows: number) => void,
  ): Promise<PileScores>;
  /** Makes a source of a channel of these rows, rising by number. Throws `quota`. */
  takeSorted(source: string, rows: Uint32Array, channel: string, pseudo: PseudoLabel): Promise<SourceRecord>;

  /**
   * Runs the pipeline over all rows of the channels. What it keeps becomes the channels' corpora, all at once when it is complete;
   * until then, and when it fails, those of the last preparation stay. `documentLoss` gives the base's loss of each text, in nats per
   * token, for an order by difficulty. Throws `text-empty` naming a channel without rows.
   */
  prepare(
    request: PrepareRequest,
    onProgress: (progress: PipelineProgress) => void,
    documentLoss?: (texts: string[]) => Promise<number[]>,
  ): Promise<PreparationRecord>;
  /** Those that a channel's corpus comes from, newest last. */
  preparations(): Promise<PreparationRecord[]>;
  /** Rows behind a count, a reason or a bar, `count` from the `start`-th on. */
  preparedRows(preparation: string, query: RowQuery, start: number, count: number): Promise<{ total: number; rows: PreparedRow[] }>;
  /** One row with its whole text. */
  preparedRow(preparation: string, row: number): Promise<PreparedRow>;

  /**
   * JSON Lines with `text`, `channel`, `source`, `score` (null where no score is known) and of conversations `messages`, or parquet with the first four.
   * Of records JSON Lines have the record's own keys in place of the text, parquet has its canonical JSON as the text.
   */
  exportCorpora(request: ExportRequest, onProgress: OnProgress): Promise<ExportedFile[]>;
}
