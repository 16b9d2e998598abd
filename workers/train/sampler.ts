/**
 * Batches of a run: whole rows per channel by error diffusion over each step's rows, taken from the channels' streams, shuffled
 * with the step's own seed and cut into micro-batches. Accumulating n micro-batches of r rows sees the same rows as one of n·r.
 */
import { participantsOf, type Client } from '../../src/core/federated/clients';
import { RowAllocator } from '../../src/core/mixture/mixture';
import type { Shares } from '../../src/core/mixture/mixture';
import type { Recipe } from '../../src/core/recipe/schema';
import { deriveSeed, Rng } from '../../src/core/rng/rng';
import type { RunRules } from '../../src/core/run/types';
import { channelEmpty, ChannelStream, type StreamCursor } from '../runtime/channel-stream';
import type { Curriculum } from '../runtime/channel-stream';
import { exampleBatches, type ChannelExamples } from '../runtime/examples';
import { emptyBatch, fillRow, type FederatedRound, type Row, type TokenBatch, type TokenIds } from '../runtime/trainable-model';
import { windowsOf } from '../runtime/windows';

export interface SamplerState {
  /** Rows owed to each channel. */
  allocator: Record<string, number>;
  /** Of a federated run, by the clients' indices: rows that a client owes its channels. */
  clients?: Record<string, Record<string, number>>;
  cursors: Record<string, StreamCursor>;
  /** Of channels whose examples have a state, by their ids. */
  examples?: Record<string, unknown>;
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
  /** What its rows are, where its objective is not the next token: it is drawn from instead of the windows. */
  examples?: ChannelExamples | undefined;
}

export class BatchSampler {
  private readonly streams = new Map<string, ChannelStream>();
  private readonly allocator: RowAllocator;
  private readonly clients: Map<string, RowAllocator>;

  constructor(
    private readonly options: SamplerOptions,
    state?: SamplerState,
  ) {
    this.allocator = state ? RowAllocator.restore(state.allocator) : new RowAllocator();
    this.clients = new Map(Object.entries(state?.clients ?? {}).map(([index, owed]) => [index, RowAllocator.restore(owed)]));
    for (const [id, cursor] of Object.entries(state?.cursors ?? {})) this.stream(id, cursor);
    for (const { id, examples } of options.channels) {
      const kept = state?.examples?.[id];
      if (kept !== undefined) examples?.restore?.(kept);
    }
  }

  /** @throws StudioError `channel-empty` naming the first channel that has a share and no row to draw */
  check(shares: Shares): void {
    const { context, rules } = this.options;
    for (const { id, tokens, examples } of this.options.channels)
      if ((shares[id] ?? 0) > 0 && (examples?.count ?? windowsOf(tokens.length, context, rules).count) === 0)
        throw channelEmpty(id, tokens.length, context);
  }

  /**
   * The micro-batches of one step.
   * @param shares channel id → share, as really drawn at this step
   * @throws StudioError `channel-empty`
   */
  next(step: number, shares: Shares, rows: number, accumulation: number): TokenBatch[] {
    this.check(shares);
    this.beginPhase(step);
    return this.draw(this.allocator.next(shares, rows * accumulation), deriveSeed(this.options.seed, 'shuffle', step), rows, accumulation);
  }

  /**
   * The micro-batches of a federated round, by the clients that take part: dealt evenly to them, the first have those that are left over. Each draws
   * its own shares of the channels' streams, so that within an epoch no row is read by two clients.
   * @throws StudioError `channel-empty`
   */
  round(step: number, clients: readonly Client[], rows: number, accumulation: number): TokenBatch[][] {
    this.beginPhase(step);
    return clients.map(({ index, shares }, at) => {
      this.check(shares);
      const own = Math.floor(accumulation / clients.length) + (at < accumulation % clients.length ? 1 : 0);
      const allocator = this.clients.get(String(index)) ?? new RowAllocator();
      this.clients.set(String(index), allocator);
      return this.draw(allocator.next(shares, rows * own), deriveSeed(this.options.seed, 'shuffle', step, index), rows, own);
    });
  }

  /**
   * What a step of the recipe reads, and how a federated run's is dealt to its clients.
   * @param shares as really drawn at this step
   * @throws StudioError `channel-empty`
   */
  step(recipe: Recipe, step: number, shares: Shares): { batches: TokenBatch[]; round?: FederatedRound } {
    const { federated, batchSize, gradientAccumulationSteps } = recipe;
    if (!federated) return { batches: this.next(step, shares, batchSize, gradientAccumulationSteps) };
    const clients = participantsOf(recipe, shares, step);
    const own = this.round(step, clients, batchSize, gradientAccumulationSteps);
    return { batches: own.flat(), round: clients.map(({ index, weight }, at) => ({ index, weight, updates: own[at]!.length })) };
  }

  /** So many rows of each channel, shuffled and cut into micro-batches. */
  private draw(counts: Readonly<Record<string, number>>, shuffle: number, rows: number, accumulation: number): TokenBatch[] {
    const { channels, context } = this.options;
    const drawn: Row[] = [];
    channels.forEach(({ id, apart }, channel) => {
      for (let row = 0; row < (counts[id] ?? 0); row++) drawn.push({ channel, apart, ...this.stream(id).next() });
    });
    new Rng(shuffle).shuffle(drawn);
    if (channels.every(({ examples }) => !examples)) return this.textBatches(drawn, rows, accumulation);
    const text = drawn.filter(({ channel }) => !channels[channel]!.examples);
    const apart = channels.flatMap(({ id, examples }, channel) => {
      const own = drawn.filter((row) => row.channel === channel);
      if (!examples) return [];
      const draws = own.map(({ start }, at) => ({ index: start, seed: deriveSeed(shuffle, id, at) }));
      return exampleBatches(examples, draws, { rows, context, channel });
    });
    return [...this.textBatches(text, rows, Math.ceil(text.length / rows)), ...apart];
  }

  private textBatches(drawn: readonly Row[], most: number, accumulation: number): TokenBatch[] {
    const { channels, context } = this.options;
    return Array.from({ length: accumulation }, (_, micro) => {
      const rows = Math.min(most, drawn.length - micro * most);
      const batch = emptyBatch(rows, context);
      for (let row = 0; row < rows; row++) {
        const place = drawn[micro * most + row]!;
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
    const kept = this.options.channels.flatMap(({ id, examples }) => (examples?.state ? [[id, examples.state()] as const] : []));
    return {
      allocator: this.allocator.state(),
      ...(this.clients.size > 0
        ? { clients: Object.fromEntries([...this.clients].map(([index, allocator]) => [index, allocator.state()])) }
        : {}),
      cursors: Object.fromEntries([...this.streams].map(([id, stream]) => [id, stream.cursor()])),
      ...(kept.length > 0 ? { examples: Object.fromEntries(kept) } : {}),
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
        examples: channel.examples?.count,
      });
      this.streams.set(id, stream);
    }
    return stream;
  }
}
