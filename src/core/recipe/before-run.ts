/** What a person should know of a recipe before it runs: none of it is wrong, all of it is easily overlooked. */
import { effectiveShares, type Shares } from '../mixture/mixture';
import { warmupSteps } from '../schedule/schedule';
import { plannedSettings } from './phases';
import type { Recipe } from './schema';

export type BeforeRun =
  /** The channel's text is shorter than one row; `longest` is the sequence length that it has room for, null where that is below the shortest. */
  | { kind: 'channel-short'; channel: string; tokens: number; needed: number; longest: number | null }
  /** Conversations or texts longer than a row, whose ends are left out, of so many; and those that the model's chat template refuses. */
  | { kind: 'records-cut'; channel: string; cut: number; refused: number; of: number }
  /** The channel's text is read more often than that does good. */
  | { kind: 'epochs'; channel: string; epochs: number }
  /** The channel weighs in the objective, and no row of it is ever read. */
  | { kind: 'weight-idle'; channel: string; weight: number }
  /** The channel is read, and weighs nothing in the objective. */
  | { kind: 'weight-none'; channel: string; share: number }
  /** Weight decay is to pull towards the base, and is 0. */
  | { kind: 'decay-none' }
  /** The warmup is longer than the run, which ends at this share of the peak. */
  | { kind: 'warmup-long'; warmup: number; steps: number; reached: number };

/** Repeated text is about as good as new up to here (Muennighoff et al., Scaling data-constrained language models, 2023). */
export const MOST_EPOCHS = 4;
/** Shortest row (recipe schema). */
const SHORTEST = 8;
/** Tokens of a step of training. */
export const stepTokens = ({ batchSize, gradientAccumulationSteps, sequenceLength }: Recipe): number =>
  batchSize * gradientAccumulationSteps * sequenceLength;

/** Steps at which shares are looked up: enough for phases and rises. */
const LOOKED_AT = 1000;

/** Of a step of training, a forward pass of the same tokens takes about so much. */
const FORWARD = 1 / 3;

/** Seconds of a whole run at this speed of training, its evaluations by their tokens; checkpoints are written beside it. */
export function expectedSeconds(recipe: Recipe, tokensPerSecond: number): number {
  const { sequenceLength, budget, evaluation, channels } = recipe;
  const trained = budget.steps * stepTokens(recipe);
  // At step 0, every so many steps, and at the end.
  const evaluations = 1 + Math.ceil(budget.steps / evaluation.everySteps);
  const { prompts } = evaluation;
  const read = channels.length * evaluation.rowsPerChannel * sequenceLength + (prompts ? prompts.texts.length * prompts.tokens : 0);
  return (trained + FORWARD * evaluations * read) / tokensPerSecond;
}

/** Of a corpus of records: tokens of each training document, and documents that the chat template refuses. */
type RecordLengths = Readonly<Record<string, { lengths: Uint32Array; refused: number }>>;

/** @param tokens corpus id → tokens of its training text, as far as known @param records of corpora of records */
export function beforeRun(recipe: Recipe, tokens: Readonly<Record<string, number>>, records: RecordLengths = {}): BeforeRun[] {
  const { channels, sequenceLength, budget, schedule } = recipe;
  const found: BeforeRun[] = [];
  const shares = meanShares(recipe);
  const rows = budget.steps * recipe.batchSize * recipe.gradientAccumulationSteps;
  for (const { id, corpus, objective } of channels) {
    const known = tokens[corpus];
    const share = shares[id] ?? 0;
    if (known === undefined || share === 0) continue;
    const own = records[corpus];
    if (objective && own) {
      // The last token of a conversation is a target alone; a labelled text has none.
      const most = objective.kind === 'classification' ? sequenceLength : sequenceLength + 1;
      const cut = own.lengths.reduce((count, length) => count + (length > most ? 1 : 0), 0);
      if (cut + own.refused > 0) found.push({ kind: 'records-cut', channel: id, cut, refused: own.refused, of: own.lengths.length });
    }
    // Rows of an objective of its own are no windows of the text.
    if (objective && objective.kind !== 'sft') continue;
    const longest = known - 1;
    if (longest < sequenceLength) {
      const fits = longest >= SHORTEST ? longest : null;
      found.push({ kind: 'channel-short', channel: id, tokens: known, needed: sequenceLength + 1, longest: fits });
      continue;
    }
    const epochs = (share * rows * sequenceLength) / longest;
    if (epochs > MOST_EPOCHS) found.push({ kind: 'epochs', channel: id, epochs });
  }
  if (Object.keys(shares).length > 0)
    for (const { id, weight } of channels) {
      if (weight === undefined) continue;
      const share = shares[id] ?? 0;
      if (weight > 0 && share === 0) found.push({ kind: 'weight-idle', channel: id, weight });
      if (weight === 0 && share > 0) found.push({ kind: 'weight-none', channel: id, share });
    }
  if (recipe.regularisation?.decayTowards && recipe.optimizer.weightDecay === 0) found.push({ kind: 'decay-none' });
  const warmup = warmupSteps(schedule, budget.steps);
  if (warmup > budget.steps) found.push({ kind: 'warmup-long', warmup, steps: budget.steps, reached: (budget.steps - 1) / warmup });
  return found;
}

/** Share of each channel over all steps, under the strategy; none where it draws nothing. */
function meanShares(recipe: Recipe): Shares {
  const { steps } = recipe.budget;
  const count = recipe.strategy.kind === 'mixed' && !recipe.phases ? 1 : Math.min(steps, LOOKED_AT);
  const sums: Record<string, number> = {};
  try {
    for (let at = 0; at < count; at++) {
      const step = Math.floor(((at + 0.5) * steps) / count);
      for (const [id, share] of Object.entries(effectiveShares(recipe, plannedSettings(recipe, step).shares, step)))
        sums[id] = (sums[id] ?? 0) + share / count;
    }
  } catch {
    // A recipe in the middle of an edit may draw nothing at all; the transport says so.
    return {};
  }
  return sums;
}
