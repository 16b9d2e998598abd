/** Plain text: documents separated by blank lines, one document per line, or one per file. A cursor is byte and line. */
import { lineBlocks } from './text-stream';
import { addRow, emptyBatch, LONGEST_ROW, type FilePlan, type RowBatch, type RowReader } from './row-reader';
import type { ByteSource } from './byte-source';

export const readPlainText: RowReader = async function* (source, plan, from) {
  if (plan.documentSeparator === 'whole-file') yield await readWhole(source, plan, (text) => text);
  else yield* readParts(source, plan, from);
};

/** The whole file as one document. @param toText what of it is text */
export async function readWhole(source: ByteSource, plan: FilePlan, toText: (content: string) => string): Promise<RowBatch> {
  const batch = emptyBatch(source.path, source.size);
  const parts: string[] = [];
  let length = 0;
  for await (const { text, tooLong, undecodable, nuls } of lineBlocks(source, plan, { offset: 0, line: 1 })) {
    batch.undecodable += undecodable;
    batch.nuls += nuls;
    length += text.length;
    if (tooLong.length > 0 || length > LONGEST_ROW) {
      batch.bad.push({ line: 1, reason: 'too-long', detail: '' });
      return batch;
    }
    parts.push(text);
  }
  addRow(batch, toText(parts.join('')), null, 1);
  return batch;
}

const readParts: RowReader = async function* (source, plan, from) {
  const blank = plan.documentSeparator === 'blank-lines';
  /** A document that has not ended, and its first line. */
  let open = '';
  let openLine = from.line;
  let openTooLong = false;
  const add = (batch: RowBatch, text: string, line: number) => {
    const document = text.replace(/^(?:[^\S\n]*\n)+|(?:\r?\n[^\S\n]*)+$|\r$/g, '');
    if (/\S/.test(document)) addRow(batch, document, null, line + leadingLines(text, document));
  };
  for await (const { text, line: first, end, tooLong, stream, undecodable, nuls } of lineBlocks(source, plan, from)) {
    const batch = { ...emptyBatch(source.path, end), undecodable, nuls };
    for (const line of tooLong) batch.bad.push({ line, reason: 'too-long', detail: '' });
    let line = first;
    if (open === '') openLine = first;
    let documentStart = 0;
    for (let start = 0; start < text.length; line++) {
      const found = text.indexOf('\n', start);
      const next = found < 0 ? text.length : found + 1;
      const ends = !blank || isBlankLine(text, start, next);
      if (ends) {
        if (!openTooLong) add(batch, open + text.slice(documentStart, next), openLine);
        open = '';
        openTooLong = false;
        openLine = line + 1;
        documentStart = next;
      }
      start = next;
    }
    if (!openTooLong) open += text.slice(documentStart);
    if (open.length > LONGEST_ROW) {
      batch.bad.push({ line: openLine, reason: 'too-long', detail: '' });
      open = '';
      openTooLong = true;
    }
    // An open document is read again from its first byte.
    const behind = open === '' ? 0 : stream.byteLength(open);
    if (behind !== null && !openTooLong) batch.cursor = { offset: end - behind, line: openLine };
    yield batch;
  }
  const last = emptyBatch(source.path, source.size);
  if (!openTooLong) add(last, open, openLine);
  if (last.rows.length > 0) yield last;
};

function leadingLines(text: string, document: string): number {
  const before = text.indexOf(document);
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < before; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

/** Nothing but white space, ideographic spaces (U+3000) included. */
function isBlankLine(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (!/\s/.test(text[at]!)) return false;
  return true;
}
