/**
 * The maker of tfjs's WebGPU backend, on a device that may bind as many storage buffers as the adapter can (tfjs asks for none above 8) and has
 * subgroups where the adapter has them.
 */
import { registerBackend, removeBackend } from '@tensorflow/tfjs-core';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';

const NAME = 'webgpu';
/** As tfjs's. */
const PRIORITY = 3;

/** What tfjs asks the adapter for, and the storage buffers. */
const limits = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
  'maxStorageBuffersPerShaderStage',
] as const;

const features: readonly GPUFeatureName[] = ['subgroups'];

let registered = false;

/** Takes the place of tfjs's own maker, once: later calls would end the backend that runs. */
export function registerWebgpuBackend(): void {
  if (registered) return;
  registered = true;
  removeBackend(NAME);
  registerBackend(NAME, makeBackend, PRIORITY);
}

async function makeBackend(): Promise<WebGPUBackend> {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('no WebGPU adapter was found');
  const requiredLimits = Object.fromEntries(limits.map((limit) => [limit, adapter.limits[limit]]));
  const requiredFeatures = features.filter((feature) => adapter.features.has(feature));
  return new WebGPUBackend(await adapter.requestDevice({ requiredLimits, requiredFeatures }), adapter.info);
}
