/** What every reader of a file kind gives: rows in pieces, with a place from which reading can go on. */
import type { BadRow, FileKind, Parting, SkippedFile, TextEncodingName } from '../../../src/contract/ingest';
import type { ByteSource } from './byte-source';

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
  parting: Parting;
}

interface ParsedRow {
  text: string;
  /** Value of the channel field; null without one. */
  channel: string | null;
  /** Line or row in its file, from 1. */
  line: number;
}

/** A place between two rows; its numbers mean what the file's reader says they mean (bytes and line, row group, entry). */
export interface Place {
  offset: number;
  line: number;
}
export const START: Place = { offset: 0, line: 1 };

export interface RowBatch {
  /** The file the rows stand in: the file itself, or one inside an archive. */
  path: string;
  rows: ParsedRow[];
  bad: Omit<BadRow, 'path'>[];
  /** Files inside an archive that were left out. */
  skipped: SkippedFile[];
  undecodable: number;
  /** Reading from here gives exactly the rows after this batch; null where there is no such place yet. */
  place: Place | null;
  /** Bytes of the file read so far. */
  done: number;
}

export type RowReader = (source: ByteSource, plan: FilePlan, from: Place) => AsyncGenerator<RowBatch>;

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
  return { path, rows: [], bad: [], skipped: [], undecodable: 0, place: null, done };
}

export function shorten(text: string, length = 120): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
