/**
 * Held-out loss of channels document by document, so that several models, whatever their tokenizers, are measured on the same text and
 * the spread over documents is known. Each document is read by itself (document-rows.ts).
 */
import type { MeasuredChannel } from '../../src/contract/evaluation';
import { measureMixture, type DocumentSums, type MixtureMeasure } from '../../src/core/metrics/text-measure';
import { spreadDocuments } from '../runtime/channel-tokens';
import { bytesOfPiece, fillPieces, piecesOf, rowsOf, type DocumentTokens } from '../runtime/document-rows';
import type { SequenceModel, SequenceOptions } from '../runtime/sequences';
import { emptyBatch } from '../runtime/trainable-model';
import { eachModel, withProgress, SEED, tokensOf, type EvaluationTools } from './each-model';

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
    const parts = texts.map(({ heldOut }): MeasuredDocuments => ({
      tokens: heldOut,
      chosen: spreadDocuments(heldOut.starts.length, count),
    }));
    const found = await documentLosses({ ...model, context }, parts, startOfText, withProgress(tools.work, progress));
    found.forEach((sum, at) => sums[at]!.push(sum));
  });
  const measured = channels
    .map(({ id, role, generated }, at) => ({ id, role, generated, models: sums[at]! }))
    .filter(({ models }) => tokensOf(models) > 0);
  return measureMixture(measured, { seed: SEED, sameTokens: hashes.map((hash) => hash === hashes[0]) });
}

async function shortestContext(tools: EvaluationTools): Promise<number> {
  let context = CONTEXT;
  for (let model = 0; model < tools.models; model++)
    await tools.open(model, async (weights) => void (context = Math.min(context, weights.model.context)));
  return context;
}

/** Documents of one channel. */
export interface MeasuredDocuments {
  tokens: DocumentTokens;
  /** Indices of documents. */
  chosen: readonly number[];
  /** Where only their beginnings are read: tokens of each, and UTF-8 bytes of each token id. */
  beginning?: { tokens: number; tokenBytes: ArrayLike<number> };
}

/**
 * Sums over each chosen document of each channel: its text alone, without the end-of-text token that closes it. Rows of several channels share
 * a batch.
 * @throws what `between` throws
 */
export async function documentLosses(
  model: SequenceModel,
  channels: readonly MeasuredDocuments[],
  startOfText: number,
  { tokensPerBatch = 2048, exclusively, between }: SequenceOptions,
): Promise<DocumentSums[]> {
  const { context } = model;
  const rows = channels.flatMap(({ tokens, chosen, beginning }, channel) =>
    rowsOf(piecesOf(tokens, chosen, context, beginning?.tokens), context).map((pieces) => ({ channel, pieces })),
  );
  const places = channels.map(({ chosen }) => new Map(chosen.map((document, at) => [document, at])));
  const sums = channels.map(({ tokens, chosen, beginning }): DocumentSums => {
    const zeros = chosen.map(() => 0);
    return { nll: [...zeros], tokens: [...zeros], bytes: beginning ? [...zeros] : chosen.map((document) => tokens.bytes[document]!) };
  });
  const rowsPerBatch = Math.max(1, Math.floor(tokensPerBatch / context));
  for (let first = 0; first < rows.length; first += rowsPerBatch) {
    await between(first, rows.length);
    const part = rows.slice(first, first + rowsPerBatch);
    const batch = emptyBatch(part.length, context);
    part.forEach(({ channel, pieces }, row) => fillPieces(batch, row, channels[channel]!.tokens, pieces, { startOfText, channel: 0 }));
    const losses = await exclusively(() => model.tokenLosses(batch));
    part.forEach(({ channel, pieces }, row) => {
      const { tokens, beginning } = channels[channel]!;
      const { nll, tokens: counts, bytes } = sums[channel]!;
      let at = row * context;
      for (const piece of pieces) {
        const own = places[channel]!.get(piece.document)!;
        for (const end = at + piece.count; at < end; at++) nll[own]! += losses[at]!;
        counts[own]! += piece.count;
        if (beginning) bytes[own]! += bytesOfPiece(tokens, piece, beginning.tokenBytes);
      }
    });
  }
  await between(rows.length, rows.length);
  return sums;
}
