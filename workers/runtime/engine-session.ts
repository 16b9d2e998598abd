/** After a device was lost: tfjs keeps the dead backend by its name, so it is removed and its maker registered anew. */
import { findBackendFactory, registerBackend, removeBackend } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../src/contract/device';

const PRIORITY = 3;

export function renewBackend(name: BackendName): void {
  const factory = findBackendFactory(name);
  if (!factory) return;
  removeBackend(name);
  registerBackend(name, factory, PRIORITY);
}
