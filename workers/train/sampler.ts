/**
 * Batches of a run: whole rows per channel by error diffusion over each step's rows, taken from the channels' streams, shuffled
 * with the step's own seed and cut into micro-batches. Accumulating n micro-batches of r rows sees the same rows as one of n·r.
 */
import { RowAllocator } from '../../src/core/mixture/mixture';
import type { Shares } from '../../src/core/mixture/mixture';
import { deriveSeed, Rng } from '../../src/core/rng/rng';
import type { RunRules } from '../../src/core/run/types';
import { channelEmpty, ChannelStream, type StreamCursor } from '../runtime/channel-stream';
import type { Curriculum } from '../runtime/channel-stream';
import { emptyBatch, fillRow, type Row, type TokenBatch, type TokenIds } from '../runtime/trainable-model';
import { windowsOf } from '../runtime/windows';

export interface SamplerState {
  /** Rows owed to each channel. */
  allocator: Record<string, number>;
  cursors: Record<string, StreamCursor>;
}

export interface SamplerOptions {
  /** In the recipe's order; a batch names channels by their index here. */
  channels: readonly SampledChannel[];
  context: number;
  seed: number;
  rules: RunRules;
  /** First step of each phase, where any sorts rows, with the channels whose rows it sorts, by blocks of so many. */
  orders?: readonly { start: number; blocks: Readonly<Record<string, number>> }[] | undefined;
}

interface SampledChannel {
  id: string;
  tokens: TokenIds;
  curriculum?: Curriculum | null;
  /** Of its windows, where a phase sorts them. */
  difficulty?: Float64Array | undefined;
  /** Where its documents start: a row keeps them apart. Absent where documents of a row are joined. */
  apart?: Uint32Array | undefined;
}

export class BatchSampler {
  private readonly streams = new Map<string, ChannelStream>();
  private readonly allocator: RowAllocator;

  constructor(
    private readonly options: SamplerOptions,
    state?: SamplerState,
  ) {
    this.allocator = state ? RowAllocator.restore(state.allocator) : new RowAllocator();
    for (const [id, cursor] of Object.entries(state?.cursors ?? {})) this.stream(id, cursor);
  }

  /** @throws StudioError `channel-empty` naming the first channel that has a share and no row to draw */
  check(shares: Shares): void {
    for (const { id, tokens } of this.options.channels)
      if ((shares[id] ?? 0) > 0 && windowsOf(tokens.length, this.options.context, this.options.rules).count === 0)
        throw channelEmpty(id, tokens.length, this.options.context);
  }

  /**
   * The micro-batches of one step.
   * @param shares channel id → share, as really drawn at this step
   * @throws StudioError `channel-empty`
   */
  next(step: number, shares: Shares, rows: number, accumulation: number): TokenBatch[] {
    this.check(shares);
    const { channels, context, seed } = this.options;
    this.beginPhase(step);
    const counts = this.allocator.next(shares, rows * accumulation);
    const drawn: Row[] = [];
    channels.forEach(({ id, apart }, channel) => {
      for (let row = 0; row < (counts[id] ?? 0); row++) drawn.push({ channel, apart, ...this.stream(id).next() });
    });
    new Rng(deriveSeed(seed, 'shuffle', step)).shuffle(drawn);
    return Array.from({ length: accumulation }, (_, micro) => {
      const batch = emptyBatch(rows, context);
      for (let row = 0; row < rows; row++) {
        const place = drawn[micro * rows + row]!;
        fillRow(batch, row, channels[place.channel]!.tokens, place);
      }
      return batch;
    });
  }

  /** A checkpoint at a phase's first step is saved before it begins, so that a resumed run begins it too. */
  private beginPhase(step: number): void {
    const phase = this.options.orders?.find(({ start }) => start === step);
    if (!phase) return;
    for (const { id } of this.options.channels) {
      const block = phase.blocks[id] ?? null;
      if (block !== null || this.streams.has(id)) this.stream(id).sort(block);
    }
  }

  /** Channel id → times its text has been seen. */
  epochs(): Record<string, number> {
    return Object.fromEntries(this.options.channels.map(({ id }) => [id, this.streams.get(id)?.epochs() ?? 0]));
  }

  state(): SamplerState {
    return {
      allocator: this.allocator.state(),
      cursors: Object.fromEntries([...this.streams].map(([id, stream]) => [id, stream.cursor()])),
    };
  }

  private stream(id: string, cursor?: StreamCursor): ChannelStream {
    let stream = this.streams.get(id);
    if (!stream) {
      const channel = this.options.channels.find((candidate) => candidate.id === id);
      if (!channel) throw new RangeError(`Unknown channel "${id}"`);
      stream = new ChannelStream(id, channel.tokens, {
        ...this.options,
        cursor,
        curriculum: channel.curriculum,
        difficulty: channel.difficulty,
      });
      this.streams.set(id, stream);
    }
    return stream;
  }
}
