/** Puts the kernels of all ops on a backend: the references first, then the backend's fused ones in their place. */
import type { BackendName } from '../../../src/contract/device';
import * as activation from './activation/reference';
import * as attention from './attention/reference';
import * as crossEntropy from './cross-entropy/reference';
import * as dropout from './dropout';
import * as embedding from './embedding';
import * as linear from './linear/reference';
import * as quantisedLinear from './linear/quantised';
import * as norm from './norm/reference';
import * as reductions from './reductions';
import * as rotary from './rotary';

const references = [activation, attention, crossEntropy, dropout, embedding, linear, norm, quantisedLinear, reductions, rotary];

/** Fused kernels of a backend. Each returns once its kernels can run. */
const fused: Partial<Record<BackendName, (software: boolean) => Promise<void>>> = {
  wasm: async () => (await import('../wasm')).registerWasmKernels(),
  webgpu: async (software) => (await import('../webgpu')).registerWebgpuKernels(software ? 'registers' : 'workgroup'),
};

export function registerReferences(backend: BackendName): void {
  for (const { registerReference } of references) registerReference(backend);
}

/** `software`: the WebGPU adapter is a software one. */
export async function registerOps(backend: BackendName, software: boolean): Promise<void> {
  registerReferences(backend);
  await fused[backend]?.(software);
}
