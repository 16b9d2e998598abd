import type { ErrorRecord } from '../core/errors';
// ---------------------------------------------------------------- corpora: files of a person
/** `code` is one document a file, whatever is in it. */
export type FileKind = 'text' | 'markdown' | 'json-lines' | 'json' | 'csv' | 'tsv' | 'parquet' | 'html' | 'code' | 'zip';

export type TextEncodingName = 'utf-8' | 'utf-16le' | 'utf-16be' | 'gb18030';

/** What separates the documents of a plain text. */
export type DocumentSeparator = 'blank-lines' | 'lines' | 'whole-file';

/** A file as it was dropped or picked. */
export interface IngestFile {
  file: File;
  /** Path inside a dropped folder ("notes/a.txt"), else the file's name: shown, and what a resumed ingest knows it by. */
  path: string;
  /** Where the browser gives one; an interrupted ingest can then go on without the files being dropped again. */
  handle?: FileSystemFileHandle;
}

export interface InspectedColumn {
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
  /** Null where bytes are no text (parquet, zip). */
  encoding: TextEncodingName | null;
  /** Of json-lines, json, csv, tsv and parquet; a zip shows those of its first such file. */
  columns: InspectedColumn[];
  /** Guesses: the column with the text, and the one that tells the channel. */
  textField: string | null;
  channelField: string | null;
  /** Guess, for plain text. */
  documentSeparator: DocumentSeparator;
  /** First documents under these guesses, shortened. */
  preview: string[];
  /** What a zip holds. */
  inside: { files: number; bytes: number; kinds: Partial<Record<FileKind, number>> } | null;
  /** Why an ingest would leave the file out; reading it may show more. */
  problem: ErrorRecord | null;
}

/** The person's choice for a file; what is absent is guessed as `inspect` does. */
export interface FileChoice {
  encoding?: TextEncodingName;
  textField?: string;
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

/** `json`: not JSON; `field`: no text in the text field; `empty`: nothing but white space; `too-long`: over 16 MiB; `columns`: a torn row. */
type BadRowReason = 'json' | 'field' | 'empty' | 'too-long' | 'columns';

export interface BadRow {
  path: string;
  /** Line of the file from 1, or row where a file has no lines (parquet, json). */
  line: number;
  reason: BadRowReason;
  /** The parser's own words, or the start of what was found. */
  detail: string;
}

/** `kind`: no kind that can be read; `name`: a path that leads out of its archive; `nested`: an archive too deep inside others. */
export type SkipReason = 'kind' | 'empty' | 'no-text' | 'binary' | 'encrypted' | 'name' | 'nested' | 'unreadable' | 'no-field';

export interface SkippedFile {
  path: string;
  reason: SkipReason;
  detail: string;
}

/** What an ingest left out: counts, and the first ones by name. */
export interface IngestFindings {
  badRows: number;
  badExamples: BadRow[];
  skipped: number;
  skippedExamples: SkippedFile[];
  /** Byte sequences that could not be decoded; the text has U+FFFD there. */
  undecodable: number;
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
  /** Of every file that is not done: none of them needs to be dropped again, once reading is allowed. Empty else. */
  handles: FileSystemFileHandle[];
}
