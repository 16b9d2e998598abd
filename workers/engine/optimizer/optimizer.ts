/**
 * An optimizer from a chain of gradient transforms (transforms.ts) and parameter groups. One step, top to bottom, is `apply`. Parameters,
 * moments and the gradients' norm stay on the device. The end of the usual chain,
 *
 *     dynamicLossScale? → clipByGlobalNorm? → scaleByAdam → addDecayedWeights? → scaleByLearningRate,
 *
 * is recognised and run by the fused AdamW kernel (ops/adamw), in place; what stands before it runs transform by transform.
 */
import { add, getBackend, mul, reshape, scalar, slice, sub, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../src/contract/device';
import { decays } from '../../../src/core/model/parameters';
import type { HostTensor } from '../checkpoint/safetensors';
import { adamwUpdatesOn, scaledAdamwOn } from '../ops/adamw';
import type { AdamwEntry, AdamwSettings, ScaleVariables } from '../ops/adamw';
import { globalNorm } from '../ops/reductions';
import {
  adamw,
  addGradients,
  chain,
  clipByGlobalNorm,
  clipScaleOf,
  dynamicLossScale,
  lossScaleNames,
  momentsOf,
  OptimizerState,
  maskUpdates,
  penaltyGradient,
} from './transforms';
import type { AdamSettings, Anchor, Chain, DecayPlace, GradientTransform, Masks, Penalty, StepInputs, Updates } from './transforms';

/** Parameters that are trained in a way of their own. A parameter belongs to the first group that includes it, or to none. */
export interface ParameterGroup {
  includes: (name: string, shape: readonly number[]) => boolean;
  /** Factor of the step's learning rate; 1 when absent. */
  lrScale?: number;
  /** For all of the group. Absent: the chain's for matrices, 0 for norms, biases and embeddings. */
  weightDecay?: number;
  /**
   * Gradients are dropped before the chain and count for no norm, as of a torch parameter without requires_grad. `trainable = false` on the
   * variable saves computing them at all.
   */
  frozen?: boolean;
}

interface Update {
  /**
   * Norm of the gradients before clipping, on the device, without the loss scale and with terms that were added before the clipping; not
   * finite in a step that loss scaling skipped. The caller disposes it.
   */
  norm: Scalar;
  /** With loss scaling: [norm, scale of the next step, steps skipped so far, 1 when this step was skipped]. The caller disposes it. */
  scaling?: Tensor1D;
}

export interface Optimizer {
  /** Updates asked for so far; with loss scaling some of them may have been skipped. */
  readonly steps: number;
  /** What the next step's loss must be multiplied by; on the device, and the optimizer's own. */
  readonly lossScale: Scalar | undefined;
  /**
   * One update. Parameters without a gradient are not changed, and the update does not count for them: one that has its first gradient later
   * than others begins with the bias correction of a first step, as in torch. Disposes the gradients.
   */
  apply(gradients: ReadonlyMap<string, Tensor>, lr: number): Update;
  /** Whether an update is the same work on the device each time, with settings that `advance` changes. */
  readonly advances: boolean;
  /** Counts an update of the same parameters as the last, and sets the fused kernel's live settings for it, which the backend runs by itself. */
  advance(lr: number): void;
  /** All that an update keeps between steps. */
  readonly tensors: Iterable<Tensor>;
  /**
   * The live state by PyTorch's names, for reading only: `exp_avg.<parameter>`, `exp_avg_sq.<parameter>`, `step.<parameter>` where it is not
   * that of the others, and the loss scale with its history.
   */
  state(): Map<string, Tensor>;
  /** Continues from a stored state; moments that are not given start at zero. */
  restore(steps: number, stored: Iterable<HostTensor>): void;
  dispose(): void;
}

export interface AdamWOptions extends AdamSettings {
  /** Decoupled; on matrices other than the embedding tables. */
  weightDecay: number;
  /** 0: no clipping. */
  maxGradNorm: number;
  /** Dynamic loss scaling, for gradients of a loss multiplied by `lossScale`. Only on the backends that store halves. */
  scalesLoss?: boolean;
  groups?: readonly ParameterGroup[];
  /** Holds weights near others. Absent: the usual chain. */
  hold?: WeightHold | undefined;
  /** Elements that are trained; not with loss scaling. Absent: all. */
  masks?: Masks | undefined;
}

/** What holds the weights of a run near θ₀, those of its base. */
export interface WeightHold {
  anchor: Anchor;
  penalty: Penalty;
  /** Gradient of the penalty by a parameter of an adapter, which holds the maps that it changes; null for any other. */
  adapter?: ((name: string, penalty: Penalty) => Tensor | null) | undefined;
  /** Weight decay pulls to θ₀ instead of 0. */
  decays: boolean;
}

/** The optimizer of a training run. */
export function createAdamW(
  parameters: ReadonlyMap<string, Variable>,
  { maxGradNorm, scalesLoss = false, groups, hold, masks, beta1, beta2, epsilon, weightDecay }: AdamWOptions,
): Optimizer {
  const transforms = chain(
    hold?.penalty.l2sp || hold?.penalty.ewc ? addGradients(penaltyOf(hold)) : [],
    masks ? maskUpdates(masks) : [],
    scalesLoss ? dynamicLossScale({ beta1, beta2 }) : [],
    maxGradNorm > 0 ? clipByGlobalNorm(maxGradNorm) : [],
    adamw({ beta1, beta2, epsilon, weightDecay }, { towards: hold?.decays ? hold.anchor : undefined, masks }),
  );
  return createOptimizer(parameters, transforms, groups);
}

function penaltyOf({ anchor, penalty, adapter }: WeightHold): (name: string, parameter: Tensor) => Tensor | null {
  const own = penaltyGradient(anchor, penalty);
  return adapter ? (name, parameter) => adapter(name, penalty) ?? own(name, parameter) : own;
}

/** @param fused false: every transform by itself, also where the kernel could run several at once; the kernel is tested against it */
export function createOptimizer(
  parameters: ReadonlyMap<string, Variable>,
  transforms: Chain,
  groups: readonly ParameterGroup[] = [],
  fused = true,
): Optimizer {
  const { before, end } = fused ? splitFused(transforms) : { before: transforms, end: null };
  const groupOf = new Map([...parameters].map(([name, { shape }]) => [name, groups.find((group) => group.includes(name, shape))]));
  const state = new OptimizerState();
  let steps = 0;
  /** Updates of each parameter. */
  const counts = new Map<string, number>();
  const start = () => transforms.forEach((transform) => transform.init?.(state, steps));
  start();
  /** Of the last update: a kernel that is run again reads them again. */
  const settings = new Map<string, AdamwSettings>();
  const lossScale = () => state.get(lossScaleNames.scale) as (Variable & Scalar) | undefined;

  const lrOf = (name: string, lr: number) => lr * (groupOf.get(name)?.lrScale ?? 1);

  return {
    advances: end !== null && before.length === 0 && !end.decayPlace.towards && !end.decayPlace.masks,
    get tensors() {
      return state.tensors().values();
    },
    advance(lr) {
      steps += 1;
      for (const [name, live] of settings) {
        live.lr = lrOf(name, lr);
        live.step += 1;
        counts.set(name, live.step);
      }
    },
    get steps() {
      return steps;
    },
    get lossScale() {
      return lossScale();
    },

    apply(gradients, lr) {
      steps += 1;
      let norm: Scalar | undefined;
      const inputs: StepInputs = {
        parameters,
        stepOf: (name) => counts.get(name)!,
        lrOf: (name) => lrOf(name, lr),
        weightDecayOf: (name, usual) => groupOf.get(name)?.weightDecay ?? (decays(name, parameters.get(name)!.shape) ? usual : 0),
        lossScale: lossScale(),
        report(measured) {
          if (norm) measured.dispose();
          else norm = measured;
        },
      };
      for (const name of gradients.keys())
        if (!parameters.has(name)) throw new Error(`There is a gradient for "${name}", which is not a parameter`);
      const trained = new Map([...gradients].filter(([name]) => !groupOf.get(name)?.frozen));
      for (const name of trained.keys()) counts.set(name, (counts.get(name) ?? 0) + 1);
      const updates = run(before, trained, state, inputs);
      try {
        if (end) return applyFused(end, updates, state, inputs, norm, settings);
        tidy(() => updates.forEach((update, name) => parameters.get(name)!.assign(add(parameters.get(name)!, update))));
        return { norm: norm ?? globalNorm(trained.values()) };
      } finally {
        for (const spent of [...updates.values(), ...gradients.values()]) spent.dispose();
      }
    },

    state() {
      for (const [name, count] of counts) if (count !== steps) state.put(stepName(name), scalar(count));
      return state.tensors();
    },

    restore(done, stored) {
      state.dispose();
      steps = done;
      counts.clear();
      start();
      const slots = transforms.flatMap((transform) => transform.slots ?? []);
      for (const { name, shape, data } of stored) {
        const [slot, parameter] = [name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1)];
        if (slot === STEP && parameters.has(parameter)) {
          counts.set(parameter, data[0]!);
          continue;
        }
        const isLossScale = name === lossScaleNames.scale || name === lossScaleNames.history;
        if (!isLossScale && !(slots.includes(slot) && parameters.has(parameter)))
          throw new Error(`The moment "${name}" belongs to no parameter`);
        if (!isLossScale && !counts.has(parameter)) counts.set(parameter, done);
        // A run that goes on without loss scaling has no use for the stored scale.
        const target = isLossScale ? state.get(name) : state.slot(slot, parameter, parameters.get(parameter)!.shape);
        const value = tensor(data, shape);
        target?.assign(value);
        value.dispose();
      }
    },

    dispose: () => state.dispose(),
  };
}

const STEP = 'step';
const stepName = (parameter: string): string => `${STEP}.${parameter}`;

/** Transforms one after the other; what they make in between is disposed. */
function run(transforms: Chain, updates: Updates, state: OptimizerState, inputs: StepInputs): Updates {
  if (transforms.length === 0) return updates;
  const last = tidy(() => Object.fromEntries(transforms.reduce((made, transform) => transform.update(made, state, inputs), updates)));
  return new Map(Object.entries(last));
}

/** The part of a chain that one kernel runs. */
interface FusedEnd {
  scalesLoss: boolean;
  /** 0: no clipping. */
  maxNorm: number;
  adam: AdamSettings;
  /** Null: no decoupled decay, whatever the groups say. */
  weightDecay: number | null;
  decayPlace: DecayPlace;
}

/** Reads a chain from its end, as far as the kernel goes. */
function splitFused(transforms: Chain): { before: Chain; end: FusedEnd | null } {
  let at = transforms.length;
  const take = <Kind extends GradientTransform['kind']>(kind: Kind) => {
    const found = transforms[at - 1];
    if (found?.kind !== kind) return undefined;
    at -= 1;
    return found as Extract<GradientTransform, { kind: Kind }>;
  };
  const rate = take('scaleByLearningRate');
  const decay = take('addDecayedWeights');
  const adam = take('scaleByAdam');
  if (!rate || !adam) return { before: transforms, end: null };
  const clip = take('clipByGlobalNorm');
  const scalesLoss = take('dynamicLossScale') !== undefined;
  const before = transforms.slice(0, at);
  const misplaced = before.find(({ kind }) => kind === 'dynamicLossScale' || (scalesLoss && kind !== 'addGradients'));
  if (misplaced)
    throw new Error(
      `With loss scaling a chain is addGradients …, dynamicLossScale, clipByGlobalNorm, adamw; ${misplaced.kind} is out of order`,
    );
  const end = {
    scalesLoss,
    maxNorm: clip?.maxNorm ?? 0,
    adam: adam.settings,
    weightDecay: decay?.weightDecay ?? null,
    decayPlace: decay ?? {},
  };
  return { before, end };
}

/** One dispatch for each parameter, or for several of them; the clipping factor and the loss scale's verdict never leave the device. */
function applyFused(
  { scalesLoss, maxNorm, adam, weightDecay, decayPlace: { towards, masks } }: FusedEnd,
  updates: Updates,
  state: OptimizerState,
  inputs: StepInputs,
  measured: Scalar | undefined,
  live: Map<string, AdamwSettings>,
): Update {
  const { parameters, stepOf, lrOf, weightDecayOf } = inputs;
  const backend = getBackend() as BackendName;
  live.clear();
  const entries = [...updates].map(([name, gradient]): AdamwEntry => {
    const [first, second] = momentsOf(state, name, parameters);
    // The kernel decays whole parameters towards 0; what decays in part, or towards other weights, is pulled there beside it.
    const decay = towards?.has(name) || masks?.has(name) || weightDecay === null ? 0 : weightDecayOf(name, weightDecay);
    const settings = { ...adam, lr: lrOf(name), weightDecay: decay, step: stepOf(name) };
    live.set(name, settings);
    return { parameter: parameters.get(name)!, gradient, first, second, settings };
  });
  /** θ ← θ − lr · weightDecay · mask · (θ − θ₀), times `kept` where it is known on the device alone whether the step counts. */
  const pull = (kept?: Scalar) => {
    if (weightDecay === null || !(towards || masks)) return;
    for (const name of updates.keys()) {
      const [start, mask] = [towards?.get(name), masks?.get(name)];
      const [parameter, rate] = [parameters.get(name)!, lrOf(name) * weightDecayOf(name, weightDecay)];
      if (!(start || mask) || rate === 0) continue;
      tidy(() => {
        const way = mul(start ? sub(parameter, start) : parameter, rate);
        const own = mask ? mul(way, mask) : way;
        parameter.assign(sub(parameter, kept ? mul(own, kept) : own));
      });
    }
  };
  if (scalesLoss) {
    const variables = { scale: state.get(lossScaleNames.scale), history: state.get(lossScaleNames.history) } as ScaleVariables;
    const norm = globalNorm(updates.values());
    const scaling = scaledAdamwOn(backend)(entries, { norm, maxGradNorm: maxNorm }, variables);
    norm.dispose();
    // Whether the step was skipped is told by the kernel alone, so the pull comes after Adam's part and not before it.
    tidy(() => pull(sub(1, reshape(slice(scaling, [3], [1]), []))));
    return { norm: tidy(() => reshape(slice(scaling, [0], [1]), [])), scaling };
  }
  const norm = globalNorm(updates.values());
  const clipScale = maxNorm > 0 ? tidy(() => clipScaleOf(norm, maxNorm)) : scalar(1);
  pull();
  // One dispatch has one bias correction.
  for (const step of new Set(entries.map(({ settings }) => settings.step)))
    adamwUpdatesOn(backend)(
      entries.filter(({ settings }) => settings.step === step),
      clipScale,
    );
  clipScale.dispose();
  if (measured) norm.dispose();
  return { norm: measured ?? norm };
}
