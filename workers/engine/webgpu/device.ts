/**
 * The maker of tfjs's WebGPU backend, on a device that may bind as many storage buffers as the adapter can (tfjs asks for none above 8) and has
 * subgroups where the adapter has them.
 */
import { ones, registerBackend, removeBackend, tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { Rank } from '@tensorflow/tfjs-core';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { linear } from '../ops/linear';
import { rmsNorm } from '../ops/norm';

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

/**
 * A product and a sum over rows through workgroup memory, held to what the host computes: an implementation that refuses a kernel tells of it
 * late or never, and goes on with what the buffers held before.
 * @throws Error when the open backend's kernels give something else
 */
export async function checkKernels(): Promise<void> {
  const [rows, width] = [5, 8];
  const x = Float32Array.from({ length: rows * width }, (_, at) => (at % 7) - 2.5);
  const row = (at: number) => x.subarray(at * width, (at + 1) * width);
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const outputs = tidy(() => {
    const given = tensor2d(x, [rows, width]);
    return [linear(given, given), rmsNorm(given, ones<Rank.R1>([width]), 0)] as const;
  });
  const [products, normed] = await Promise.all(outputs.map((one) => one.data<'float32'>()));
  for (const one of outputs) one.dispose();
  const expectedOf = {
    product: [products!, (at: number) => dot(row(Math.floor(at / rows)), row(at % rows))],
    norm: [normed!, (at: number) => x[at]! / Math.sqrt(dot(row(Math.floor(at / width)), row(Math.floor(at / width))) / width)],
  } as const;
  for (const [kernel, [found, expected]] of Object.entries(expectedOf))
    found.forEach((value, at) => {
      if (!(Math.abs(value - expected(at)) < 1e-3))
        throw new Error(`the ${kernel} kernel gives ${value} at ${at} instead of ${expected(at)}`);
    });
}
