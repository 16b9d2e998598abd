/**
 * The rows of a channel that has an objective of its own: examples by number instead of windows of a token stream. Each kind of objective makes
 * them from the channel's text; sampler and held-out set draw them as they draw windows.
 */
import type { Recipe } from '../../src/core/recipe/schema';
import { deriveSeed } from '../../src/core/rng/rng';
import type { Objective } from '../engine';
import type { TextTokenizer } from '../tokenizer/text-tokenizer';
import type { ChannelTokens } from './channel-tokens';
import { contrastiveExamples } from './contrastive-examples';
import { maskedExamples } from './masked-examples';
import { pairExamples } from './pair-examples';
import { conversations, labelled } from './record-examples';
import { promptExamples } from './rollouts';
import { emptyBatch, type TokenBatch } from './trainable-model';

/** Examples of one split of a channel. */
export interface ChannelExamples {
  readonly count: number;
  /** Rows of a batch that one takes. */
  readonly rowsEach: number;
  /**
   * Writes example `index` into the rows from `row` on: ids, targets, documents.
   * @param seed of what is drawn for it (masks, noise): follows from run, step and place; of held-out text always the same
   */
  fill(batch: TokenBatch, row: number, index: number, seed: number): void;
  /** Of the example's text, which is predicted; 0 where what counts is no text. @returns UTF-8 bytes */
  bytes(index: number): number;
  /** What the rows of a micro-batch are trained on. @param examples in their order */
  objective(examples: readonly number[]): Objective;
  /** What a checkpoint keeps of it beside the place in its order; absent: nothing. */
  state?(): unknown;
  restore?(state: unknown): void;
}

/** An example to be drawn. */
interface Draw {
  index: number;
  seed: number;
}

/** Micro-batches of at most `rows` rows, each of whole examples. */
export function exampleBatches(
  examples: ChannelExamples,
  draws: readonly Draw[],
  { rows, context, channel }: { rows: number; context: number; channel: number },
): TokenBatch[] {
  const { rowsEach } = examples;
  const each = Math.max(1, Math.floor(rows / rowsEach));
  const batches: TokenBatch[] = [];
  for (let from = 0; from < draws.length; from += each) {
    const part = draws.slice(from, from + each);
    const batch = emptyBatch(part.length * rowsEach, context);
    batch.channels.fill(channel);
    part.forEach(({ index, seed }, at) => examples.fill(batch, at * rowsEach, index, seed));
    batches.push({ ...batch, objective: examples.objective(part.map(({ index }) => index)) });
  }
  return batches;
}

/** So many examples evenly spread over a held-out split, always the same. */
export function heldOutDraws({ count }: ChannelExamples, most: number): Draw[] {
  const taken = Math.min(count, most);
  return Array.from({ length: taken }, (_, at) => {
    const index = Math.floor((at * count) / taken);
    return { index, seed: deriveSeed(0, 'held-out', index) };
  });
}

export interface ExampleSource {
  recipe: Recipe;
  /** Index of the channel in the recipe. */
  channel: number;
  text: ChannelTokens;
  tokenizer: TextTokenizer;
}

/** Examples of both splits. */
export interface SplitExamples {
  train: ChannelExamples;
  heldOut: ChannelExamples;
}

/**
 * What a channel's objective makes of its text; null for the next token.
 * @throws StudioError `recipe-invalid` where the channel's text is not of the kind that the objective reads
 */
export async function examplesOf(source: ExampleSource): Promise<SplitExamples | null> {
  const { recipe, channel, text, tokenizer } = source;
  const { objective } = recipe.channels[channel]!;
  if (!objective) return null;
  if (objective.kind === 'mlm' || objective.kind === 'plm') return maskedExamples(source, objective);
  if (objective.kind === 'contrastive') return contrastiveExamples(source, objective);
  if (objective.kind === 'sft') return conversations(recipe, channel, text, tokenizer.byteLengths());
  if (objective.kind === 'classification') return labelled(recipe, channel, text);
  if (objective.kind === 'reward' || objective.kind === 'dpo') return pairExamples(source, objective);
  return promptExamples(source, objective);
}
