/** Training with tensors stored as 16-bit floats, on the backends that can. */
import { getBackend } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { StudioError } from '../../../src/core/errors';
import type { Recipe } from '../../../src/core/recipe/schema';
import type { BackendName } from '../../../src/contract/device';

/** Runs `work` with what the ops hand to each other, and copies of `weights`, stored as halves. */
export type HalfStorage = <T>(weights: readonly Tensor[], work: () => T) => T;

const storages = new Map<BackendName, HalfStorage>();

export function setHalfStorage(backend: BackendName, storage: HalfStorage): void {
  storages.set(backend, storage);
}

/**
 * On the current backend.
 * @throws StudioError `precision-unsupported` where it cannot
 */
export function withHalfStorage<T>(weights: readonly Tensor[], work: () => T): T {
  const backend = getBackend() as BackendName;
  checkPrecision('f16', backend);
  return storages.get(backend)!(weights, work);
}

/** @throws StudioError `precision-unsupported` when a run of this precision cannot train on the open backend */
export function checkPrecision(precision: Recipe['precision'], backend: BackendName): void {
  if (precision === 'f32' || (precision === 'f16' && storages.has(backend))) return;
  const accepted = backend === 'webgpu' ? 'f32, f16' : 'f32';
  throw new StudioError('precision-unsupported', `precision is ${precision} on the backend ${backend}; accepted there: ${accepted}`, {
    precision,
    backend,
    accepted,
  });
}
