/**
 * Merges of models of one shape, θ = θ_base + Σ factor_k · (θ_k − θ_base) in float32: interpolation between a base and a tuned model (Wortsman
 * et al. 2022, arXiv 2109.01903), sums of several (task arithmetic: Ilharco et al. 2023, arXiv 2212.04089) and means of checkpoints.
 */
import { add, mul, sub, tidy } from '@tensorflow/tfjs-core';
import { StudioError } from '../../src/core/errors';
import type { MeasuredChannel } from '../../src/contract/evaluation';
import type { OnProgress } from '../../src/contract/progress';
import { measureMixture, type DocumentSums, type MixtureMeasure } from '../../src/core/metrics/text-measure';
import { DecoderModel } from '../engine';
import { readChannelTokens } from '../runtime/channel-tokens';
import { sequenceModel } from '../runtime/engine-model';
import type { EngineWork } from '../runtime/engine-session';
import type { LoadedWeights } from '../runtime/weights';
import { CONTEXT, documentLosses } from './channels';
import { SEED, spreadDocuments, tokensOf, withProgress } from './each-model';
import { requireSameShape } from './weight-changes';

/** A model beside the ones it is merged from, whose weights stay untouched. */
export class MergedModel {
  readonly model: DecoderModel;

  /** Begins as the base. @throws StudioError `tensor-shape` when a tuned model has another shape than the base */
  constructor(
    private readonly base: DecoderModel,
    private readonly tuned: readonly DecoderModel[],
  ) {
    for (const one of tuned) requireSameShape(base, one);
    this.model = new DecoderModel(
      base.config,
      [...base.parameters].map(([name, parameter]) => ({ name, tensor: parameter.clone() })),
    );
  }

  /** @param factors one for each tuned model */
  set(factors: readonly number[]): void {
    for (const [name, parameter] of this.model.parameters)
      tidy(() => {
        const base = this.base.parameters.get(name)!;
        const moves = this.tuned.map((model, at) => mul(sub(model.parameters.get(name)!, base), factors[at]!));
        parameter.assign(moves.reduce((sum, move) => add(sum, move), base.clone()));
      });
  }

  dispose(): void {
    this.model.dispose();
  }
}

const KEPT_SUMS = 2;

export interface MergeTools {
  work: EngineWork;
  onProgress: OnProgress;
  /** Sums of the base by what was measured: a fader's positions all stand against the same. */
  baseSums: Map<string, DocumentSums[]>;
}

/**
 * Each merge beside its base, on the same held-out documents, as `evaluateChannels` measures two models.
 * @param factors of each merge, one for each tuned model
 * @param count most documents of each channel
 * @throws StudioError `tensor-shape`, `cancelled`
 */
export async function evaluateMerges(
  base: LoadedWeights,
  tuned: readonly LoadedWeights[],
  factors: readonly (readonly number[])[],
  channels: readonly MeasuredChannel[],
  count: number,
  { work, onProgress, baseSums }: MergeTools,
): Promise<MixtureMeasure[]> {
  const other = tuned.find(({ tokenizer }) => tokenizer.hash !== base.tokenizer.hash);
  if (other)
    throw new StudioError('config-unsupported', 'Only models of one tokenizer can be merged', {
      ...{ file: 'tokenizer.json', field: 'tokenizer', value: other.tokenizer.hash, accepted: base.tokenizer.hash },
    });
  const texts = await readChannelTokens(base.base, base.tokenizer.hash, channels, onProgress);
  const { startOfText } = base.tokenizer.tokenizer;
  const context = Math.min(CONTEXT, base.model.config.context);
  const measure = async (model: DecoderModel, done: number): Promise<DocumentSums[]> => {
    const sums: DocumentSums[] = [];
    for (const [at, { heldOut }] of texts.entries()) {
      const chosen = spreadDocuments(heldOut.starts.length, count);
      const progress = (share: number) =>
        onProgress({ phase: 'evaluate', item: '1', done: done + (at + share) / texts.length, total: factors.length });
      const options = withProgress(work, progress);
      sums.push(await documentLosses({ ...sequenceModel(model), context }, heldOut, chosen, startOfText, options));
    }
    return sums;
  };
  const key = JSON.stringify([base.hash, base.tokenizer.hash, channels, count]);
  const before = baseSums.get(key) ?? (await measure(base.model, 0));
  baseSums.set(key, before);
  // Of a first look and of a whole one.
  for (const old of [...baseSums.keys()].slice(0, -KEPT_SUMS)) baseSums.delete(old);
  const merged = await work.lock.run(
    async () =>
      new MergedModel(
        base.model,
        tuned.map(({ model }) => model),
      ),
  );
  try {
    const measures: MixtureMeasure[] = [];
    for (const [at, position] of factors.entries()) {
      work.signal.throwIfAborted();
      await work.lock.run(async () => merged.set(position));
      const after = await measure(merged.model, at);
      const measured = channels
        .map(({ id, role, generated }, channel) => ({ id, role, generated, models: [before[channel]!, after[channel]!] }))
        .filter(({ models }) => tokensOf(models) > 0);
      measures.push(measureMixture(measured, { seed: SEED, sameTokens: [true, true] }));
    }
    return measures;
  } finally {
    merged.dispose();
  }
}
