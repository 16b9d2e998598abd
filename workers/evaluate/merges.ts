/**
 * Merges of models of one shape, θ = θ_base + Σ factor_k · (θ_k − θ_base) in float32: interpolation between a base and a tuned model (Wortsman
 * et al. 2022, arXiv 2109.01903), sums of several (task arithmetic: Ilharco et al. 2023, arXiv 2212.04089) and means of checkpoints.
 */
import { add, mul, sub, tidy } from '@tensorflow/tfjs-core';
import { StudioError } from '../../src/core/errors';
import type { MeasuredChannel, MergeLook } from '../../src/contract/evaluation';
import type { OnProgress } from '../../src/contract/progress';
import { measureMixture, type DocumentSums, type MixtureMeasure } from '../../src/core/metrics/text-measure';
import { DecoderModel } from '../engine';
import { readChannelTokens, spreadDocuments } from '../runtime/channel-tokens';
import { sequenceModel } from '../runtime/engine-model';
import type { EngineWork } from '../runtime/engine-session';
import type { LoadedWeights } from '../runtime/weights';
import { CONTEXT, documentLosses, type MeasuredDocuments } from './channels';
import { SEED, tokensOf, withProgress } from './each-model';
import { parameterNames, requireSameShape } from './weight-changes';

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
      parameterNames(base).map((name) => ({ name, tensor: base.mergedWeight(name) })),
    );
  }

  /** @param factors one for each tuned model */
  set(factors: readonly number[]): void {
    for (const [name, parameter] of this.model.parameters)
      tidy(() => {
        const base = this.base.mergedWeight(name);
        const moves = this.tuned.map((model, at) => mul(sub(model.mergedWeight(name), base), factors[at]!));
        parameter.assign(moves.reduce((sum, move) => add(sum, move), base));
      });
  }

  dispose(): void {
    this.model.dispose();
  }
}

/** Looks at the base that are remembered: of a first look and of a whole one. */
const KEPT_LOOKS = 2;

/** What the positions of a fader have in common: the text they are measured on, and the base's sums on it. */
export class MergeGround {
  private texts: { key: string; parts: MeasuredDocuments[] } | null = null;
  private readonly sums = new Map<string, DocumentSums[]>();

  async read(
    base: LoadedWeights,
    channels: readonly MeasuredChannel[],
    look: MergeLook,
    onProgress: OnProgress,
  ): Promise<MeasuredDocuments[]> {
    const key = JSON.stringify([base.tokenizer.hash, channels, look]);
    if (this.texts?.key === key) return this.texts.parts;
    const { tokens } = look;
    const beginning = tokens === undefined ? {} : { beginning: { tokens, tokenBytes: base.tokenizer.tokenizer.byteLengths() } };
    const texts = await readChannelTokens(base.base, base.tokenizer.hash, channels, onProgress);
    const parts = texts.map(({ heldOut }) => ({
      tokens: heldOut,
      chosen: spreadDocuments(heldOut.starts.length, look.documents),
      ...beginning,
    }));
    this.texts = { key, parts };
    return parts;
  }

  /** The base's sums, by `measure` when they are not known. */
  async base(
    { hash, tokenizer }: LoadedWeights,
    channels: readonly MeasuredChannel[],
    look: MergeLook,
    measure: () => Promise<DocumentSums[]>,
  ): Promise<DocumentSums[]> {
    const key = JSON.stringify([hash, tokenizer.hash, channels, look]);
    const found = this.sums.get(key) ?? (await measure());
    this.sums.set(key, found);
    for (const old of [...this.sums.keys()].slice(0, -KEPT_LOOKS)) this.sums.delete(old);
    return found;
  }
}

export interface MergeTools {
  work: EngineWork;
  onProgress: OnProgress;
  ground: MergeGround;
}

/**
 * Each merge beside its base, on the same held-out documents, as `evaluateChannels` measures two models.
 * @param factors of each merge, one for each tuned model
 * @throws StudioError `tensor-shape`, `cancelled`
 */
export async function evaluateMerges(
  base: LoadedWeights,
  tuned: readonly LoadedWeights[],
  factors: readonly (readonly number[])[],
  channels: readonly MeasuredChannel[],
  look: MergeLook,
  { work, onProgress, ground }: MergeTools,
): Promise<MixtureMeasure[]> {
  const other = tuned.find(({ tokenizer }) => tokenizer.hash !== base.tokenizer.hash);
  if (other)
    throw new StudioError('config-unsupported', 'Only models of one tokenizer can be merged', {
      ...{ file: 'tokenizer.json', field: 'tokenizer', value: other.tokenizer.hash, accepted: base.tokenizer.hash },
    });
  const parts = await ground.read(base, channels, look, onProgress);
  const { startOfText } = base.tokenizer.tokenizer;
  const context = Math.min(CONTEXT, base.model.config.context);
  const measure = (model: DecoderModel, done: number): Promise<DocumentSums[]> => {
    const progress = (share: number) => onProgress({ phase: 'evaluate', item: '1', done: done + share, total: factors.length });
    return documentLosses({ ...sequenceModel(model), context }, parts, startOfText, withProgress(work, progress));
  };
  const before = await ground.base(base, channels, look, () => measure(base.model, 0));
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
