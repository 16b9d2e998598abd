/**
 * Encodings of text files: UTF-8, UTF-16 and GB18030 (with it GBK and GB2312), told apart by byte order mark, the places of NUL
 * bytes, and validity.
 */
import type { TextEncodingName } from '../../../src/contract/ingest';

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
export class TextStream {
  /** Places read as U+FFFD since they were no text. */
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
