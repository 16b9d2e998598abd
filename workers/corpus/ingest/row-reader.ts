/** What all readers of files share: the kind of a file by its name, how it is to be read, and batches of its rows. */
import type { FileKind, BadRow, DocumentSeparator, SkippedFile, TextEncodingName } from '../../../src/contract/ingest';
import type { ByteSource } from './byte-source';

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
  json: 'json',
  csv: 'csv',
  tsv: 'tsv',
  parquet: 'parquet',
  html: 'html',
  htm: 'html',
  xhtml: 'html',
  zip: 'zip',
};
const CODE =
  'py pyi ipy js mjs cjs jsx ts mts cts tsx c h cc cpp cxx hh hpp hxx cu cs java kt kts scala go rs rb php pl pm lua r jl swift m mm dart hs ml mli ex exs erl clj lisp scm el vim sh bash zsh fish ps1 bat sql css scss less vue svelte proto graphql cmake mk asm s v sv vhd tex bib yaml yml toml ini cfg xml';
for (const extension of CODE.split(' ')) KINDS[extension] = 'code';
const NAMES: Record<string, FileKind> = { makefile: 'code', dockerfile: 'code', readme: 'text', license: 'text' };

/** Null: no kind that can be read. Hidden files and what macOS adds to archives are none. */
export function kindOf(path: string): FileKind | null {
  const parts = path.split('/');
  const name = parts.at(-1)!.toLowerCase();
  if (name.startsWith('.') || parts.includes('__MACOSX') || parts.some((part) => part === '.git' || part === 'node_modules')) return null;
  const dot = name.lastIndexOf('.');
  return (dot < 0 ? NAMES[name] : KINDS[name.slice(dot + 1)]) ?? null;
}

export const STRUCTURED: ReadonlySet<FileKind> = new Set(['json-lines', 'json', 'csv', 'tsv', 'parquet']);

/** For the message that a file cannot be read. */
export const ACCEPTED = '.txt .md .jsonl .json .csv .tsv .parquet .html .zip .py .js .c …';

/** Longest row, in UTF-16 units or in bytes of a line: longer ones are named and left out, and never held whole. */
export const LONGEST_ROW = 16 * 2 ** 20;

/** How a file is to be read. */
export interface FilePlan {
  kind: FileKind;
  /** Null for parquet and zip. */
  encoding: TextEncodingName | null;
  /** The encoding is the person's choice, not a guess. */
  encodingChosen: boolean;
  textField: string | null;
  channelField: string | null;
  documentSeparator: DocumentSeparator;
}

interface ParsedRow {
  text: string;
  /** Value of the channel field; null without one. */
  channel: string | null;
  /** Line or row in its file, from 1. */
  line: number;
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
  /** Reading from here gives exactly the rows after this batch; null where there is no such position yet. */
  cursor: Cursor | null;
  /** Bytes of the file read so far. */
  done: number;
}

export type RowReader = (source: ByteSource, plan: FilePlan, from: Cursor) => AsyncGenerator<RowBatch>;

/** A row of a structured file, or why it is none. */
function rowOf(text: unknown, channel: unknown, line: number): ParsedRow | Omit<BadRow, 'path'> {
  if (typeof text !== 'string') return { line, reason: 'field', detail: shorten(text === undefined ? '' : JSON.stringify(text)) };
  if (text.length > LONGEST_ROW) return { line, reason: 'too-long', detail: shorten(text) };
  if (!/\S/.test(text)) return { line, reason: 'empty', detail: '' };
  const named = typeof channel === 'string' || typeof channel === 'number' || typeof channel === 'boolean' ? String(channel).trim() : '';
  return { text, channel: named === '' ? null : named.slice(0, 60), line };
}

/** Puts a row where it belongs. */
export function addRow(batch: Pick<RowBatch, 'rows' | 'bad'>, text: unknown, channel: unknown, line: number): void {
  const row = rowOf(text, channel, line);
  if ('text' in row) batch.rows.push(row);
  else batch.bad.push(row);
}

export function emptyBatch(path: string, done: number): RowBatch {
  return { path, rows: [], bad: [], skipped: [], undecodable: 0, cursor: null, done };
}

export function shorten(text: string, length = 120): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
