/**
 * In which order a run draws the rows of a channel. A channel's token stream is cut into windows of `context` tokens (windows.ts); each
 * epoch visits every window once, in an order seeded by run, channel and epoch. Under a curriculum, blocks of that order are sorted by
 * difficulty.
 */
import { StudioError } from '../../src/core/errors';
import { effectiveShares } from '../../src/core/mixture/mixture';
import type { Recipe } from '../../src/core/recipe/schema';
import { deriveSeed } from '../../src/core/rng/rng';
import type { RunRules } from '../../src/core/run/types';
import type { ChannelTokens } from './channel-tokens';
import type { TokenIds } from './trainable-model';
import { windowsOf, type RowPlace, type Windows } from './windows';

/** Of the Feistel network. */
const ROUNDS = 4;

/**
 * A seeded random order of 0 … size − 1 that is computed, not stored: a four-round Feistel network over the next even power
 * of two, walked along its cycle until the value falls inside (Black & Rogaway, "Ciphers with Arbitrary Finite Domains", 2002).
 */
export class Permutation {
  private readonly half: number;
  private readonly mask: number;

  /** @param size 1 … 2³⁰ */
  constructor(
    readonly size: number,
    private readonly seed: number,
  ) {
    if (!Number.isInteger(size) || size < 1 || size > 2 ** 30) throw new RangeError(`Permutation size is ${size}; accepted: 1 … 2^30`);
    this.half = 1;
    while (2 ** (2 * this.half) < size) this.half += 1;
    this.mask = 2 ** this.half - 1;
  }

  /** The element at `index` of the order. */
  at(index: number): number {
    let value = this.encipher(index);
    while (value >= this.size) value = this.encipher(value);
    return value;
  }

  private encipher(value: number): number {
    let left = value >>> this.half;
    let right = value & this.mask;
    for (let round = 0; round < ROUNDS; round++) [left, right] = [right, left ^ (mix(right, this.seed, round) & this.mask)];
    return ((left << this.half) | right) >>> 0;
  }
}

/** murmur3's finaliser over the half block, the seed and the round. */
function mix(value: number, seed: number, round: number): number {
  let h = (value ^ seed ^ Math.imul(round + 1, 0x9e3779b9)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * Sorts a random order of a channel's windows by difficulty: mean −ln p of a window's tokens under the unigram distribution of the
 * general text (word rarity, Platanios et al. 2019, arXiv 1903.09848). It needs no model and is the same on every device.
 */
export interface Curriculum {
  /** Of each block of windows, as many as the run will draw, the easy ones first: so the whole range of difficulty is gone through. */
  arrange(order: { readonly size: number; at(index: number): number }): { at(index: number): number };
}

/**
 * @param difficulty of each window; @param block windows the run is expected to draw (at least 1)
 */
export function curriculumOf(difficulty: Float64Array, block: number): Curriculum {
  return {
    arrange: (order) => sortedWithin(order, difficulty, { from: 0, block }),
  };
}

/** A part of an epoch's order in which blocks of windows are sorted by difficulty. */
interface SortedPart {
  /** Place in the order. */
  from: number;
  block: number;
  /** Absent: to the end of the epoch, and in the epochs after it. */
  until?: number;
}

function sortedWithin(
  order: { readonly size: number; at(index: number): number },
  difficulty: Float64Array,
  { from, block, until = order.size }: SortedPart,
): { at(index: number): number } {
  const sorted = Uint32Array.from({ length: until - from }, (_, index) => order.at(from + index));
  for (let start = 0; start < sorted.length; start += block)
    sorted.subarray(start, start + block).sort((a, b) => difficulty[a]! - difficulty[b]! || a - b);
  return { at: (index) => (index >= from && index < until ? sorted[index - from]! : order.at(index)) };
}

/** −ln p of each token id: of `texts` together, each id counted once more than it occurs. */
export function tokenRarity(texts: readonly TokenIds[]): Float64Array {
  let vocabulary = 1;
  for (const ids of texts) for (const id of ids) if (id >= vocabulary) vocabulary = id + 1;
  const counts = new Float64Array(vocabulary).fill(1);
  for (const ids of texts) for (const id of ids) counts[id]! += 1;
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => Math.log(total / count));
}

/** Mean rarity of the tokens of each window of `context`; ids that `rarity` does not know are the rarest. */
export function windowDifficulty(ids: TokenIds, context: number, windows: Windows, rarity: Float64Array): Float64Array {
  const rarest = rarity.reduce((most, value) => Math.max(most, value), 0);
  return Float64Array.from({ length: windows.count }, (_, window) => {
    const { start } = windows.at(window);
    let sum = 0;
    for (let at = start; at < start + context; at++) sum += rarity[ids[at]!] ?? rarest;
    return sum / context;
  });
}

/** Where a run stands in a channel: all that a checkpoint needs to go on with the same rows. */
export interface StreamCursor {
  /** Epochs completed. */
  epoch: number;
  /** Windows drawn in this epoch. */
  position: number;
  /** Where a phase has its rows in order of difficulty. */
  sorted?: SortedPart;
}

export interface StreamOptions {
  context: number;
  /** Of the run. */
  seed: number;
  rules: RunRules;
  cursor?: StreamCursor | undefined;
  curriculum?: Curriculum | null | undefined;
  /** Of each window, for phases that sort. */
  difficulty?: Float64Array | null | undefined;
  /** Its rows are so many examples instead of windows: a row's start is the example's number. */
  examples?: number | undefined;
}

/** One channel's training text as rows, in the order in which a run draws them. */
export class ChannelStream {
  private readonly windows: Windows;
  private order: { at(index: number): number };
  private readonly at: StreamCursor;

  /** @throws StudioError `channel-empty` when the text is shorter than one row */
  constructor(
    readonly channel: string,
    tokens: TokenIds,
    private readonly options: StreamOptions,
  ) {
    const { context, rules, examples, cursor = { epoch: 0, position: 0 } } = options;
    this.windows =
      examples === undefined ? windowsOf(tokens.length, context, rules) : { count: examples, at: (index) => ({ start: index, skip: 0 }) };
    if (this.windows.count === 0) throw channelEmpty(channel, tokens.length, context);
    this.at = { ...cursor };
    this.order = this.orderOf(cursor.epoch);
  }

  /** The next row. */
  next(): RowPlace {
    if (this.at.position === this.windows.count) {
      this.at.epoch += 1;
      this.at.position = 0;
      if (this.at.sorted?.until === undefined && this.at.sorted) this.at.sorted = { from: 0, block: this.at.sorted.block };
      else delete this.at.sorted;
      this.order = this.orderOf(this.at.epoch);
    }
    const window = this.order.at(this.at.position);
    this.at.position += 1;
    return this.windows.at(window);
  }

  /**
   * From the next row on in order of difficulty, by blocks of so many windows, or shuffled again (null). Each epoch still visits every window once:
   * what is left of a block that was begun comes first.
   */
  sort(block: number | null): void {
    const { position, sorted } = this.at;
    const open = sorted !== undefined && position < (sorted.until ?? Infinity);
    if (block !== null) this.at.sorted = open ? { from: sorted.from, block: sorted.block } : { from: position, block };
    else if (open && sorted.until === undefined) {
      const blocks = Math.ceil((position - sorted.from) / sorted.block);
      this.at.sorted = { ...sorted, until: Math.min(this.windows.count, sorted.from + blocks * sorted.block) };
    }
    this.order = this.orderOf(this.at.epoch);
  }

  /** Times the text has been seen, with fractions. */
  epochs(): number {
    return this.at.epoch + this.at.position / this.windows.count;
  }

  cursor(): StreamCursor {
    return { ...this.at };
  }

  private orderOf(epoch: number): { at(index: number): number } {
    const { seed, curriculum, difficulty } = this.options;
    const order = new Permutation(this.windows.count, deriveSeed(seed, 'order', this.channel, epoch));
    if (curriculum) return curriculum.arrange(order);
    const { sorted } = this.at;
    return sorted && difficulty ? sortedWithin(order, difficulty, sorted) : order;
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

type Text = Pick<ChannelTokens, 'id' | 'train'>;

/** Curriculum of each channel of a recipe, by id; null where rows are shuffled, as those of general channels always are. */
export function rowOrders(recipe: Recipe, texts: readonly Text[], rules: RunRules): Record<string, Curriculum | null> {
  const known = recipe.strategy.kind === 'curriculum' ? domainDifficulty(recipe, texts, rules) : {};
  return Object.fromEntries(texts.map(({ id }) => [id, known[id] ? curriculumOf(known[id], expectedRows(recipe, id)) : null]));
}

/** Difficulty of the windows of the domain channels, by id; of none where no phase sorts rows. */
export function phaseDifficulty(recipe: Recipe, texts: readonly Text[], rules: RunRules): Record<string, Float64Array> {
  return recipe.phases?.some(({ order }) => order === 'difficulty') ? domainDifficulty(recipe, texts, rules) : {};
}

function domainDifficulty({ channels, sequenceLength }: Recipe, texts: readonly Text[], rules: RunRules): Record<string, Float64Array> {
  const general = new Set(channels.flatMap(({ id, role }) => (role === 'general' ? [id] : [])));
  const rarity = tokenRarity(texts.flatMap(({ id, train }) => (general.has(id) ? [train] : [])));
  return Object.fromEntries(
    texts.flatMap(({ id, train }) =>
      general.has(id) ? [] : [[id, windowDifficulty(train, sequenceLength, windowsOf(train.length, sequenceLength, rules), rarity)]],
    ),
  );
}

/** Rows of a channel over the whole run, with the shares the recipe starts with. */
function expectedRows(recipe: Recipe, id: string): number {
  const shares = Object.fromEntries(recipe.channels.map((channel) => [channel.id, channel.share]));
  const perStep = recipe.batchSize * recipe.gradientAccumulationSteps;
  let rows = 0;
  for (let step = 0; step < recipe.budget.steps; step++) rows += effectiveShares(recipe, shares, step)[id]! * perStep;
  return Math.max(1, Math.round(rows));
}
