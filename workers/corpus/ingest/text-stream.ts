/**
 * Bytes of a text file as text, in pieces or in whole lines. Line ends are those of the file, but for CR alone, which becomes LF; byte
 * order marks and NUL bytes are no part of a text, wherever they stand.
 */
import type { TextEncodingName } from '../../../src/contract/ingest';
import type { ByteSource } from './byte-source';
import { detectEncoding, FEW_WORDS } from './encoding';
import { LONGEST_ROW, type FilePlan, type Cursor } from './row-reader';

/** Decodes chunk by chunk; a character may be cut by the border of two chunks. */
class TextStream {
  /** Byte sequences that could not be decoded and became U+FFFD. */
  undecodable = 0;
  /** NUL characters, which are dropped. */
  nuls = 0;
  private decoder: TextDecoder;
  private ascii = true;
  /** Something was dropped, so that characters no longer tell bytes. */
  private dropped = false;

  /** @param chosen the person said so; else a file that was ASCII so far may turn out to be in an older encoding */
  constructor(
    private encoding: TextEncodingName,
    private readonly chosen: boolean,
  ) {
    this.decoder = new TextDecoder(encoding);
  }

  /** @param last no more bytes follow */
  decode(bytes: Uint8Array, last: boolean): string {
    let text = this.decoded(bytes, last);
    if (this.encoding === 'utf-8' && !this.chosen && this.ascii) {
      const other = text.includes('\uFFFD') ? laterEncoding(bytes) : null;
      if (other !== null) {
        this.encoding = other;
        this.decoder = new TextDecoder(other);
        text = this.decoded(bytes, last);
      }
      this.ascii = text.length === bytes.length && !text.includes('\uFFFD');
    }
    for (let at = text.indexOf('\uFFFD'); at >= 0; at = text.indexOf('\uFFFD', at + 1)) this.undecodable++;
    if (!text.includes('\0')) return text;
    const before = text.length;
    text = text.replaceAll('\0', '');
    this.nuls += before - text.length;
    this.dropped = true;
    return text;
  }

  private decoded(bytes: Uint8Array, last: boolean): string {
    const text = this.decoder.decode(bytes, { stream: true });
    return last ? text + this.decoder.decode() : text;
  }

  /** Whole lines, without the byte order marks that files joined to one have at the beginning of lines. */
  decodeLines(bytes: Uint8Array, last: boolean): string {
    const text = this.decode(bytes, last);
    if (!text.includes('\uFEFF')) return text;
    this.dropped = true;
    return text.replace(/(^|\n)\uFEFF+/g, '$1');
  }

  /** Bytes that `text`, decoded by this stream, took in the file; null where that cannot be told. */
  byteLength(text: string): number | null {
    if (this.dropped || text.includes('\uFFFD')) return null;
    if (this.encoding === 'utf-8') return new Blob([text]).size;
    if (this.encoding.startsWith('utf-16')) return text.length * 2;
    return this.encoding.startsWith('windows-') ? text.length : null;
  }
}

/** The encoding of bytes that are ASCII at first and no UTF-8 later; null where they may as well be damaged. */
function laterEncoding(bytes: Uint8Array): TextEncodingName | null {
  const first = bytes.findIndex((byte) => byte > 127);
  const rest = bytes.subarray(first);
  const other = detectEncoding(rest, true);
  if (other === null || other.startsWith('utf-')) return null;
  return other.startsWith('windows-') && rest.filter((byte) => byte > 127).length < FEW_WORDS ? null : other;
}

/** A text file as decoded pieces, cut anywhere but inside a character. */
export async function* textBlocks(
  source: ByteSource,
  plan: Pick<FilePlan, 'encoding' | 'encodingChosen'>,
): AsyncGenerator<{ text: string; done: number; undecodable: number; nuls: number }> {
  const stream = new TextStream(plan.encoding ?? 'utf-8', plan.encodingChosen);
  let done = 0;
  let before = { undecodable: 0, nuls: 0 };
  const counted = () => {
    const { undecodable, nuls } = stream;
    const since = { undecodable: undecodable - before.undecodable, nuls: nuls - before.nuls };
    before = { undecodable, nuls };
    return since;
  };
  for await (const chunk of source.read(0)) {
    done += chunk.length;
    const text = stream.decode(chunk, false);
    yield { text, done, ...counted() };
  }
  const text = stream.decode(new Uint8Array(0), true);
  if (text !== '') yield { text, done, ...counted() };
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
  /** Since the block before. */
  undecodable: number;
  nuls: number;
  stream: Pick<TextStream, 'byteLength'>;
}

/** A text file in blocks of whole lines: no line, no \r\n and no character is cut by the border of two chunks. */
export async function* lineBlocks(source: ByteSource, plan: FilePlan, from: Cursor): AsyncGenerator<LineBlock> {
  const encoding = plan.encoding ?? 'utf-8';
  const stream = new TextStream(encoding, plan.encodingChosen);
  const ends = new LineEnds(encoding, plan.lineEnd === 'cr' ? CARRIAGE_RETURN : LINE_FEED);
  let { offset, line } = from;
  /** Bytes after the last line end. */
  let rest = new Uint8Array(0);
  let dropping = false;
  let tooLong: number[] = [];
  let before = { undecodable: 0, nuls: 0 };

  const block = (bytes: Uint8Array, last: boolean): LineBlock => {
    const decoded = stream.decodeLines(bytes, last);
    const text = plan.lineEnd === 'cr' ? decoded.replaceAll('\r', '\n') : decoded;
    offset += bytes.length;
    const { undecodable, nuls } = stream;
    const counts = { undecodable: undecodable - before.undecodable, nuls: nuls - before.nuls };
    before = { undecodable, nuls };
    const made = { text, line, end: offset, tooLong, stream, ...counts };
    tooLong = [];
    line += lineEnds(text);
    return made;
  };

  for await (const chunk of source.read(offset)) {
    let bytes = rest.length > 0 ? concat(rest, chunk) : chunk;
    if (dropping) {
      const end = ends.first(bytes, offset);
      offset += end ?? bytes.length & ~1;
      bytes = bytes.subarray(end ?? bytes.length & ~1);
      if (end === null) {
        rest = bytes.slice();
        continue;
      }
      dropping = false;
      line++;
    }
    const end = ends.last(bytes, offset);
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

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

function lineEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

/** Finds line ends in bytes. Only in UTF-16 can the byte be part of another character: its units start at even bytes of the file. */
class LineEnds {
  private readonly wide: boolean;
  /** Where in its unit the lower byte is. */
  private readonly low: 0 | 1;

  constructor(
    encoding: TextEncodingName,
    private readonly byte: number,
  ) {
    this.wide = encoding.startsWith('utf-16');
    this.low = encoding === 'utf-16be' ? 1 : 0;
  }

  /** The byte after the last line end, 0 without one. @param offset of `bytes` in the file */
  last(bytes: Uint8Array, offset: number): number {
    for (let at = bytes.lastIndexOf(this.byte); at >= 0; at = at > 0 ? bytes.lastIndexOf(this.byte, at - 1) : -1) {
      const end = this.end(bytes, at, offset);
      if (end !== null) return end;
    }
    return 0;
  }

  /** The byte after the first line end, or null. */
  first(bytes: Uint8Array, offset: number): number | null {
    for (let at = bytes.indexOf(this.byte); at >= 0; at = bytes.indexOf(this.byte, at + 1)) {
      const end = this.end(bytes, at, offset);
      if (end !== null) return end;
    }
    return null;
  }

  private end(bytes: Uint8Array, at: number, offset: number): number | null {
    if (!this.wide) return at + 1;
    const start = at - this.low;
    const whole = (offset + start) % 2 === 0 && start >= 0 && start + 1 < bytes.length && bytes[start + (1 - this.low)] === 0;
    return whole ? start + 2 : null;
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
