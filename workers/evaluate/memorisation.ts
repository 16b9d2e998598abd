/**
 * Loss on rows that a run has trained on against loss on held-out rows of the same channels. Which rows were seen follows from the cursor in
 * the checkpoint: rows come in an order that the seed determines.
 */
import type { ChannelMemorisation } from '../../src/contract/evaluation';
import { measureMemorisation, type DocumentSums } from '../../src/core/metrics/text-measure';
import type { Recipe } from '../../src/core/recipe/schema';
import { deriveSeed } from '../../src/core/rng/rng';
import type { RunRules } from '../../src/core/run/types';
import { ChannelStream, rowOrders, type StreamCursor, type StreamOptions } from '../runtime/channel-stream';
import { windowsOf } from '../runtime/windows';
import { heldOutStarts } from '../runtime/held-out';
import { sequenceLosses } from '../runtime/sequences';
import type { TokenIds } from '../runtime/trainable-model';
import { eachModel, withProgress, SEED, sumsOf, tokensOf, type EvaluationTools } from './each-model';

export interface SeenText {
  recipe: Recipe;
  rules: RunRules;
  /** Channel id → where the checkpoint's sampler stands. */
  cursors: Readonly<Record<string, StreamCursor>>;
}

/**
 * For channels that have both seen and held-out rows of the recipe's sequence length.
 * @param rows most rows of either kind and channel
 */
export async function evaluateMemorisation(
  { recipe, rules, cursors }: SeenText,
  rows: number,
  tools: EvaluationTools,
): Promise<ChannelMemorisation[]> {
  const { seed, sequenceLength: context, channels } = recipe;
  const sums = channels.map(() => ({ seen: [] as DocumentSums[], unseen: [] as DocumentSums[] }));
  await eachModel(tools, async (weights, model, progress) => {
    const bytes = weights.tokenizer.tokenizer.byteLengths();
    const texts = await tools.read(weights, channels);
    const orders = rowOrders(recipe, texts, rules);
    for (const [
      at,
      {
        id,
        train,
        heldOut: { ids: heldOut },
      },
    ] of texts.entries()) {
      const starts = {
        seen: seenRows(id, train, { context, seed, rules, cursor: cursors[id], curriculum: orders[id] }, rows),
        unseen: heldOutStarts(heldOut.length, context, rows).filter((start) => start + context < heldOut.length),
      };
      const cut = (ids: ArrayLike<number>, start: number) => Array.from({ length: context + 1 }, (_, token) => ids[start + token]!);
      const sequences = [...starts.seen.map((start) => cut(train, start)), ...starts.unseen.map((start) => cut(heldOut, start))];
      const options = withProgress(tools.work, (done) => progress((at + done) / texts.length));
      const losses = await sequenceLosses(model, sequences, options);
      const part = (from: number, to: number) => sumsOf(sequences.slice(from, to), losses.slice(from, to), bytes);
      sums[at]!.seen.push(part(0, starts.seen.length));
      sums[at]!.unseen.push(part(starts.seen.length, sequences.length));
    }
  });
  return channels.flatMap(({ id }, at) => {
    const { seen, unseen } = sums[at]!;
    return tokensOf(seen) > 0 && tokensOf(unseen) > 0 ? [{ id, measure: measureMemorisation(seen, unseen, deriveSeed(SEED, id)) }] : [];
  });
}

/**
 * Starts in the token stream of at most `count` rows seen, evenly spread over the order in which they came.
 * @param stream its cursor is the channel's in the checkpoint's sampler; without one nothing was drawn
 */
export function seenRows(channel: string, tokens: TokenIds, { cursor, ...stream }: StreamOptions, count: number): number[] {
  const windows = windowsOf(tokens.length, stream.context, stream.rules).count;
  const seen = cursor === undefined ? 0 : cursor.epoch > 0 ? windows : Math.min(cursor.position, windows);
  if (seen === 0) return [];
  const rows = new ChannelStream(channel, tokens, stream);
  const starts = Array.from({ length: seen }, () => rows.next().start);
  const taken = Math.min(seen, count);
  return Array.from({ length: taken }, (_, at) => starts[Math.floor((at * seen) / taken)]!);
}
