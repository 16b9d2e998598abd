/**
 * Held-out loss of channels document by document, so that several models, whatever their tokenizers, are measured on the same text and
 * the spread over documents is known. Each document is read by itself (document-rows.ts).
 */
import type { MeasuredChannel } from '../../src/contract/evaluation';
import { measureMixture, type DocumentSums, type MixtureMeasure } from '../../src/core/metrics/text-measure';
import { batchOfPieces, piecesOf, rowsOf, type DocumentTokens } from '../runtime/document-rows';
import type { SequenceModel, SequenceOptions } from '../runtime/sequences';
import { eachModel, withProgress, SEED, spreadDocuments, tokensOf, type EvaluationTools } from './each-model';

/** Longest piece of a document that is read at once, in tokens: short enough for every model, and the same for all. */
export const CONTEXT = 256;

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
    const { startOfText } = weights.tokenizer.tokenizer;
    const texts = await tools.read(weights, channels);
    for (const [at, { heldOut }] of texts.entries()) {
      const chosen = spreadDocuments(heldOut.starts.length, count);
      const options = withProgress(tools.work, (done) => progress((at + done) / texts.length));
      sums[at]!.push(await documentLosses({ ...model, context }, heldOut, chosen, startOfText, options));
    }
  });
  const measured = channels
    .map(({ id, role, generated }, at) => ({ id, role, generated, models: sums[at]! }))
    .filter(({ models }) => tokensOf(models) > 0);
  return measureMixture(measured, { seed: SEED, sameTokens: hashes.map((hash) => hash === hashes[0]) });
}

async function shortestContext(tools: EvaluationTools): Promise<number> {
  let context = CONTEXT;
  for (let model = 0; model < tools.models; model++)
    await tools.open(model, async (weights) => void (context = Math.min(context, weights.model.config.context)));
  return context;
}

/**
 * Sums over each chosen document: its text alone, without the end-of-text token that closes it.
 * @param chosen indices of documents
 * @throws what `between` throws
 */
export async function documentLosses(
  model: SequenceModel,
  tokens: DocumentTokens,
  chosen: readonly number[],
  startOfText: number,
  { tokensPerBatch = 2048, exclusively, between }: SequenceOptions,
): Promise<DocumentSums> {
  const { context } = model;
  const place = new Map(chosen.map((document, at) => [document, at]));
  const sums: DocumentSums = {
    nll: chosen.map(() => 0),
    tokens: chosen.map(() => 0),
    bytes: chosen.map((document) => tokens.bytes[document]!),
  };
  const rows = rowsOf(piecesOf(tokens, chosen, context), context);
  const rowsPerBatch = Math.max(1, Math.floor(tokensPerBatch / context));
  for (let first = 0; first < rows.length; first += rowsPerBatch) {
    await between(first, rows.length);
    const part = rows.slice(first, first + rowsPerBatch);
    const batch = batchOfPieces(tokens, part, context, startOfText);
    const losses = await exclusively(() => model.tokenLosses(batch));
    part.forEach((pieces, row) => {
      let at = row * context;
      for (const { document, count } of pieces) {
        const own = place.get(document)!;
        for (const end = at + count; at < end; at++) sums.nll[own]! += losses[at]!;
        sums.tokens[own]! += count;
      }
    });
  }
  await between(rows.length, rows.length);
  return sums;
}
