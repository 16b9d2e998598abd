/**
 * The engine's models as training and evaluation take them. Sums and norms of a step stay on the device until they are read, those of
 * several steps at once.
 */
import { concat, reshape, tidy, type Scalar, type Tensor, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { layerRate, trainedFrom } from '../../src/core/model/trained';
import { objectiveWeights } from '../../src/core/recipe/edits';
import type { Recipe } from '../../src/core/recipe/schema';
import {
  adapterWeights,
  createAdamW,
  evaluationSums,
  fileWeights,
  hostTensors,
  readSafetensors,
  settled,
  tokenLosses,
  trainingGradients,
  writeSafetensors,
  type DecoderModel,
  type Optimizer,
  type ParameterGroup,
  type WeightHold,
} from '../engine';
import type { SequenceModel } from './sequences';
import type { BatchSums, ModelFiles, PendingStep, StepOptions, StepSums, TokenBatch, TrainableModel } from './trainable-model';

/**
 * A model that scores sequences; no weight changes.
 * @param context longest sequence in tokens, where it shall be shorter than the model's own: to measure several models alike
 */
export function sequenceModel(model: DecoderModel, context = model.context): SequenceModel {
  return {
    context,
    async tokenLosses(batch) {
      const losses = tokenLosses(model, batch);
      try {
        return await losses.data<'float32'>();
      } finally {
        losses.dispose();
      }
    },
  };
}

interface PendingEngineStep extends PendingStep {
  sums: Tensor2D;
  norm: Scalar;
  /** Of a step with loss scaling: norm, scale, steps skipped so far, 1 when it was skipped itself. */
  scaling: Tensor1D | undefined;
}

/** What a recipe's regularisation holds the weights of a run to. */
interface RunBase {
  /** θ₀ by the parameters' names; of a run with an adapter that of the weights that are trained whole beside it. */
  anchor: ReadonlyMap<string, Tensor>;
  /** The model that the anchor belongs to, where that is a whole one. */
  model: DecoderModel | null;
  /** By the parameters' names; empty without EWC. */
  fisher: ReadonlyMap<string, Tensor>;
}

function disposeBase({ anchor, model, fisher }: RunBase): void {
  model?.dispose();
  for (const tensor of [...(model ? [] : anchor.values()), ...fisher.values()]) tensor.dispose();
}

/** Which elements of a run's weights are trained: 1, else 0. A parameter without a mask is frozen. On the device. */
type TrainingMasks = ReadonlyMap<string, Tensor>;

/** What a run brings with it besides its model. */
export interface RunParts {
  /** Moments of a checkpoint and the updates they come from. */
  stored?: { optimizer: Uint8Array; steps: number } | undefined;
  /** What the recipe's regularisation holds the weights to; the model's own from here on. */
  base?: RunBase | undefined;
  /** With parameter isolation; the model's own from here on. */
  masks?: TrainingMasks | undefined;
}

export function disposeParts({ base, masks }: RunParts): void {
  if (base) disposeBase(base);
  for (const mask of masks?.values() ?? []) mask.dispose();
}

/** A model with its optimizer. */
export class EngineModel implements TrainableModel, SequenceModel {
  private readonly sequences: SequenceModel;
  private readonly channels: number;
  /** Of the channels in the objective; undefined where every token counts alike. */
  private readonly weights: readonly number[] | undefined;
  private readonly optimizer: Optimizer;
  private readonly recompute: boolean;
  /** Finished steps before the first that trains a parameter; null where all are trained that can be. */
  private readonly trainedFrom: ReadonlyMap<string, number> | null;

  constructor(
    private readonly model: DecoderModel,
    recipe: Pick<Recipe, 'channels' | 'optimizer' | 'activationCheckpointing' | 'precision' | 'regularisation' | 'method' | 'budget'>,
    readonly syncReadback: boolean,
    private readonly parts: RunParts = {},
  ) {
    const { stored, base, masks } = parts;
    const { method, optimizer, budget } = recipe;
    this.trainedFrom = method?.kind === 'partial' ? trainedFrom(model.config, method, budget.steps) : null;
    this.sequences = sequenceModel(model);
    // What is measured before the first step is the base, which a prompt's first values are not.
    model.usesPrompt = (stored?.steps ?? 0) > 0;
    this.channels = recipe.channels.length;
    this.weights = objectiveWeights(recipe) ?? undefined;
    this.recompute = recipe.activationCheckpointing;
    const { layerDecay } = optimizer;
    this.optimizer = createAdamW(model.parameters, {
      ...optimizer,
      scalesLoss: recipe.precision === 'f16',
      hold: holdOf(recipe, model, base),
      masks,
      ...(layerDecay === undefined ? {} : { groups: layerGroups(model, layerDecay) }),
    });
    if (!stored) return;
    const { tensors } = readSafetensors('optimizer.safetensors', stored.optimizer);
    this.optimizer.restore(
      // Moments that start at zero need Adam's bias correction from its first step again.
      tensors.size === 0 ? 0 : stored.steps,
      [...tensors.values()].map((tensor) => ({ name: tensor.name, shape: tensor.shape, data: tensor.read() })),
    );
  }

  /** Longest separate text: the model's context, which may be longer than the recipe's rows. */
  get context(): number {
    return this.sequences.context;
  }

  tokenLosses(batch: TokenBatch): Promise<Float32Array> {
    return this.sequences.tokenLosses(batch);
  }

  async evaluate(batch: TokenBatch): Promise<BatchSums> {
    const sums = evaluationSums(this.model, batch, this.channels);
    try {
      return split(await sums.data<'float32'>(), this.channels);
    } finally {
      sums.dispose();
    }
  }

  step(batches: readonly TokenBatch[], { lr, dropout }: StepOptions): PendingStep {
    const { lossScale } = this.optimizer;
    this.model.usesPrompt = true;
    this.freeze(dropout.step);
    const { gradients, sums } = trainingGradients(this.model, [...batches], {
      channels: this.channels,
      weights: this.weights,
      ...(dropout.rate > 0 || this.model.adapter?.method.dropout ? { dropout } : {}),
      recompute: this.recompute,
      ...(lossScale ? { half: { scale: lossScale } } : {}),
    });
    const { norm, scaling } = this.optimizer.apply(gradients, lr);
    // Awaited one step later, when the next is already under way, so the device never runs dry. Nothing is read back.
    const finished = settled();
    // Whoever does not wait for a step must not see its failure as an unhandled one: reading it fails too.
    finished.catch(() => undefined);
    const step: PendingEngineStep = { finished, sums, norm, scaling };
    return step;
  }

  /** Lets the parameters take gradients that are trained after so many steps. */
  private freeze(step: number): void {
    const { trainedFrom: from, parts } = this;
    if (from) this.model.freezeAllBut({ has: (name) => (from.get(name) ?? Infinity) <= step && parts.masks?.has(name) !== false });
  }

  async read(pending: readonly PendingStep[]): Promise<StepSums[]> {
    if (pending.length === 0) return [];
    const steps = pending as readonly PendingEngineStep[];
    const all = tidy(() =>
      concat(steps.flatMap(({ sums, norm, scaling }) => [reshape(sums, [-1]), reshape(norm, [1]), ...(scaling ? [scaling] : [])])),
    );
    for (const { sums, norm, scaling } of steps) {
      sums.dispose();
      norm.dispose();
      scaling?.dispose();
    }
    try {
      const values = await all.data<'float32'>();
      let start = 0;
      return steps.map(({ scaling }) => {
        const width = 2 * this.channels + 1;
        const own = values.subarray(start, start + width + (scaling?.size ?? 0));
        start += own.length;
        const [, scale, skipped, overflowed] = own.subarray(width);
        return {
          ...split(own, this.channels),
          gradNorm: own[width - 1]!,
          ...(scaling ? { scaling: { scale: scale!, skipped: skipped!, overflowed: overflowed === 1 } } : {}),
        };
      });
    } finally {
      all.dispose();
    }
  }

  async save(moments: boolean): Promise<ModelFiles> {
    // Of a frozen model the adapter alone: the rest stays as it is in the base.
    const weights = this.model.adapter || this.model.softPrompt ? await adapterWeights(this.model) : await fileWeights(this.model);
    const model = writeSafetensors(weights, 'F32', { format: 'pt' });
    return { model, optimizer: writeSafetensors(moments ? await hostTensors(this.optimizer.state()) : [], 'F32') };
  }

  dispose(): void {
    this.optimizer.dispose();
    this.model.dispose();
    disposeParts(this.parts);
  }
}

/** A group for each rate that the layers' decay makes. */
function layerGroups({ config, parameters }: DecoderModel, layerDecay: number): ParameterGroup[] {
  const rates = new Map([...parameters.keys()].map((name) => [name, layerRate(config, layerDecay, name)]));
  return [...new Set(rates.values())].map((lrScale) => ({ lrScale, includes: (name) => rates.get(name) === lrScale }));
}

function holdOf(
  { regularisation }: Pick<Recipe, 'regularisation'>,
  { adapter }: DecoderModel,
  base: RunBase | undefined,
): WeightHold | undefined {
  if (!regularisation || !base) return undefined;
  const { l2sp, ewc, decayTowards } = regularisation;
  const penalty = { l2sp: l2sp?.lambda, ewc: ewc && { lambda: ewc.lambda, fisher: base.fisher } };
  return {
    anchor: base.anchor,
    penalty,
    decays: decayTowards === 'base',
    adapter: adapter ? (name, held) => adapter.penaltyGradient(name, held) : undefined,
  };
}

function split(values: Float32Array, channels: number): BatchSums {
  return { nll: Array.from(values.subarray(0, channels)), tokens: Array.from(values.subarray(channels, 2 * channels)) };
}
