/** Encodes documents into one array of token ids. Between chunks the thread handles other messages, such as a cancel. */
import { transfer } from 'comlink';
import type { SpecialTokens } from '../../src/core/recipe/schema';
import { TokenBuffer, type EncodedSplit } from './shards';
import { TextTokenizer, type TokenizerFiles } from './text-tokenizer';
import { turn } from './turns';

/** Characters encoded between two pauses for messages: about 20 ms of work. */
const CHUNK = 256 * 1024;

export interface EncodeOptions {
  /** What special tokens written out in the documents become; `plain` by default. */
  special?: SpecialTokens | undefined;
  /** Called after every chunk with the UTF-8 bytes done so far. */
  onBytes?: ((bytes: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Ids of all documents in a row, with the end-of-text token after each; Uint16 when the vocabulary allows it, else Uint32.
 * @throws StudioError `cancelled`
 */
export async function encodeDocuments(
  tokenizer: TextTokenizer,
  documents: readonly string[],
  { special = 'plain', onBytes, signal }: EncodeOptions = {},
): Promise<EncodedSplit> {
  const ids = new TokenBuffer();
  const offsets = new Uint32Array(documents.length);
  const documentBytes = new Uint32Array(documents.length);
  let bytes = 0;
  let since = 0;
  for (const [index, document] of documents.entries()) {
    offsets[index] = ids.length;
    tokenizer.encodeInto(document, ids, special);
    ids.push(tokenizer.endOfText);
    bytes += documentBytes[index] = utf8Length(document);
    since += document.length;
    if (since < CHUNK) continue;
    since = 0;
    onBytes?.(bytes);
    await turn();
    signal?.throwIfAborted();
  }
  onBytes?.(bytes);
  return { ids: tokenizer.size <= 0x10000 ? Uint16Array.from(ids.view()) : ids.view().slice(), offsets, documentBytes, bytes };
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

/** What a worker of the encoding pool does: it opens one tokenizer, then encodes batches of documents. */
export interface EncodeMember {
  /** @throws StudioError `tokenizer-invalid` */
  open(files: TokenizerFiles): Promise<void>;
  encode(documents: readonly string[], special: SpecialTokens): Promise<EncodedSplit>;
}

/** An implementation for the worker thread; the arrays of ids are transferred, not copied. */
export function encodeMember(): EncodeMember {
  let tokenizer: TextTokenizer | null = null;
  return {
    async open(files) {
      tokenizer = await TextTokenizer.open(files);
    },
    async encode(documents, special) {
      if (!tokenizer) throw new Error('encode before open');
      const encoded = await encodeDocuments(tokenizer, documents, { special });
      return transfer(encoded, [encoded.ids.buffer, encoded.offsets.buffer, encoded.documentBytes.buffer]);
    },
  };
}
