/** A text file in blocks of whole lines: no line, no \r\n and no character is cut by the border of two chunks. */
import type { ByteSource } from './byte-source';
import { LONGEST_ROW, type FilePlan, type Place } from './row-batch';
import { TextStream } from './text-encoding';

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

export async function* lineBlocks(source: ByteSource, plan: FilePlan, from: Place): AsyncGenerator<LineBlock> {
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
