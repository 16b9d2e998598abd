/**
 * Gradient transforms that compose, in the manner of optax: each takes the updates that the one before it made (the first: the
 * gradients), and what the last returns is added to the parameters.
 *
 * ```ts
 * chain(clipByGlobalNorm(1), adamw({ beta1, beta2, epsilon, weightDecay }));
 * chain(addGradients(penaltyGradient(anchor)), clipByGlobalNorm(1), adamw({ … })); // L2-SP, EWC: the penalty's gradient is clipped with the loss's
 * chain(addDecayedWeights(0.1), scaleByAdam({ … }), scaleByLearningRate()); // torch.optim.Adam with weight_decay: L2, not decoupled
 * ```
 *
 * `init` puts what a transform keeps between steps into an `OptimizerState`, `update` reads and changes it there. What differs between
 * parameters, learning rate and weight decay, comes from the parameter groups (optimizer.ts) by `StepInputs`. Here every transform is
 * written in tfjs ops; the optimizer runs the usual end of a chain, AdamW with what stands right before it, by the fused kernel.
 */
import { add, div, keep, minimum, mul, scalar, sqrt, square, sub, tensor1d, variable, zeros } from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import { initialLossScale } from '../../../src/core/precision/loss-scale';
import { clipEpsilon, packHistory } from '../ops/adamw';
import { globalNorm } from '../ops/reductions';

/** Of each parameter that has a gradient, by its name: a tensor of its shape. */
export type Updates = ReadonlyMap<string, Tensor>;

/** What a transform is told about the step. */
export interface StepInputs {
  parameters: ReadonlyMap<string, Variable>;
  /** Number of this update of a parameter, from 1: those in which it had a gradient. */
  stepOf(name: string): number;
  /** Learning rate of a parameter: the step's, times the scale of the parameter's group. */
  lrOf(name: string): number;
  /** Weight decay of a parameter: that of its group, else `usual` or 0 by the kind of parameter. */
  weightDecayOf(name: string, usual: number): number;
  /** With loss scaling: what the loss, and so every gradient, was multiplied by. */
  lossScale: Scalar | undefined;
  /** Takes the norm of the updates before they are clipped, to be reported. */
  report(norm: Scalar): void;
}

interface Transform {
  /** Tensors it keeps for each parameter, by torch.optim's names: `exp_avg` is stored as `exp_avg.<parameter>`. They start at zero. */
  readonly slots?: readonly string[];
  /** Creates what it keeps besides. @param steps updates done so far, when a run is resumed */
  init?(state: OptimizerState, steps: number): void;
  /** Runs inside tidy. Returns the updates for the next transform; a parameter that is left out is not changed in this step. */
  update(updates: Updates, state: OptimizerState, inputs: StepInputs): Updates;
}

export interface AdamSettings {
  beta1: number;
  beta2: number;
  epsilon: number;
}

export type GradientTransform = Transform &
  (
    | { readonly kind: 'addGradients' | 'scaleByLearningRate' | 'dynamicLossScale' }
    | { readonly kind: 'clipByGlobalNorm'; readonly maxNorm: number }
    | { readonly kind: 'scaleByAdam'; readonly settings: AdamSettings }
    | { readonly kind: 'maskUpdates' }
    | ({ readonly kind: 'addDecayedWeights'; readonly weightDecay: number } & DecayPlace)
  );

/** Where weights are held to, θ₀, by the parameters' names. */
export type Anchor = ReadonlyMap<string, Tensor>;

/** 1 where an element is trained, 0 where it keeps its bits, by the parameters' names; a parameter without a mask is trained whole. */
export type Masks = ReadonlyMap<string, Tensor>;

/** Where decoupled weight decay acts, and where it pulls to. */
export interface DecayPlace {
  /** Absent: to 0. */
  readonly towards?: Anchor | undefined;
  /** Absent: on all elements. */
  readonly masks?: Masks | undefined;
}

/** Transforms in the order in which they run. */
export type Chain = readonly GradientTransform[];

/** One chain of several: `chain(a, chain(b, c))` is `chain(a, b, c)`. */
export function chain(...parts: readonly (GradientTransform | Chain)[]): Chain {
  return parts.flat();
}

/** AdamW (Loshchilov & Hutter, arXiv 1711.05101) as torch.optim.AdamW: the decay is decoupled, since it comes after Adam. */
export function adamw({ weightDecay, ...settings }: AdamSettings & { weightDecay: number }, place?: DecayPlace): Chain {
  return chain(scaleByAdam(settings), addDecayedWeights(weightDecay, place), scaleByLearningRate());
}

/** u · mask: what is not trained counts for no norm and has no moments but 0. */
export function maskUpdates(masks: Masks): GradientTransform {
  return {
    kind: 'maskUpdates',
    update: (updates) =>
      mapped(updates, (update, name) => {
        const mask = masks.get(name);
        return mask ? mul(update, mask) : update;
      }),
  };
}

/** u · min(1, maxNorm / (‖u‖ + 10⁻⁶)) with the norm over all parameters, as torch.nn.utils.clip_grad_norm_. */
export function clipByGlobalNorm(maxNorm: number): GradientTransform {
  return {
    kind: 'clipByGlobalNorm',
    maxNorm,
    update(updates, _state, { report }) {
      const norm = globalNorm(updates.values());
      const scale = clipScaleOf(norm, maxNorm);
      report(keep(norm));
      return mapped(updates, (update) => mul(update, scale));
    },
  };
}

/** What gradients of this norm are multiplied by. */
export function clipScaleOf(norm: Scalar, maxNorm: number): Scalar {
  return minimum<Scalar>(div(maxNorm, add(norm, clipEpsilon)), 1);
}

/** m̂ / (√v̂ + ε), the bias-corrected means of the updates and of their squares (Kingma & Ba, arXiv 1412.6980). */
export function scaleByAdam(settings: AdamSettings): GradientTransform {
  const { beta1, beta2, epsilon } = settings;
  return {
    kind: 'scaleByAdam',
    settings,
    slots: ['exp_avg', 'exp_avg_sq'],
    update: (updates, state, { parameters, stepOf }) =>
      mapped(updates, (update, name) => {
        const step = stepOf(name);
        const [first, second] = momentsOf(state, name, parameters);
        first.assign(add(mul(first, beta1), mul(update, 1 - beta1)));
        second.assign(add(mul(second, beta2), mul(square(update), 1 - beta2)));
        const size = add(div(sqrt(second), Math.sqrt(1 - beta2 ** step)), epsilon);
        return div(div(first, 1 - beta1 ** step), size);
      }),
  };
}

/** Adam's two means of a parameter. */
export function momentsOf(
  state: OptimizerState,
  name: string,
  parameters: ReadonlyMap<string, Variable>,
): [first: Variable, second: Variable] {
  const { shape } = parameters.get(name)!;
  return [state.slot('exp_avg', name, shape), state.slot('exp_avg_sq', name, shape)];
}

/**
 * u + weightDecay · θ, or weightDecay · (θ − θ₀) where weights decay towards θ₀ instead of 0; of elements that are trained. After
 * `scaleByAdam` that is decoupled weight decay, before it L2 regularisation.
 */
export function addDecayedWeights(weightDecay: number, place: DecayPlace = {}): GradientTransform {
  const { towards, masks } = place;
  return {
    kind: 'addDecayedWeights',
    weightDecay,
    ...place,
    update: (updates, _state, { parameters, weightDecayOf }) =>
      mapped(updates, (update, name) => {
        const decay = weightDecayOf(name, weightDecay);
        const start = towards?.get(name);
        const parameter = parameters.get(name)!;
        const mask = masks?.get(name);
        if (decay === 0) return update;
        const way = mul(start ? sub(parameter, start) : parameter, decay);
        return add(update, mask ? mul(way, mask) : way);
      }),
  };
}

/** −lr · u. At a rate of 0 a parameter is left out, so that it keeps its bits. */
export function scaleByLearningRate(): GradientTransform {
  return {
    kind: 'scaleByLearningRate',
    update: (updates, _state, { lrOf }) =>
      mapped(new Map([...updates].filter(([name]) => lrOf(name) !== 0)), (update, name) => mul(update, -lrOf(name))),
  };
}

/**
 * u + the gradient of a term that is added to the loss, such as `penaltyGradient`. Under loss scaling it is scaled as the loss is.
 *
 * @param term gradient of the term by a parameter, of its shape; null where it has none. Runs inside tidy
 */
export function addGradients(term: (name: string, parameter: Tensor) => Tensor | null): GradientTransform {
  return {
    kind: 'addGradients',
    update: (updates, _state, { parameters, lossScale }) =>
      mapped(updates, (update, name) => {
        const own = term(name, parameters.get(name)!);
        return own === null ? update : add(update, lossScale ? mul(own, lossScale) : own);
      }),
  };
}

/** What a term of the loss holds weights to θ₀ by. */
export interface Penalty {
  /** λ of λ/2 · ‖θ − θ₀‖² (L2-SP; Li et al., arXiv 1802.01483). */
  l2sp?: number | undefined;
  /** λ/2 · Σ F (θ − θ₀)² with F ≥ 0 by the parameters' names (EWC; Kirkpatrick et al., arXiv 1612.00796). */
  ewc?: { lambda: number; fisher: ReadonlyMap<string, Tensor> } | undefined;
}

/** Gradient of the penalty by a parameter: λ · (θ − θ₀) + λ · F · (θ − θ₀); null for one that is held to nothing. */
export function penaltyGradient(anchor: Anchor, { l2sp = 0, ewc }: Penalty): (name: string, parameter: Tensor) => Tensor | null {
  return (name, parameter) => {
    const start = anchor.get(name);
    const fisher = ewc?.fisher.get(name);
    if (!start || (l2sp === 0 && !fisher)) return null;
    const away = sub(parameter, start);
    const held = fisher ? mul(away, mul(fisher, ewc!.lambda)) : null;
    if (l2sp === 0) return held;
    return held ? add(held, mul(away, l2sp)) : mul(away, l2sp);
  };
}

/** Names of the loss scale and its history among the state's tensors. */
export const lossScaleNames = { scale: 'loss_scale', history: 'loss_scale_history' } as const;

/**
 * Undoes the loss scale, and drops the step when the gradients overflowed (src/core/precision/loss-scale.ts). Whether they did is known on the
 * device alone, so it runs only as a part of the fused kernel: right before `clipByGlobalNorm` and `adamw`, at the end of a chain.
 *
 * @param adam that of the chain: skipped steps do not count for its bias correction, so the history holds 1 − β₁ᵗ and 1 − β₂ᵗ
 */
export function dynamicLossScale({ beta1, beta2 }: Pick<AdamSettings, 'beta1' | 'beta2'>): GradientTransform {
  return {
    kind: 'dynamicLossScale',
    init(state, steps) {
      const start = initialLossScale(steps);
      state.put(lossScaleNames.scale, scalar(start.scale));
      state.put(lossScaleNames.history, tensor1d(packHistory(start, beta1, beta2)));
    },
    update() {
      throw new Error('Loss scaling must come right before clipByGlobalNorm or adamw, at the end of the chain');
    },
  };
}

/** What the transforms of a chain keep between steps: tensors on the device, by name. */
export class OptimizerState {
  /** `<slot>.<parameter>`, in the order of the parameters' first gradients. */
  private readonly slots = new Map<string, Variable>();
  private readonly others = new Map<string, Variable>();

  /** The tensor that a transform keeps for a parameter; zeros at first. */
  slot(slot: string, parameter: string, shape: number[]): Variable {
    const name = `${slot}.${parameter}`;
    let found = this.slots.get(name);
    if (!found) this.slots.set(name, (found = stateVariable(zeros(shape))));
    return found;
  }

  /** Keeps a tensor of another shape than a parameter's in the place of what had this name; takes it over. */
  put(name: string, initial: Tensor): void {
    this.others.get(name)?.dispose();
    this.others.set(name, stateVariable(initial));
  }

  get(name: string): Variable | undefined {
    return this.others.get(name);
  }

  tensors(): Map<string, Tensor> {
    return new Map([...this.slots, ...this.others]);
  }

  dispose(): void {
    for (const kept of [...this.slots.values(), ...this.others.values()]) kept.dispose();
    this.slots.clear();
    this.others.clear();
  }
}

function stateVariable(initial: Tensor): Variable {
  const kept = variable(initial, false);
  initial.dispose();
  return kept;
}

function mapped(updates: Updates, f: (update: Tensor, name: string) => Tensor): Updates {
  return new Map([...updates].map(([name, update]) => [name, f(update, name)]));
}
