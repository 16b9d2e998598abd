/**
 * One AdamW update (Loshchilov & Hutter, arXiv 1711.05101), decoupled and bias-corrected as torch.optim.AdamW. It has no
 * gradient of its own, so it is a plain function per backend rather than a tfjs kernel: the reference below, or an in-place
 * kernel that a backend sets with `setAdamwUpdate`, for one parameter, or `setAdamwUpdates`, for all of a step.
 *
 * With dynamic loss scaling, by the rules of src/core/precision/loss-scale.ts, a kernel reads from the gradients' norm whether the step
 * overflowed, moves the scale and tells the update what to do, so that no step waits for a reading.
 */
import type { Scalar, Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../../src/contract/device';
import { adamwUpdateReference } from './reference';
import type { LossScale } from '../../../../src/core/precision/loss-scale';

/** Keeps the norm's reciprocal finite, as torch.nn.utils.clip_grad_norm_ does. */
export const clipEpsilon = 1e-6;

export interface AdamwSettings {
  lr: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Decoupled. */
  weightDecay: number;
  /** 1 for the first update of the parameter. */
  step: number;
}

/**
 * Updates `parameter`, `first` (mean of gradients) and `second` (mean of squares), all of one shape, from `gradient · clipScale`.
 * Keeps the variables, leaves no tensor behind and does not dispose the gradient.
 */
export type AdamwUpdate = (
  parameter: Variable,
  gradient: Tensor,
  first: Variable,
  second: Variable,
  clipScale: Scalar,
  settings: AdamwSettings,
) => void;

export interface AdamwEntry {
  parameter: Variable;
  gradient: Tensor;
  first: Variable;
  second: Variable;
  settings: AdamwSettings;
}

/** The same for all parameters of a step, whose settings differ in `lr` and `weightDecay` alone. */
export type AdamwUpdates = (entries: readonly AdamwEntry[], clipScale: Scalar) => void;

const updates = new Map<BackendName, AdamwUpdates>();

/** Replaces the update on one backend. */
export function setAdamwUpdate(backend: BackendName, update: AdamwUpdate): void {
  setAdamwUpdates(backend, oneByOne(update));
}

export function setAdamwUpdates(backend: BackendName, update: AdamwUpdates): void {
  updates.set(backend, update);
}

export function adamwUpdatesOn(backend: BackendName): AdamwUpdates {
  return updates.get(backend) ?? oneByOne(adamwUpdateReference);
}

function oneByOne(update: AdamwUpdate): AdamwUpdates {
  return (entries, clipScale) => {
    for (const { parameter, gradient, first, second, settings } of entries) update(parameter, gradient, first, second, clipScale, settings);
  };
}

/** Loss scaling's state, on the device between steps. */
export interface ScaleVariables {
  /** What the next step's loss is multiplied by. */
  scale: Variable & Scalar;
  /** Its history, as `packHistory` lays it out. */
  history: Variable & Tensor1D;
}

interface ScaledUpdate {
  /** Of the gradients as they come, scaled. */
  norm: Scalar;
  /** 0: no clipping. */
  maxGradNorm: number;
}

/**
 * Moves the scale, and updates every parameter unless the step overflowed. `step` of the entries' settings is not used: the device
 * counts the updates itself. Returns [norm without the scale, scale of the next step, steps skipped so far, 1 when this step was skipped].
 */
export type ScaledAdamw = (entries: readonly AdamwEntry[], update: ScaledUpdate, variables: ScaleVariables) => Tensor1D;

const scaled = new Map<BackendName, ScaledAdamw>();

export function setScaledAdamw(backend: BackendName, update: ScaledAdamw): void {
  scaled.set(backend, update);
}

export function scaledAdamwOn(backend: BackendName): ScaledAdamw {
  const found = scaled.get(backend);
  if (!found) throw new Error(`There is no loss scaling on the backend "${backend}"`);
  return found;
}

/** [good steps, skipped, updates, 1 − β₁ᵗ, 1 − β₂ᵗ] with t updates. */
export function packHistory({ goodSteps, skipped, updates }: LossScale, beta1: number, beta2: number): number[] {
  return [goodSteps, skipped, updates, 1 - beta1 ** updates, 1 - beta2 ** updates];
}
