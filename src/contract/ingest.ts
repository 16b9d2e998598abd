import type { RecordFault, RecordKind } from '../core/corpus/records';
import type { ErrorRecord } from '../core/errors';
// ---------------------------------------------------------------- corpora: files of a person
/** `code` is one document a file, whatever is in it. */
export type FileKind =
  | 'text'
  | 'markdown'
  | 'json-lines'
  | 'json'
  | 'csv'
  | 'tsv'
  | 'parquet'
  | 'arrow'
  | 'html'
  | 'code'
  | 'pdf'
  | 'docx'
  | 'epub'
  | 'zip'
  | 'tar';

/** What a single file is packed with, whatever its kind ("rows.jsonl.gz"). */
export type Packing = 'gzip' | 'zstd';

/** Labels of the Encoding Standard. */
export type TextEncodingName =
  'utf-8' | 'utf-16le' | 'utf-16be' | 'gb18030' | 'big5' | 'shift_jis' | 'euc-jp' | 'euc-kr' | 'windows-1252' | 'windows-1251';

/**
 * A text that is joined of several strings of a row. `turns`: messages of a conversation, which stand as a list in each of the
 * fields; `columns`: several columns, such as instruction, input and output; `questions`: SQuAD's paragraphs with their questions.
 */
export interface TextJoin {
  of: 'turns' | 'columns' | 'questions';
  fields: string[];
}

/** What separates the documents of a plain text. */
export type DocumentSeparator = 'blank-lines' | 'lines' | 'whole-file';

/** A file of a data set at a hub: its path there. Its bytes are fetched as they are read. */
export interface RemoteFile {
  remote: string;
  size: number;
  lastModified: number;
}

/** Where the rows of a data set came from. */
export interface DatasetOrigin {
  /** Of the hub. */
  address: string;
  repository: string;
  /** As it was asked for, and the commit that it named then; null where the host does not tell. */
  revision: string;
  commit: string | null;
  config: string;
  split: string;
  /** As the card says it; null where it says none. */
  licence: string | null;
  /** Bytes that may be fetched, and those that were. */
  budget: number;
  fetched: number;
}

/** A file as it was dropped or picked, or one at the hub that `CorpusApi.connect` connected. */
export interface IngestFile {
  file: File | RemoteFile;
  /** Path inside a dropped folder ("notes/a.txt"), else the file's name: shown, and what a resumed ingest knows it by. */
  path: string;
  /** Where the browser gives one; an interrupted ingest can then go on without the files being dropped again. */
  handle?: FileSystemFileHandle;
}

export interface InspectedColumn {
  /** With dots for what stands inside ("data.text"), and "[]" for the elements of a list ("paragraphs[].text"). */
  name: string;
  /** First values, shortened. */
  values: string[];
  /** False where the values are numbers, lists or objects, which cannot be the text. */
  text: boolean;
}

/** What the beginning of a file tells; nothing is stored. */
export interface InspectedFile {
  path: string;
  bytes: number;
  /** Null: no kind that can be read; an ingest leaves the file out. */
  kind: FileKind | null;
  packing: Packing | null;
  /** Null where bytes are no text (parquet, arrow, documents, zip, tar). */
  encoding: TextEncodingName | null;
  /** Of json-lines, json, csv, tsv, parquet and arrow; an archive shows those of its first such file. */
  columns: InspectedColumn[];
  /** Guesses: the column with the text (null where it is joined), and the one that tells the channel. */
  textField: string | null;
  channelField: string | null;
  /** Ways in which the text can be joined, each with the template that it begins with. */
  joins: (TextJoin & { template: string })[];
  /** The one that is guessed; null where a column holds the text. */
  join: TextJoin | null;
  /** By which the text is joined. */
  template: string | null;
  /** What kinds of records the rows can be read as, the likeliest first; as which they are read (null: as text), and the column of labels. */
  recordKinds: RecordKind[];
  records: RecordKind | null;
  labelField: string | null;
  /** Guess, for plain text. */
  documentSeparator: DocumentSeparator;
  /** First documents under these guesses, shortened. */
  preview: string[];
  /** What an archive holds. `all` is false where only its first files were looked at: a tar has no directory. */
  inside: { files: number; bytes: number; kinds: Partial<Record<FileKind, number>>; all: boolean } | null;
  /** Why an ingest would leave the file out; reading it may show more. */
  problem: ErrorRecord | null;
}

/** The person's choice for a file; what is absent is guessed as `inspect` does. */
export interface FileChoice {
  encoding?: TextEncodingName;
  /** Column of the text; it ends a join. */
  textField?: string;
  /** Null: the text is that of a column. */
  join?: TextJoin | null;
  /** For `join`. Absent: the one that it begins with. */
  template?: string;
  /** Rows are records of this kind; null: texts. */
  records?: RecordKind | null;
  /** Column of the labels of labelled texts, whose texts are in `textField`. */
  labelField?: string;
  /** Rows go into the channel with this column's value as its name, which is made where there is none. Null: all into one. */
  channelField?: string | null;
  documentSeparator?: DocumentSeparator;
}

export interface IngestOptions {
  /** Workshop channel for all rows without a channel of their own. */
  channel: string;
  /** `held-out`: the rows are given evaluation text and never trained on. */
  use: 'split' | 'held-out';
  /** For every file, and by path where a file differs. */
  choice: FileChoice;
  choices: Record<string, FileChoice>;
  /** Of files at a hub; those that are not reached within the budget are left out. */
  dataset?: DatasetOrigin;
  /** `skip` (where absent): a file that cannot be read or holds no text is left out and named. `refuse`: it ends the ingest. */
  unreadable?: 'skip' | 'refuse';
  /** `keep` (where absent): texts as they are. `unix`: CRLF becomes LF, and line ends around a text go. */
  lineEnds?: 'keep' | 'unix';
}

/** done, total: bytes of the files as they lie. */
export interface IngestProgress {
  path: string;
  /** From 1. */
  file: number;
  files: number;
  done: number;
  total: number;
  rows: number;
  badRows: number;
  bytesPerSecond: number;
}

/**
 * `json`: not JSON; `field`: no text in the text field; `empty`: nothing but white space; `too-long`: over 16 MiB; `columns`: a torn row;
 * `quote`: a quote that nothing closes; `torn`: the packed file is damaged or ends here; besides what is wrong with a record.
 */
type BadRowReason = 'json' | 'field' | 'empty' | 'too-long' | 'columns' | 'quote' | 'torn' | RecordFault;

export interface BadRow {
  path: string;
  /** Line of the file from 1, or row where a file has no lines (parquet, json). */
  line: number;
  reason: BadRowReason;
  /** The parser's own words, or the start of what was found. */
  detail: string;
}

/**
 * `kind`: no kind that can be read; `name`: a path that leads out of its archive; `nested`: an archive too deep inside others;
 * `no-text`: a document of pictures alone; `pointer`: a Git LFS pointer; `web-page`: a page in the file's place; `metadata`: what a library keeps beside its data.
 */
export type SkipReason =
  | 'kind'
  | 'empty'
  | 'no-text'
  | 'binary'
  | 'encrypted'
  | 'name'
  | 'nested'
  | 'unreadable'
  | 'no-field'
  | 'pointer'
  | 'web-page'
  | 'metadata';

export interface SkippedFile {
  path: string;
  reason: SkipReason;
  detail: string;
}

/**
 * What a document loses on the way to text. `pages`: without text, such as scans; `damaged`: pages that cannot be read; `heads`: lines
 * that repeat from page to page; `hyphens`: words joined over a line end; `tables`: as lines with tabs between cells; `images`: left out;
 * `rotated`: pieces of text in another direction, left out; `unmapped`: characters that the font gives no letter for; `navigation`: pages
 * that list the others, left out; `notes`: put behind the text; `ignored`: equations and embedded objects, left out.
 */
export type DocumentLoss =
  'pages' | 'damaged' | 'heads' | 'hyphens' | 'tables' | 'images' | 'rotated' | 'unmapped' | 'navigation' | 'notes' | 'ignored';

/** What an ingest left out: counts, and the first ones by name. */
export interface IngestFindings {
  badRows: number;
  badExamples: BadRow[];
  skipped: number;
  skippedExamples: SkippedFile[];
  /** Byte sequences that could not be decoded; the text has U+FFFD there. */
  undecodable: number;
  /** NUL characters, which are dropped. Absent in what former versions stored. */
  nuls?: number;
  /** Rows of labelled texts by label. */
  labels?: Record<string, number>;
  /** Of documents; absent where nothing was lost. */
  losses?: Partial<Record<DocumentLoss, number>>;
}

/** An ingest that a reload or a crash cut off. */
export interface InterruptedIngest {
  id: string;
  channel: string;
  startedAt: number;
  /** Rows safely stored. */
  rows: number;
  /** `partial`: stored up to `done` bytes (0 where the format has no such position: it is read again from its start). */
  files: { path: string; bytes: number; state: 'done' | 'partial' | 'missing'; done: number }[];
  /** Of a data set: it goes on once the hub is connected again. */
  dataset?: DatasetOrigin;
  /** Of every file that is not done: none of them needs to be dropped again, once reading is allowed. Empty else. */
  handles: FileSystemFileHandle[];
}
