/**
 * Bytes of a text file as text, in pieces or in whole lines, for UTF-8, UTF-16 and GB18030 (with it GBK and GB2312). The encoding is
 * told by the byte order mark, the positions of NUL bytes, and validity.
 */
import type { TextEncodingName } from '../../../src/contract/ingest';
import type { ByteSource } from './byte-source';
import { LONGEST_ROW, type FilePlan, type Cursor } from './row-reader';

/** Bytes that detection looks at. */
export const HEAD_BYTES = 256 * 1024;
/** Share of control characters that no text has. */
const MOST_CONTROLS = 0.02;

/**
 * @param head the beginning of a file @param whole whether that is all of it
 * @returns null when the bytes are no text in any of the encodings
 */
export function detectEncoding(head: Uint8Array, whole: boolean): TextEncodingName | null {
  if (head[0] === 0xff && head[1] === 0xfe) return isText(head, 'utf-16le', whole) ? 'utf-16le' : null;
  if (head[0] === 0xfe && head[1] === 0xff) return isText(head, 'utf-16be', whole) ? 'utf-16be' : null;
  const nuls = [0, 0];
  for (let at = 0; at < head.length; at++) if (head[at] === 0) nuls[at & 1]!++;
  const [even, odd] = nuls as [number, number];
  // ASCII characters and line ends have their NUL on one side in UTF-16, and are in every longer text.
  if (even + odd > 0) {
    const wide = odd > 9 * even ? 'utf-16le' : even > 9 * odd ? 'utf-16be' : null;
    return wide && isText(head, wide, whole) ? wide : null;
  }
  return (['utf-8', 'gb18030'] as const).find((encoding) => isText(head, encoding, whole)) ?? null;
}

function isText(bytes: Uint8Array, encoding: TextEncodingName, whole: boolean): boolean {
  let text: string;
  try {
    // In streaming mode a character that the end of the head cuts is no error.
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: !whole });
  } catch {
    return false;
  }
  let controls = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // Tab, line ends, form feed and escape (colours in logs) are in honest text.
    if (unit < 32 && unit !== 9 && unit !== 10 && unit !== 12 && unit !== 13 && unit !== 27) controls++;
  }
  return controls <= text.length * MOST_CONTROLS;
}

/** Decodes chunk by chunk; a character may be cut by the border of two chunks. */
class TextStream {
  /** Byte sequences that could not be decoded and became U+FFFD. */
  undecodable = 0;
  private decoder: TextDecoder;
  private ascii = true;

  /** @param chosen the person said so; else a file that was ASCII so far may turn out to be GB18030 */
  constructor(
    private encoding: TextEncodingName,
    private readonly chosen: boolean,
  ) {
    this.decoder = new TextDecoder(encoding);
  }

  /** @param last no more bytes follow */
  decode(bytes: Uint8Array, last: boolean): string {
    let text = this.decoder.decode(bytes, { stream: !last });
    if (this.encoding === 'utf-8' && !this.chosen && this.ascii) {
      if (text.includes('\uFFFD') && decodes(bytes, 'gb18030')) {
        this.encoding = 'gb18030';
        this.decoder = new TextDecoder('gb18030');
        text = this.decoder.decode(bytes, { stream: !last });
      }
      this.ascii = text.length === bytes.length && !text.includes('\uFFFD');
    }
    for (let at = text.indexOf('\uFFFD'); at >= 0; at = text.indexOf('\uFFFD', at + 1)) this.undecodable++;
    return text;
  }

  /** Bytes that `text`, decoded by this stream, took in the file; null where that cannot be told. */
  byteLength(text: string): number | null {
    if (this.encoding === 'gb18030' || text.includes('\uFFFD')) return null;
    return this.encoding === 'utf-8' ? new Blob([text]).size : text.length * 2;
  }
}

function decodes(bytes: Uint8Array, encoding: TextEncodingName): boolean {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** A text file as decoded pieces, cut anywhere but inside a character. */
export async function* textBlocks(
  source: ByteSource,
  plan: Pick<FilePlan, 'encoding' | 'encodingChosen'>,
): AsyncGenerator<{ text: string; done: number; undecodable: number }> {
  const stream = new TextStream(plan.encoding ?? 'utf-8', plan.encodingChosen);
  let done = 0;
  let before = 0;
  for await (const chunk of source.read(0)) {
    done += chunk.length;
    const text = stream.decode(chunk, false);
    yield { text, done, undecodable: stream.undecodable - before };
    before = stream.undecodable;
  }
  const text = stream.decode(new Uint8Array(0), true);
  if (text !== '') yield { text, done, undecodable: stream.undecodable - before };
}

export interface LineBlock {
  /** Lines with their ends; only the file's last may have none. */
  text: string;
  /** Number of the first line, from 1. */
  line: number;
  /** The byte after the block. */
  end: number;
  /** Lines longer than LONGEST_ROW bytes, left out before this block. */
  tooLong: number[];
  stream: TextStream;
}

/** A text file in blocks of whole lines: no line, no \r\n and no character is cut by the border of two chunks. */
export async function* lineBlocks(source: ByteSource, plan: FilePlan, from: Cursor): AsyncGenerator<LineBlock> {
  const encoding = plan.encoding ?? 'utf-8';
  const stream = new TextStream(encoding, plan.encodingChosen);
  const lastLineEnd = encoding === 'utf-16le' ? lastWide(0) : encoding === 'utf-16be' ? lastWide(1) : lastByte;
  let { offset, line } = from;
  /** Bytes after the last line end. */
  let rest = new Uint8Array(0);
  let dropping = false;
  let tooLong: number[] = [];

  const block = (bytes: Uint8Array, last: boolean): LineBlock => {
    const text = stream.decode(bytes, last);
    offset += bytes.length;
    const made = { text, line, end: offset, tooLong, stream };
    tooLong = [];
    line += lineEnds(text);
    return made;
  };

  for await (const chunk of source.read(offset)) {
    let bytes = rest.length > 0 ? concat(rest, chunk) : chunk;
    if (dropping) {
      const end = firstLineEnd(bytes, encoding, offset);
      offset += end ?? bytes.length & ~1;
      bytes = bytes.subarray(end ?? bytes.length & ~1);
      if (end === null) {
        rest = bytes.slice();
        continue;
      }
      dropping = false;
      line++;
    }
    const end = lastLineEnd(bytes, offset);
    if (end > 0) yield block(bytes.subarray(0, end), false);
    rest = bytes.slice(end);
    if (rest.length > LONGEST_ROW) {
      tooLong.push(line);
      offset += rest.length & ~1;
      rest = rest.slice(rest.length & ~1);
      dropping = true;
    }
  }
  if (rest.length > 0 && !dropping) yield block(rest, true);
  else if (tooLong.length > 0) yield { ...block(new Uint8Array(0), true), line };
}

function lineEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

/** The byte after the last line end, 0 without one. In UTF-8 and GB18030 no part of a character is a line end. */
function lastByte(bytes: Uint8Array): number {
  return bytes.lastIndexOf(10) + 1;
}

/** The same in UTF-16, whose units start at even bytes of the file. `low`: where in its unit the lower byte is. */
function lastWide(low: 0 | 1): (bytes: Uint8Array, offset: number) => number {
  return (bytes, offset) => {
    for (let at = bytes.lastIndexOf(10); at >= 0; at = at > 0 ? bytes.lastIndexOf(10, at - 1) : -1) {
      const start = at - low;
      if ((offset + start) % 2 === 0 && start >= 0 && start + 1 < bytes.length && bytes[start + (1 - low)] === 0) return start + 2;
    }
    return 0;
  };
}

function firstLineEnd(bytes: Uint8Array, encoding: string, offset: number): number | null {
  const low = encoding === 'utf-16be' ? 1 : 0;
  const wide = encoding.startsWith('utf-16');
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (!wide) return at + 1;
    const start = at - low;
    if ((offset + start) % 2 === 0 && start >= 0 && start + 1 < bytes.length && bytes[start + (1 - low)] === 0) return start + 2;
  }
  return null;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
