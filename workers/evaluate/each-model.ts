/**
 * What all measures share: several models, the first of them the base, are opened one after the other, so that no more than two lie on the
 * device, with progress, turns for a run that trains, and cancelling.
 */
import type { MeasuredChannel } from '../../src/contract/evaluation';
import type { OnProgress } from '../../src/contract/progress';
import type { DocumentSums } from '../../src/core/metrics/text-measure';
import type { ChannelTokens } from '../runtime/channel-tokens';
import { sequenceModel } from '../runtime/engine-model';
import type { EngineWork } from '../runtime/engine-session';
import type { SequenceModel, SequenceOptions } from '../runtime/sequences';
import type { LoadedWeights } from '../runtime/weights';

/** Seed of bootstrap resamples and of noise: the same measure gives the same figures. */
export const SEED = 95;

export interface EvaluationTools {
  /** How many models there are. */
  models: number;
  /** Gives `use` the weights of a model, which stay open until it settles. */
  open<T>(model: number, use: (weights: LoadedWeights) => Promise<T>): Promise<T>;
  /** Token streams of channels under the model's tokenizer. */
  read(weights: LoadedWeights, channels: readonly MeasuredChannel[]): Promise<ChannelTokens[]>;
  onProgress: OnProgress;
  work: EngineWork;
}

/**
 * Opens models one after the other.
 * @param use its `progress` takes the share of the present model that is done, 0 … 1
 * @throws StudioError `cancelled`
 */
export async function eachModel(
  tools: EvaluationTools,
  use: (weights: LoadedWeights, model: SequenceModel, progress: (share: number) => void) => Promise<void>,
): Promise<void> {
  for (let model = 0; model < tools.models; model++) {
    tools.work.signal.throwIfAborted();
    const item = String(model);
    const progress = (share: number) => tools.onProgress({ phase: 'evaluate', item, done: model + share, total: tools.models });
    await tools.open(model, (weights) => use(weights, sequenceModel(weights.model), progress));
  }
}

/** Options of scoring sequences: batches take the engine lock; between them progress is told and other work has its turn. */
export function withProgress(work: EngineWork, progress: (share: number) => void = () => undefined): SequenceOptions {
  return {
    exclusively: (batch) => work.lock.run(batch),
    async between(done, total) {
      progress(total === 0 ? 1 : done / total);
      await work.yield();
      work.signal.throwIfAborted();
    },
  };
}

/** Sums of each sequence over its tokens after the first. */
export function sumsOf(
  sequences: readonly (readonly number[])[],
  losses: readonly Float32Array[],
  tokenBytes: ArrayLike<number>,
): DocumentSums {
  return {
    nll: losses.map((nll) => nll.reduce((sum, loss) => sum + loss, 0)),
    tokens: losses.map(({ length }) => length),
    bytes: sequences.map((ids) => ids.slice(1).reduce((sum, id) => sum + (tokenBytes[id] ?? 0), 0)),
  };
}

/** Tokens that were predicted under the base. */
export const tokensOf = (models: readonly DocumentSums[]): number => models[0]?.tokens.reduce((sum, count) => sum + count, 0) ?? 0;
