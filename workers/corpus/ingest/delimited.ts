/**
 * CSV and TSV (RFC 4180): fields in quotes may hold delimiters, quotes and line ends; the first record names the columns. A quote inside
 * quotes is doubled, or stands behind a backslash as MySQL and Spark write it. A cursor is byte and line.
 */
import type { Row } from './record';
import { lineBlocks } from './text-stream';
import { addRecord, emptyBatch, LONGEST_ROW, shorten, type RowBatch, type RowReader } from './row-reader';

const QUOTE = 34;
const CARRIAGE_RETURN = 13;
const LINE_FEED = 10;
const BACKSLASH = 92;
/** Records looked at to tell a dialect. */
const LOOKED_AT = 200;

export interface Dialect {
  delimiter: string;
  /** How a quote inside quotes is written. */
  escape: 'doubled' | 'backslash';
  columns: string[];
}

interface FoundRecord {
  fields: string[];
  /** Index after the record. */
  end: number;
  /** Line ends that it spans. */
  lines: number;
  /** A quoted field runs to the end of the text, or over line ends to a quote in the middle of a field: nothing closes it. */
  unclosed: boolean;
}

/** The record at `start`; null when the text ends inside it. @param last no more text follows */
function delimitedRecord(text: string, start: number, dialect: Omit<Dialect, 'columns'>, last: boolean): FoundRecord | null {
  const comma = dialect.delimiter.charCodeAt(0);
  const backslash = dialect.escape === 'backslash';
  const fields: string[] = [];
  let lines = 0;
  let unclosed = false;
  let at = start;
  for (;;) {
    let field: string;
    if (text.charCodeAt(at) === QUOTE) {
      let from = at + 1;
      field = '';
      for (;;) {
        const quote = backslash ? quoteUnescaped(text, from) : text.indexOf('"', from);
        if (quote < 0) {
          if (!last) return null;
          field += text.slice(from);
          at = text.length;
          unclosed = true;
          break;
        }
        field += text.slice(from, quote);
        if (!backslash && text.charCodeAt(quote + 1) === QUOTE) {
          field += '"';
          from = quote + 2;
          continue;
        }
        // A quote that ends the text may be half of a doubled one.
        if (quote + 1 >= text.length && !last) return null;
        at = quote + 1;
        break;
      }
      if (backslash) field = unescaped(field);
      const before = lines;
      for (let end = field.indexOf('\n'); end >= 0; end = field.indexOf('\n', end + 1)) lines++;
      // What stands between a closing quote and the delimiter belongs to the field, as most readers have it.
      const after = fieldEnd(text, at, comma, false);
      if (after > at) {
        const rest = text.slice(at, after);
        if (lines > before && /\S/.test(rest)) unclosed = true;
        field += rest;
      }
      at = after;
    } else {
      const end = fieldEnd(text, at, comma, backslash);
      field = text.slice(at, end);
      if (backslash) field = unescaped(field);
      at = end;
    }
    const ends = at >= text.length || text.charCodeAt(at) !== comma;
    if (ends && field.charCodeAt(field.length - 1) === CARRIAGE_RETURN && text.charCodeAt(at) === LINE_FEED) field = field.slice(0, -1);
    fields.push(field);
    if (!ends) {
      at++;
      continue;
    }
    if (at >= text.length) return last ? { fields, end: at, lines, unclosed } : null;
    return { fields, end: at + 1, lines: lines + 1, unclosed };
  }
}

function quoteUnescaped(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) return at;
    if (unit === BACKSLASH) at++;
  }
  return -1;
}

/** A backslash takes from the character behind it what it would mean, as in Python's csv. */
function unescaped(field: string): string {
  return field.includes('\\') ? field.replace(/\\([^])/g, '$1') : field;
}

function fieldEnd(text: string, from: number, comma: number, backslash: boolean): number {
  let at = from;
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === comma || unit === LINE_FEED) break;
    if (backslash && unit === BACKSLASH) at++;
  }
  return Math.min(at, text.length);
}

/** @param head decoded beginning of the file */
export function guessDialect(head: string, kind: 'csv' | 'tsv', whole: boolean): Dialect {
  const delimiter = kind === 'tsv' ? '\t' : guessDelimiter(head);
  const columns = (delimitedRecord(head, 0, { delimiter, escape: 'doubled' }, true)?.fields ?? []).map((name) => name.trim());
  const faults = (escape: Dialect['escape']) => torn(head, { delimiter, escape, columns }, whole);
  const escape = head.includes('\\"') && faults('backslash') < faults('doubled') ? 'backslash' : 'doubled';
  return { delimiter, escape, columns };
}

/** The delimiter that stands most often in the first line, outside quotes. */
function guessDelimiter(head: string): string {
  const line = head.slice(0, head.search(/\r?\n/) >>> 0).replace(/"[^"]*"/g, '');
  const counts = [',', ';', '\t', '|'].map((delimiter) => ({ delimiter, count: line.split(delimiter).length }));
  return counts.reduce((best, candidate) => (candidate.count > best.count ? candidate : best)).delimiter;
}

/** Records of the head that have another number of fields than the header, or a quote that nothing closes. */
function torn(head: string, dialect: Dialect, whole: boolean): number {
  return headRecords(head, dialect, whole, LOOKED_AT).filter(
    ({ fields, unclosed }) => unclosed || (fields.length !== dialect.columns.length && (fields.length > 1 || fields[0] !== '')),
  ).length;
}

/** Records after the header. */
function headRecords(head: string, dialect: Dialect, whole: boolean, most: number): FoundRecord[] {
  const records: FoundRecord[] = [];
  for (let at = 0; at < head.length && records.length <= most;) {
    const record = delimitedRecord(head, at, dialect, whole || records.length === 0);
    if (!record) break;
    records.push(record);
    // As the reader goes on.
    at = record.unclosed ? head.indexOf('\n', at) + 1 || head.length : record.end;
  }
  return records.slice(1);
}

export const readDelimited: RowReader = async function* (source, plan, from) {
  const { columns } = plan.dialect;
  const fields = plan.records?.fields ?? plan.join?.fields ?? [plan.textField ?? ''];
  const needed = fields.map((name) => columns.indexOf(name));
  const textColumn = Math.max(...needed);
  let header = from.offset === 0;
  /** A record that has not ended, and its first line. */
  let open = '';
  let line = from.line;

  /** Takes the records of `text` and leaves in `open` what has not ended. */
  const take = (batch: RowBatch, text: string, last: boolean) => {
    let at = 0;
    while (at < text.length) {
      const record = delimitedRecord(text, at, plan.dialect, last);
      if (!record && text.length - at <= LONGEST_ROW) break;
      if (!record || record.unclosed) {
        // A quote that nothing closes would swallow rows: its line is given up, and reading goes on behind it.
        batch.bad.push({ line, reason: 'quote', detail: shorten(text.slice(at, at + 200).split('\n', 1)[0]!) });
        at = text.indexOf('\n', at) + 1 || text.length;
        line++;
        continue;
      }
      const first = line;
      at = record.end;
      line += record.lines;
      const { fields } = record;
      if (header) header = false;
      else if (fields.length === 1 && fields[0] === '') continue;
      else if (fields.length > columns.length || textColumn >= fields.length)
        batch.bad.push({ line: first, reason: 'columns', detail: `${fields.length} ≠ ${columns.length}` });
      else addRecord(batch, plan, rowOf(columns, fields), first);
    }
    open = text.slice(at);
  };

  let read = from.offset;
  for await (const block of lineBlocks(source, plan, from)) {
    const batch = { ...emptyBatch(source.path, (read = block.end)), undecodable: block.undecodable, nuls: block.nuls };
    for (const dropped of block.tooLong) batch.bad.push({ line: dropped, reason: 'too-long', detail: '' });
    if (block.tooLong.length > 0) [open, line] = ['', block.line];
    take(batch, open + block.text, false);
    const behind = open === '' ? 0 : block.stream.byteLength(open);
    if (behind !== null && !header) batch.cursor = { offset: block.end - behind, line };
    yield batch;
  }
  if (open === '') return;
  const batch = emptyBatch(source.path, read);
  take(batch, open, true);
  yield batch;
};

/** Of columns that have the same name the first counts. */
function rowOf(columns: readonly string[], fields: readonly string[]): Row {
  const row: Record<string, string> = {};
  for (let at = fields.length - 1; at >= 0; at--) row[columns[at]!] = fields[at]!;
  return row;
}

/** First rows; the columns of a file without rows are known all the same. */
export function delimitedRows(head: string, dialect: Dialect, whole: boolean, most: number): Row[] {
  const rows = headRecords(head, dialect, whole, most).filter(
    ({ fields, unclosed }) => !unclosed && fields.length <= dialect.columns.length,
  );
  if (rows.length === 0) return [Object.fromEntries(dialect.columns.map((name) => [name, null]))];
  return rows.map(({ fields }) => rowOf(dialect.columns, fields));
}
