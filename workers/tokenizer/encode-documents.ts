/** Documents to one row of ids, in chunks between which other work of the thread (a cancel) gets its turn. */
import type { EncodedSplit } from './shards';
import { TokenBuffer } from './token-buffer';
import type { TextTokenizer } from './text-tokenizer';
import { turn } from './turns';

/** Characters between two turns: some 20 ms. */
const CHUNK = 256 * 1024;

/**
 * Each document ends with the end-of-text token.
 * @param onBytes called after every chunk with the UTF-8 bytes done so far
 * @throws StudioError `cancelled`
 */
export async function encodeDocuments(
  tokenizer: TextTokenizer,
  documents: readonly string[],
  onBytes: (bytes: number) => void = () => undefined,
  signal?: AbortSignal,
): Promise<EncodedSplit> {
  const ids = new TokenBuffer();
  const offsets = new Uint32Array(documents.length);
  let bytes = 0;
  let since = 0;
  for (const [index, document] of documents.entries()) {
    offsets[index] = ids.length;
    tokenizer.encodeInto(document, ids);
    ids.push(tokenizer.endOfText);
    bytes += utf8Length(document);
    since += document.length;
    if (since < CHUNK) continue;
    since = 0;
    onBytes(bytes);
    await turn();
    signal?.throwIfAborted();
  }
  onBytes(bytes);
  return { ids: tokenizer.size <= 0x10000 ? Uint16Array.from(ids.view()) : ids.view().slice(), offsets, bytes };
}

/** UTF-8 bytes of a text; a lone surrogate counts as U+FFFD. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else {
      bytes += 2;
      const low = unit >= 0xd800 && unit < 0xdc00 ? text.charCodeAt(at + 1) : 0;
      // A pair is two units and four bytes.
      if (low >= 0xdc00 && low < 0xe000) at++;
    }
  }
  return bytes;
}
