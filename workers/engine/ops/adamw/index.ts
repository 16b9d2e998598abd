/**
 * One AdamW update (Loshchilov & Hutter, arXiv 1711.05101), decoupled and bias-corrected as torch.optim.AdamW. It has no
 * gradient of its own, so it is a plain function per backend rather than a tfjs kernel: the reference below, or an in-place
 * kernel that a backend sets with `setAdamwUpdate`, for one parameter, or `setAdamwUpdates`, for all of a step.
 */
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../../src/contract/device';
import { adamwUpdateReference } from './reference';

/** Keeps the norm's reciprocal finite, as torch.nn.utils.clip_grad_norm_ does. */
export const clipEpsilon = 1e-6;

export interface AdamwSettings {
  lr: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  /** 0 for norms, biases and embeddings. */
  weightDecay: number;
  /** 1 for the first update. */
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

/** The same for all parameters of a step, whose settings differ in `weightDecay` alone. */
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
