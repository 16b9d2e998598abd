/** The rows of a channel that a run has drawn, told from its checkpoint's cursor: they come in an order that the seed makes. */
import { ChannelStream, type StreamCursor, windowCount } from '../runtime/channel-stream';
import type { Curriculum } from '../runtime/channel-stream';
import type { TokenIds } from '../runtime/trainable-model';

/**
 * Starts in the token stream of at most `count` rows seen, evenly spread over the order in which they came.
 * @param cursor of the channel in the checkpoint's sampler; without one nothing was drawn
 */
export function seenRows(
  channel: string,
  tokens: TokenIds,
  context: number,
  seed: number,
  cursor: StreamCursor | undefined,
  count: number,
  curriculum: Curriculum | null = null,
): number[] {
  const windows = windowCount(tokens.length, context);
  const seen = cursor === undefined ? 0 : cursor.epoch > 0 ? windows : Math.min(cursor.position, windows);
  if (seen === 0) return [];
  const stream = new ChannelStream(channel, tokens, context, seed, undefined, curriculum);
  const starts = Array.from({ length: seen }, () => stream.next());
  const taken = Math.min(seen, count);
  return Array.from({ length: taken }, (_, at) => starts[Math.floor((at * seen) / taken)]!);
}
