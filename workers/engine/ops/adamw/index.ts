/**
 * One AdamW update (Loshchilov & Hutter, arXiv 1711.05101), decoupled and bias-corrected as torch.optim.AdamW. It has no
 * gradient of its own, so it is a plain function per backend rather than a tfjs kernel: the reference below, or an in-place
 * kernel that a backend sets with `setAdamwUpdate`.
 */
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../api';
import { adamwUpdateReference } from './reference';

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

const updates = new Map<BackendName, AdamwUpdate>();

/** Replaces the update on one backend. */
export function setAdamwUpdate(backend: BackendName, update: AdamwUpdate): void {
  updates.set(backend, update);
}

export function adamwUpdateOn(backend: BackendName): AdamwUpdate {
  return updates.get(backend) ?? adamwUpdateReference;
}
