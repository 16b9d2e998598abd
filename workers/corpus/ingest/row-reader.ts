/** What all readers of files share: the kind of a file by its name, how it is to be read, and batches of its rows. */
import type {
  BadRow,
  DocumentLoss,
  DocumentSeparator,
  FileKind,
  SkippedFile,
  SkipReason,
  TextEncodingName,
  TextJoin,
} from '../../../src/contract/ingest';
import { parseRecord, SYSTEM_COLUMNS, type LabelColumns } from '../../../src/core/corpus/record-forms';
import { writeRecord, type RecordKind } from '../../../src/core/corpus/records';
import type { StudioError } from '../../../src/core/errors';
import type { Message } from '../../../src/core/corpus/row';
import type { ByteSource } from './byte-source';
import type { Dialect } from './delimited';
import type { JsonLayout } from './json-layout';
import { textAt, valueAt, type Row } from './record';
import { messagesOf, type RowText } from './text-join';

const KINDS: Record<string, FileKind> = {
  txt: 'text',
  text: 'text',
  log: 'text',
  md: 'markdown',
  markdown: 'markdown',
  mdx: 'markdown',
  rst: 'markdown',
  jsonl: 'json-lines',
  ndjson: 'json-lines',
  jsonlines: 'json-lines',
  json: 'json',
  csv: 'csv',
  tsv: 'tsv',
  parquet: 'parquet',
  arrow: 'arrow',
  feather: 'arrow',
  ipc: 'arrow',
  html: 'html',
  htm: 'html',
  xhtml: 'html',
  pdf: 'pdf',
  docx: 'docx',
  docm: 'docx',
  epub: 'epub',
  zip: 'zip',
  tar: 'tar',
  tgz: 'tar',
  tzst: 'tar',
};
const CODE =
  'py pyi ipy js mjs cjs jsx ts mts cts tsx c h cc cpp cxx hh hpp hxx cu cs java kt kts scala go rs rb php pl pm lua r jl swift m mm dart hs ml mli ex exs erl clj lisp scm el vim sh bash zsh fish ps1 bat sql css scss less vue svelte proto graphql cmake mk asm s v sv vhd tex bib yaml yml toml ini cfg xml';
for (const extension of CODE.split(' ')) KINDS[extension] = 'code';
const NAMES: Record<string, FileKind> = { makefile: 'code', dockerfile: 'code', readme: 'text', license: 'text' };
const PACKED = /\.(?:gz|gzip|zst|zstd)$/;

/**
 * The kind by the name, whatever the file is packed with; "rows.gz" may be any text. Null: no kind that can be read. Hidden files and
 * what macOS adds to archives are none.
 */
export function kindOf(path: string): FileKind | null {
  const parts = path.split('/');
  const written = parts.at(-1)!.toLowerCase();
  if (written.startsWith('.') || parts.includes('__MACOSX') || parts.some((part) => part === '.git' || part === 'node_modules'))
    return null;
  const name = written.replace(PACKED, '');
  const dot = name.lastIndexOf('.');
  const kind = (dot < 0 ? NAMES[name] : KINDS[name.slice(dot + 1)]) ?? null;
  return kind ?? (name !== written ? 'text' : null);
}

/** True for a name that says that the file is packed. */
export function isNamedPacked(path: string): boolean {
  return /\.(?:gz|gzip|zst|zstd|tgz|tzst)$/i.test(path);
}

export const STRUCTURED: ReadonlySet<FileKind> = new Set(['json-lines', 'json', 'csv', 'tsv', 'parquet', 'arrow']);

/** Kinds of which every byte must be at hand. */
export const NEED_ALL: ReadonlySet<FileKind> = new Set(['zip', 'parquet', 'pdf', 'docx', 'epub']);

/** For the message that a file cannot be read. */
export const ACCEPTED = '.txt .md .jsonl .json .csv .tsv .parquet .arrow .html .pdf .docx .epub .zip .tar .py .js .c … (also .gz, .zst)';

/** Longest row, in UTF-16 units or in bytes of a line: longer ones are named and left out, and never held whole. */
export const LONGEST_ROW = 16 * 2 ** 20;

/** How a file is to be read. */
export interface FilePlan {
  kind: FileKind;
  /** Null where bytes are no text (parquet, arrow, documents, zip, tar). */
  encoding: TextEncodingName | null;
  /** The encoding is the person's choice, not a guess. */
  encodingChosen: boolean;
  /** `cr`: lines end with CR alone, as on the first Macintoshes. */
  lineEnd: 'lf' | 'cr';
  /** Of JSON. */
  layout: JsonLayout;
  /** Of CSV and TSV. */
  dialect: Dialect;
  /** Path of the text in a row; null where it is joined, or where there are no rows. */
  textField: string | null;
  /** Rows are records, made of these columns; null: they are texts. */
  records: { kind: RecordKind; columns: LabelColumns | null; fields: string[] } | null;
  join: TextJoin | null;
  template: string;
  /** Of a join. */
  joined: RowText | null;
  channelField: string | null;
  documentSeparator: DocumentSeparator;
}

interface ParsedRow {
  text: string;
  /** Value of the channel field; null without one. */
  channel: string | null;
  /** Line or row in its file, from 1. */
  line: number;
  /** Of a conversation that is one text. */
  messages?: Message[];
  /** The text is a record of this kind. */
  kind?: RecordKind;
  label?: string;
}

/** A position between two rows from which reading can go on. Its numbers mean what the file's reader says (byte and line, row group, entry). */
export interface Cursor {
  offset: number;
  line: number;
}
export const START: Cursor = { offset: 0, line: 1 };

export interface RowBatch {
  /** The file the rows stand in: the file itself, or one inside an archive. */
  path: string;
  rows: ParsedRow[];
  bad: Omit<BadRow, 'path'>[];
  /** Files inside an archive that were left out. */
  skipped: SkippedFile[];
  undecodable: number;
  nuls: number;
  /** Of documents. */
  losses?: Partial<Record<DocumentLoss, number>>;
  /** Reading from here gives exactly the rows after this batch; null where there is no such position yet. */
  cursor: Cursor | null;
  /** Bytes of the file read so far. */
  done: number;
}

export type RowReader = (source: ByteSource, plan: FilePlan, from: Cursor) => AsyncGenerator<RowBatch>;

/** A row of a structured file, or why it is none. */
function rowOf(text: unknown, channel: unknown, line: number): ParsedRow | Omit<BadRow, 'path'> {
  if (typeof text !== 'string') return { line, reason: 'field', detail: shorten(text === undefined ? '' : written(text)) };
  if (text.length > LONGEST_ROW) return { line, reason: 'too-long', detail: shorten(text) };
  if (!/\S/.test(text)) return { line, reason: 'empty', detail: '' };
  const named = typeof channel === 'string' || typeof channel === 'number' || typeof channel === 'boolean' ? String(channel).trim() : '';
  return { text, channel: named === '' ? null : named.slice(0, 60), line };
}

/** The columns that a plan needs, that of the text first. @param names of the file's columns, where they are known */
export function rootColumns({ textField, join, records, channelField }: FilePlan, names: readonly string[] = []): string[] {
  const ofText = join ? [...join.fields, ...names.filter((name) => SYSTEM_COLUMNS.includes(name))] : [textField ?? 'text'];
  const paths = [...(records ? records.fields : ofText)];
  if (channelField !== null) paths.push(channelField);
  const root = (path: string) => (names.includes(path) ? path : path.replace(/(?:\[\]|\.).*$/s, ''));
  const roots = [...new Set(paths.map(root))];
  return names.length > 0 ? roots.filter((name) => names.includes(name)) : roots;
}

/** Puts a row of columns where it belongs, its text and its channel taken from it as the plan says. */
export function addRecord(batch: Pick<RowBatch, 'rows' | 'bad'>, plan: FilePlan, row: Row, line: number): void {
  const { textField, joined, channelField, records } = plan;
  const channel = channelField === null ? null : valueAt(row, channelField);
  if (records) {
    const parsed = parseRecord(records.kind, row, records.columns);
    if ('fault' in parsed) batch.bad.push({ line, reason: parsed.fault, detail: shorten(parsed.detail) });
    else if (addRow(batch, writeRecord(records.kind, parsed.record), channel, line)) {
      const label = 'label' in parsed.record ? { label: parsed.record.label } : {};
      Object.assign(batch.rows.at(-1)!, { kind: records.kind, ...label });
    }
    return;
  }
  const text = joined ? joined(row) : textAt(row, textField ?? 'text');
  // What stands there instead of a text is shown.
  const instead = text === undefined && !joined ? valueAt(row, textField ?? 'text') : undefined;
  if (!addRow(batch, text ?? instead, channel, line)) return;
  const messages = plan.join ? messagesOf(row, plan.join) : [];
  if (messages.length > 0) batch.rows.at(-1)!.messages = messages;
}

/** Puts a row where it belongs. @returns whether it is one */
export function addRow(batch: Pick<RowBatch, 'rows' | 'bad'>, text: unknown, channel: unknown, line: number): boolean {
  const row = rowOf(text, channel, line);
  if ('text' in row) batch.rows.push(row);
  else batch.bad.push(row);
  return 'text' in row;
}

export function emptyBatch(path: string, done: number): RowBatch {
  return { path, rows: [], bad: [], skipped: [], undecodable: 0, nuls: 0, cursor: null, done };
}

export function shorten(text: string, length = 120): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** A value as JSON, with bigints as numbers: what is shown of a value that is no text. */
export function written(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner)) ?? '';
}

/** Why a file is left out, from the error that says so. */
export function skipReason(problem: StudioError | null): SkipReason {
  switch (problem?.code) {
    case 'file-unsupported':
      return 'kind';
    case 'text-empty':
      return 'empty';
    case 'file-binary':
      return 'binary';
    case 'file-pointer':
      return 'pointer';
    case 'file-metadata':
      return 'metadata';
    case 'file-web-page':
      return 'web-page';
    case 'field-missing':
      return 'no-field';
    case 'document-encrypted':
      return 'encrypted';
    case 'document-scanned':
      return 'no-text';
    default:
      return 'unreadable';
  }
}
