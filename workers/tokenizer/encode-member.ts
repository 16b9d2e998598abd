/** A member of the encoding pool: one tokenizer, batches of documents. */
import { transfer } from 'comlink';
import { encodeDocuments } from './encode-documents';
import type { EncodedSplit } from './shards';
import { TextTokenizer, type TokenizerFiles } from './text-tokenizer';

export interface EncodeMember {
  /** @throws StudioError `tokenizer-invalid` */
  open(files: TokenizerFiles): Promise<void>;
  encode(documents: readonly string[]): Promise<EncodedSplit>;
}

/** Does its work in the thread that calls it. */
export function encodeMember(): EncodeMember {
  let tokenizer: TextTokenizer | null = null;
  return {
    async open(files) {
      tokenizer = new TextTokenizer(files);
    },
    async encode(documents) {
      if (!tokenizer) throw new Error('encode before open');
      const encoded = await encodeDocuments(tokenizer, documents);
      return transfer(encoded, [encoded.ids.buffer, encoded.offsets.buffer]);
    },
  };
}
