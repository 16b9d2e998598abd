/**
 * Held-out loss document by document, so that several models, whatever their tokenizers, are measured on the same text and its
 * spread is known. Documents are packed as in training, one after another with an end-of-text token between.
 */
import type { DocumentSums } from '../../src/core/metrics/text-measure';
import { emptyBatch, fillRow, type TokenIds } from '../runtime/trainable-model';
import type { SequenceModel, SequenceOptions } from '../runtime/sequences';

/** Token ids of a split and where its documents start. */
export interface DocumentTokens {
  ids: TokenIds;
  offsets: Uint32Array;
}

/** At most `count` documents evenly spread over a split, by index. */
export function spreadDocuments(documents: number, count: number): number[] {
  const taken = Math.min(documents, count);
  return Array.from({ length: taken }, (_, at) => Math.floor((at * documents) / taken));
}

/**
 * @param chosen indices of documents
 * @param tokenBytes UTF-8 bytes of each token id
 * @throws what `between` throws
 */
export async function documentLosses(
  model: SequenceModel,
  { ids, offsets }: DocumentTokens,
  chosen: readonly number[],
  tokenBytes: ArrayLike<number>,
  { tokensPerBatch = 2048, exclusively, between }: SequenceOptions,
): Promise<DocumentSums> {
  const parts = chosen.map((at) => ids.subarray(offsets[at], offsets[at + 1] ?? ids.length));
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const stream = new Uint32Array(length);
  const owner = new Int32Array(length);
  let end = 0;
  parts.forEach((part, document) => {
    stream.set(part, end);
    owner.fill(document, end, end + part.length);
    end += part.length;
  });
  const sums: DocumentSums = { nll: chosen.map(() => 0), tokens: chosen.map(() => 0), bytes: chosen.map(() => 0) };
  const { context } = model;
  const rowsPerBatch = Math.max(1, Math.floor(tokensPerBatch / context));
  for (let start = 0; start < length - 1; start += rowsPerBatch * context) {
    await between(start, length);
    const rows = Math.min(rowsPerBatch, Math.ceil((length - 1 - start) / context));
    const batch = emptyBatch(rows, context);
    for (let row = 0; row < rows; row++) fillRow(batch, row, stream, start + row * context, 0);
    const losses = await exclusively(() => model.tokenLosses(batch));
    for (let at = 0; at < rows * context && start + at + 1 < length; at++) {
      const document = owner[start + at + 1]!;
      sums.nll[document]! += losses[at]!;
      sums.tokens[document]! += 1;
      sums.bytes[document]! += tokenBytes[stream[start + at + 1]!] ?? 0;
    }
  }
  await between(length, length);
  return sums;
}
