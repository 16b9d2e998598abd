/**
 * One channel's training text as rows: its token stream cut into consecutive windows of `context` tokens, visited once an
 * epoch in an order seeded by run, channel and epoch, which a curriculum sorts by difficulty. The cursor is all that a checkpoint needs to go on identically.
 */
import { StudioError } from '../../src/core/errors';
import { deriveSeed } from '../../src/core/rng/rng';
import type { Curriculum } from './curriculum';
import { Permutation } from './permutation';
import type { TokenIds } from './token-batch';

export interface StreamCursor {
  /** Epochs completed. */
  epoch: number;
  /** Windows drawn in this epoch. */
  position: number;
}

/** Whole windows in a stream: each needs context tokens and the one after. */
export function windowCount(tokens: number, context: number): number {
  return Math.max(0, Math.floor((tokens - 1) / context));
}

export class ChannelStream {
  readonly windows: number;
  private order: { at(index: number): number };
  private readonly at: StreamCursor;

  /** @throws StudioError `channel-empty` when the text is shorter than one row */
  constructor(
    readonly channel: string,
    readonly tokens: TokenIds,
    private readonly context: number,
    private readonly seed: number,
    cursor: StreamCursor = { epoch: 0, position: 0 },
    private readonly curriculum: Curriculum | null = null,
  ) {
    this.windows = windowCount(tokens.length, context);
    if (this.windows === 0) throw channelEmpty(channel, tokens.length, context);
    this.at = { ...cursor };
    this.order = this.orderOf(cursor.epoch);
  }

  /** Start of the next row in the token stream. */
  next(): number {
    if (this.at.position === this.windows) {
      this.at.epoch += 1;
      this.at.position = 0;
      this.order = this.orderOf(this.at.epoch);
    }
    const window = this.order.at(this.at.position);
    this.at.position += 1;
    return window * this.context;
  }

  /** Times the text has been seen, with fractions. */
  epochs(): number {
    return this.at.epoch + this.at.position / this.windows;
  }

  cursor(): StreamCursor {
    return { ...this.at };
  }

  private orderOf(epoch: number): { at(index: number): number } {
    const order = new Permutation(this.windows, deriveSeed(this.seed, 'order', this.channel, epoch));
    return this.curriculum ? this.curriculum.arrange(order) : order;
  }
}

export function channelEmpty(channel: string, tokens: number, context: number): StudioError {
  const needed = context + 1;
  return new StudioError('channel-empty', `Channel "${channel}" has ${tokens} training tokens; a row needs ${needed}`, {
    channel,
    tokens,
    needed,
  });
}
