/**
 * Held-out loss of channels document by document, so that several models, whatever their tokenizers, are measured on the same text and
 * the spread over documents is known. Documents are packed as in training, one after another with an end-of-text token between.
 */
import type { MeasuredChannel } from '../../src/contract/evaluation';
import { measureMixture, type DocumentSums, type MixtureMeasure } from '../../src/core/metrics/text-measure';
import type { SequenceModel, SequenceOptions } from '../runtime/sequences';
import { emptyBatch, fillRow, type TokenIds } from '../runtime/trainable-model';
import { eachModel, withProgress, SEED, spreadDocuments, tokensOf, type EvaluationTools } from './each-model';

/** Tokens of context in which documents are packed: short enough for every model, and the same for all. */
const CONTEXT = 256;

/** @param count most documents of each channel */
export async function evaluateChannels(
  channels: readonly MeasuredChannel[],
  count: number,
  tools: EvaluationTools,
): Promise<MixtureMeasure> {
  const sums = channels.map((): DocumentSums[] => []);
  const hashes: string[] = [];
  const context = await shortestContext(tools);
  await eachModel(tools, async (weights, model, progress) => {
    hashes.push(weights.tokenizer.hash);
    const bytes = weights.tokenizer.tokenizer.byteLengths();
    const texts = await tools.read(weights, channels);
    for (const [at, { heldOut, heldOutDocuments }] of texts.entries()) {
      const chosen = spreadDocuments(heldOutDocuments.length, count);
      const options = withProgress(tools.work, (done) => progress((at + done) / texts.length));
      const tokens = { ids: heldOut, offsets: heldOutDocuments };
      sums[at]!.push(await documentLosses({ ...model, context }, tokens, chosen, bytes, options));
    }
  });
  const measured = channels.map(({ id, role }, at) => ({ id, role, models: sums[at]! })).filter(({ models }) => tokensOf(models) > 0);
  return measureMixture(measured, { seed: SEED, sameTokens: hashes.map((hash) => hash === hashes[0]) });
}

async function shortestContext(tools: EvaluationTools): Promise<number> {
  let context = CONTEXT;
  for (let model = 0; model < tools.models; model++)
    await tools.open(model, async (weights) => void (context = Math.min(context, weights.model.config.context)));
  return context;
}

/** Token ids of a split and where its documents start. */
export interface DocumentTokens {
  ids: TokenIds;
  offsets: Uint32Array;
}

/**
 * Sums over each chosen document.
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
