/**
 * CSV and TSV (RFC 4180): fields in quotes may hold delimiters, doubled quotes and line ends; the first record names the columns.
 * A cursor is byte and line.
 */
import type { ByteSource } from './byte-source';
import { lineBlocks } from './text-stream';
import { addRow, emptyBatch, LONGEST_ROW, shorten, START, type FilePlan, type RowBatch, type RowReader } from './row-reader';

const QUOTE = 34;
const CARRIAGE_RETURN = 13;
const LINE_FEED = 10;

interface FoundRecord {
  fields: string[];
  /** Index after the record. */
  end: number;
  /** Line ends that it spans. */
  lines: number;
}

/** The record at `start`; null when the text ends inside it. @param last no more text follows */
export function delimitedRecord(text: string, start: number, delimiter: string, last: boolean): FoundRecord | null {
  const comma = delimiter.charCodeAt(0);
  const fields: string[] = [];
  let lines = 0;
  let at = start;
  for (;;) {
    let field: string;
    if (text.charCodeAt(at) === QUOTE) {
      let from = at + 1;
      field = '';
      for (;;) {
        const quote = text.indexOf('"', from);
        if (quote < 0) {
          if (!last) return null;
          field += text.slice(from);
          at = text.length;
          break;
        }
        field += text.slice(from, quote);
        if (text.charCodeAt(quote + 1) === QUOTE) {
          field += '"';
          from = quote + 2;
          continue;
        }
        // A quote that ends the text may be half of a doubled one.
        if (quote + 1 >= text.length && !last) return null;
        at = quote + 1;
        break;
      }
      for (let end = field.indexOf('\n'); end >= 0; end = field.indexOf('\n', end + 1)) lines++;
      // What stands between a closing quote and the delimiter belongs to the field, as most readers have it.
      const after = fieldEnd(text, at, comma);
      if (after > at) field += text.slice(at, after);
      at = after;
    } else {
      const end = fieldEnd(text, at, comma);
      field = text.slice(at, end);
      at = end;
    }
    const ends = at >= text.length || text.charCodeAt(at) !== comma;
    if (ends && field.charCodeAt(field.length - 1) === CARRIAGE_RETURN && text.charCodeAt(at) === LINE_FEED) field = field.slice(0, -1);
    fields.push(field);
    if (!ends) {
      at++;
      continue;
    }
    if (at >= text.length) return last ? { fields, end: at, lines } : null;
    return { fields, end: at + 1, lines: lines + 1 };
  }
}

function fieldEnd(text: string, from: number, comma: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === comma || unit === LINE_FEED) break;
  }
  return at;
}

/** The delimiter that stands most often in the first line, outside quotes. */
export function guessDelimiter(head: string): string {
  const line = head.slice(0, head.search(/\r?\n/) >>> 0).replace(/"[^"]*"/g, '');
  const counts = [',', ';', '\t', '|'].map((delimiter) => ({ delimiter, count: line.split(delimiter).length }));
  return counts.reduce((best, candidate) => (candidate.count > best.count ? candidate : best)).delimiter;
}

/** Columns and delimiter, read from the beginning of the file. */
async function readHeader(source: ByteSource, plan: FilePlan): Promise<{ columns: string[]; delimiter: string }> {
  for await (const { text } of lineBlocks(source, plan, START)) {
    const delimiter = plan.kind === 'tsv' ? '\t' : guessDelimiter(text);
    return { delimiter, columns: (delimitedRecord(text, 0, delimiter, true)?.fields ?? []).map((name) => name.trim()) };
  }
  return { columns: [], delimiter: ',' };
}

export const readDelimited: RowReader = async function* (source, plan, from) {
  const { columns, delimiter } = await readHeader(source, plan);
  const textColumn = columns.indexOf(plan.textField ?? '');
  const channelColumn = plan.channelField === null ? -1 : columns.indexOf(plan.channelField);
  let header = from.offset === 0;
  /** A record that has not ended, and its first line. */
  let open = '';
  let line = from.line;
  let undecodable = 0;

  /** Takes the records of `text` and leaves in `open` what has not ended. */
  const take = (batch: RowBatch, text: string, last: boolean) => {
    let at = 0;
    while (at < text.length) {
      const record = delimitedRecord(text, at, delimiter, last);
      if (!record) {
        if (text.length - at <= LONGEST_ROW) break;
        // A quote that nothing closes would swallow the file: its line is given up, and reading goes on behind it.
        batch.bad.push({ line, reason: 'columns', detail: shorten(text.slice(at, at + 200)) });
        at = text.indexOf('\n', at) + 1;
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
      else addRow(batch, fields[textColumn], channelColumn < 0 ? null : fields[channelColumn], first);
    }
    open = text.slice(at);
  };

  let read = from.offset;
  for await (const block of lineBlocks(source, plan, from)) {
    const batch = emptyBatch(source.path, (read = block.end));
    for (const dropped of block.tooLong) batch.bad.push({ line: dropped, reason: 'too-long', detail: '' });
    if (block.tooLong.length > 0) [open, line] = ['', block.line];
    batch.undecodable = block.stream.undecodable - undecodable;
    undecodable = block.stream.undecodable;
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
