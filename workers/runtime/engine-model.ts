/**
 * The engine's models as training and evaluation take them. Sums and norms of a step stay on the device until they are read, those of
 * several steps at once.
 */
import { add, concat, reshape, stack, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { layerRate, trainedFrom } from '../../src/core/model/trained';
import { taughtChannels, teachingAt } from '../../src/core/recipe/distillation';
import { secureRound, type MaskedRound } from '../../src/core/federated/secure';
import type { Recipe } from '../../src/core/recipe/schema';
import { deriveSeed, Rng } from '../../src/core/rng/rng';
import {
  checkpointWeights,
  createAdamW,
  FederatedServer,
  evaluationSums,
  FigureSums,
  HIDDEN_MAP,
  hostTensors,
  readSafetensors,
  settled,
  tokenLosses,
  TrainingStep,
  writeSafetensors,
  type DecoderModel,
  type ModelAverage,
  type Optimizer,
  type ParameterGroup,
  type Prepared,
  type StepResult,
  type Teaching,
  type TrainingOptions,
  type WeightHold,
} from '../engine';
import type { SequenceModel } from './sequences';
import type {
  BatchSums,
  FederatedRound,
  ModelFiles,
  PendingStep,
  StepOptions,
  StepSums,
  TokenBatch,
  TrainableModel,
} from './trainable-model';

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

interface PendingEngineStep extends PendingStep, StepResult {}

/** What a recipe's regularisation holds the weights of a run to. */
interface RunBase {
  /** θ₀ by the parameters' names; of a run with an adapter that of the weights that are trained whole beside it. */
  anchor: ReadonlyMap<string, Tensor>;
  /** The base whole, where it is kept. */
  model: DecoderModel | null;
  /** By the parameters' names; empty without EWC. */
  fisher: ReadonlyMap<string, Tensor>;
}

function disposeBase({ anchor, model, fisher }: RunBase): void {
  const own = new Set<Tensor>(model?.parameters.values());
  for (const tensor of [...anchor.values(), ...fisher.values()]) if (!own.has(tensor)) tensor.dispose();
  model?.dispose();
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
  /** Of the weights; the model's own from here on. */
  average?: ModelAverage | undefined;
  /** With distillation: a model of its own from here on, the base or the average of these parts, or the model itself without its adapter. */
  teacher?: DecoderModel | 'base' | 'average' | 'itself' | undefined;
  /** From the model's hidden states to those of a teacher of another width; trained with it, and the model's own from here on. */
  map?: (Variable & Tensor2D) | undefined;
  /** Reward models that objectives ask, by name; the model's own from here on. */
  scorers?: ReadonlyMap<string, DecoderModel> | undefined;
}

export function disposeParts({ base, masks, average, teacher, map, scorers }: RunParts): void {
  for (const scorer of scorers?.values() ?? []) scorer.dispose();
  map?.dispose();
  average?.dispose();
  if (teacher && typeof teacher !== 'string') teacher.dispose();
  if (base) disposeBase(base);
  for (const mask of masks?.values() ?? []) mask.dispose();
}

/** A model with its optimizer. */
export class EngineModel implements TrainableModel, SequenceModel {
  private readonly sequences: SequenceModel;
  private readonly channels: number;
  /** How a step of this number is taught; null without a teacher. */
  private readonly teaching: ((step: number) => Teaching) | null;
  private readonly optimizer: Optimizer;
  private readonly training: TrainingStep;
  private readonly recompute: boolean;
  /** Of a federated run. */
  private readonly server: FederatedServer | null;
  private lastRound: FederatedRound = [];
  /** Finished steps before the first that trains a parameter; null where all are trained that can be. */
  private readonly trainedFrom: ReadonlyMap<string, number> | null;

  constructor(
    private readonly model: DecoderModel,
    private readonly recipe: Pick<
      Recipe,
      'channels' | 'optimizer' | 'activationCheckpointing' | 'precision' | 'regularisation' | 'method' | 'budget' | 'federated'
    >,
    readonly syncReadback: boolean,
    private readonly parts: RunParts = {},
  ) {
    const { stored, base, masks, map } = parts;
    const { method, optimizer, budget } = recipe;
    this.trainedFrom = method?.kind === 'partial' ? trainedFrom(model.config, method, budget.steps) : null;
    this.teaching = teachingOf(model, recipe, parts);
    this.sequences = sequenceModel(model);
    // What is measured before the first step is the base, which a prompt's first values are not.
    model.usesPrompt = (stored?.steps ?? 0) > 0;
    this.channels = recipe.channels.length;
    this.recompute = recipe.activationCheckpointing;
    const { layerDecay } = optimizer;
    this.server = federatedServer(model, recipe);
    this.optimizer = createAdamW(map ? new Map([...model.parameters, [HIDDEN_MAP, map]]) : model.parameters, {
      ...optimizer,
      scalesLoss: recipe.precision === 'f16',
      hold: this.server ? proximal(recipe, this.server) : holdOf(recipe, model, base),
      masks,
      ...(layerDecay === undefined ? {} : { groups: layerGroups(model, layerDecay) }),
    });
    this.training = new TrainingStep(model, this.optimizer);
    if (!stored) return;
    const { tensors } = readSafetensors('optimizer.safetensors', stored.optimizer);
    // The map's value lies with its moments, since it is no part of the model. One to another width is not this run's.
    const kept = tensors.get(HIDDEN_MAP);
    const goesOn = kept !== undefined && map?.shape.join() === kept.shape.join();
    if (goesOn) assign(map, kept.read());
    this.server?.restore([...tensors.values()].map((tensor) => ({ name: tensor.name, shape: tensor.shape, data: tensor.read() })));
    // A client has no moments between rounds.
    if (this.server) return;
    const moments = [...tensors.values()].filter(({ name }) => !name.endsWith(HIDDEN_MAP) || (goesOn && name !== HIDDEN_MAP));
    this.optimizer.restore(
      // Moments that start at zero need Adam's bias correction from its first step again.
      moments.length === 0 ? 0 : stored.steps,
      moments.map((tensor) => ({ name: tensor.name, shape: tensor.shape, data: tensor.read() })),
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
    // What is held out is drawn alike each time.
    const by = this.prepared(deriveSeed(0, 'held-out'), null);
    await batch.objective?.together?.prepare([batch], by);
    await batch.objective?.prepare?.(batch, by);
    const figures = new FigureSums();
    const sums = evaluationSums(this.model, batch, this.channels, figures);
    try {
      const own = split(await sums.data<'float32'>(), this.channels);
      return figures.size === 0 ? own : { ...own, figures: figures.named(await valuesOf(figures)) };
    } finally {
      sums.dispose();
      figures.dispose();
    }
  }

  private get base(): DecoderModel | null {
    return this.parts.base?.model ?? null;
  }

  private prepared(seed: number, step: number | null): Prepared {
    return { model: this.model, base: this.base, seed, step, scorers: this.parts.scorers ?? new Map<string, DecoderModel>() };
  }

  async prepare(batches: readonly TokenBatch[], { seed, step }: { seed: number; step: number }): Promise<void> {
    this.model.usesPrompt = true;
    for (const together of new Set(batches.flatMap(({ objective }) => objective?.together ?? [])))
      await together.prepare(
        batches.filter(({ objective }) => objective?.together === together),
        this.prepared(deriveSeed(seed, 'objective', step), step),
      );
    for (const [at, batch] of batches.entries())
      await batch.objective?.prepare?.(batch, this.prepared(deriveSeed(seed, 'objective', step, at), step));
  }

  step(batches: readonly TokenBatch[], options: StepOptions): PendingStep {
    const { step } = options.dropout;
    this.model.usesPrompt = true;
    this.freeze(step);
    const { sums, norm, scaling, figures } = options.round ? this.round(batches, options.round, options) : this.update(batches, options);
    this.parts.average?.after(step + 1);
    // Awaited one step later, when the next is already under way, so the device never runs dry. Nothing is read back.
    const finished = settled();
    // Whoever does not wait for a step must not see its failure as an unhandled one: reading it fails too.
    finished.catch(() => undefined);
    const pending: PendingEngineStep = { finished, sums, norm, scaling, figures };
    return pending;
  }

  /** One update of the weights by the gradient of all micro-batches. @param how `compute`: without replay, as moments begin anew too often */
  private update(batches: readonly TokenBatch[], { lr, weights, dropout }: StepOptions, how: 'run' | 'compute' = 'run'): StepResult {
    const { lossScale } = this.optimizer;
    const options: TrainingOptions = {
      channels: this.channels,
      weights,
      teaching: this.teaching?.(dropout.step),
      ...(dropout.rate > 0 || this.model.adapter?.method.dropout ? { dropout } : {}),
      recompute: this.recompute,
      ...(lossScale ? { half: { scale: lossScale } } : {}),
    };
    return this.training[how](batches, options, lr);
  }

  /** A federated round: each client trains from the same weights by an optimizer that begins anew, and the server takes the mean of what they moved. */
  private round(batches: readonly TokenBatch[], round: FederatedRound, options: StepOptions): Omit<PendingEngineStep, 'finished'> {
    const { dropout } = options;
    let sums: Tensor2D | null = null;
    let next = 0;
    const clients = round.map(({ weight, updates }) => ({
      weight,
      train: () => {
        this.optimizer.restore(0, []);
        for (const last = next + updates; next < last; next++) {
          const update = this.update(
            [batches[next]!],
            { ...options, dropout: { ...dropout, step: dropout.step * batches.length + next } },
            'compute',
          );
          const before: Tensor2D | null = sums;
          sums = before ? tidy(() => add(before, update.sums)) : update.sums;
          if (before) for (const spent of [before, update.sums]) spent.dispose();
          update.norm.dispose();
          update.figures.dispose();
        }
      },
    }));
    const random = new Rng(deriveSeed(dropout.seed, 'federated', 'noise', dropout.step));
    const secure = this.recipe.federated?.secure;
    const masks = secure ? secureRound(dropout.seed, dropout.step, round.length, secure.dropout) : null;
    const norm = this.server!.round(clients, (_, size) => Float32Array.from({ length: size }, () => random.normal()), masks);
    this.lastRound = round;
    return { sums: sums!, norm, scaling: undefined, figures: new FigureSums() };
  }

  async maskedRound(): Promise<MaskedRound | null> {
    return this.server?.looked(this.lastRound.map(({ index }) => index)) ?? null;
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
      concat(
        steps.flatMap(({ sums, norm, scaling, figures }) => [
          reshape(sums, [-1]),
          reshape(norm, [1]),
          ...(scaling ? [scaling] : []),
          ...figures.tensors.map((sum) => reshape(sum, [1])),
        ]),
      ),
    );
    for (const { sums, norm, scaling, figures } of steps) {
      figures.dispose();
      sums.dispose();
      norm.dispose();
      scaling?.dispose();
    }
    try {
      const values = await all.data<'float32'>();
      let start = 0;
      return steps.map(({ scaling, figures }) => {
        const width = 2 * this.channels + 1;
        const own = values.subarray(start, start + width + (scaling?.size ?? 0));
        start += own.length;
        const said = values.subarray(start, (start += figures.size));
        const [, scale, skipped, overflowed] = own.subarray(width);
        return {
          ...split(own, this.channels),
          gradNorm: own[width - 1]!,
          ...(scaling ? { scaling: { scale: scale!, skipped: skipped!, overflowed: overflowed === 1 } } : {}),
          ...(figures.size > 0 ? { figures: figures.named(said) } : {}),
        };
      });
    } finally {
      all.dispose();
    }
  }

  async save(moments: boolean): Promise<ModelFiles> {
    const model = writeSafetensors(await checkpointWeights(this.model), 'F32', { format: 'pt' });
    const average = await this.parts.average?.file();
    const { map } = this.parts;
    const beside = new Map<string, Tensor>([
      ...(map ? [[HIDDEN_MAP, map] as const] : []),
      ...(moments ? (this.server ?? this.optimizer).state() : []),
    ]);
    return { model, optimizer: writeSafetensors(await hostTensors(beside), 'F32'), average };
  }

  dispose(): void {
    this.training.dispose();
    this.optimizer.dispose();
    this.server?.dispose();
    this.model.dispose();
    disposeParts(this.parts);
  }
}

function federatedServer({ parameters }: DecoderModel, { federated }: Pick<Recipe, 'federated'>): FederatedServer | null {
  if (!federated) return null;
  const { server, privacy } = federated;
  return new FederatedServer(parameters, { ...server, ...(privacy ? { clip: privacy.clip, noise: privacy.noise } : {}) });
}

/** FedProx pulls each client to the weights that its round began with. */
function proximal({ federated }: Pick<Recipe, 'federated'>, server: FederatedServer): WeightHold | undefined {
  const mu = federated?.proximal;
  return mu === undefined ? undefined : { anchor: server.start, penalty: { l2sp: mu }, decays: false };
}

function teachingOf(
  model: DecoderModel,
  recipe: Pick<Recipe, 'channels' | 'regularisation' | 'budget'>,
  { base, average, teacher, map }: RunParts,
): ((step: number) => Teaching) | null {
  const { distillation } = recipe.regularisation ?? {};
  const own = typeof teacher === 'string' ? { base: base?.model, average: average?.model, itself: model }[teacher] : teacher;
  if (!distillation || !own) return null;
  const fixed = { model: own, map, withoutAdapter: own === model, channels: taughtChannels(recipe), temperature: distillation.temperature };
  return (step) => ({ ...fixed, ...teachingAt(distillation, step, recipe.budget.steps) });
}

function assign(target: Variable, values: Float32Array): void {
  const value = tensor(values, target.shape);
  target.assign(value);
  value.dispose();
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

async function valuesOf(figures: FigureSums): Promise<Float32Array> {
  const all = tidy(() => stack(figures.tensors));
  try {
    return await all.data<'float32'>();
  } finally {
    all.dispose();
  }
}

function split(values: Float32Array, channels: number): BatchSums {
  return { nll: Array.from(values.subarray(0, channels)), tokens: Array.from(values.subarray(channels, 2 * channels)) };
}
