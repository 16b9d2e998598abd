/**
 * Dynamic loss scaling on the device, by the rules of src/core/precision/loss-scale.ts: whether a step overflowed is read from its
 * gradients' norm by a kernel, which moves the scale and tells AdamW what to do, so that no step waits for a reading.
 */
import type { Scalar, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import type { LossScale } from '../../../../src/core/precision/loss-scale';
import type { BackendName } from '../../../../src/contract/device';
import type { AdamwEntry } from '../adamw';

/** What lives on the device between steps. */
export interface ScaleVariables {
  /** What the next step's loss is multiplied by. */
  scale: Variable & Scalar;
  /** Its history, as `packHistory` lays it out. */
  history: Variable & Tensor1D;
}

export interface ScaledUpdate {
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
