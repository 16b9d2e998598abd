/** Opens the tensor backend: hardware WebGPU, else wasm, else cpu, unless one is forced. Runs inside a worker. */
import { backend as tensorBackend, setBackend } from '@tensorflow/tfjs-core';
import threadedWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import simdWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import plainWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import { StudioError } from '../../src/core/errors';
import type { BackendName, DeviceInfo } from '../../src/contract/device';
import { largestBinding } from './binding';
import { registerOps } from './ops/register';

export interface OpenOptions {
  /** null: the best that is there. */
  backend: BackendName | null;
  /** null: one per logical core. Only wasm uses more than one, and only when cross-origin isolated. */
  threads: number | null;
  /** Fails rather than train on a software WebGPU adapter or a CPU. */
  requireHardware: boolean;
}

interface Adapter {
  description: string;
  software: boolean;
}

type Refusal = 'no-gpu-api' | 'no-gpu-adapter' | 'software-gpu-slower' | 'webgpu-failed';

/** @throws StudioError `backend-unavailable` when the forced backend, or hardware that is required, is not there */
export async function openBackend({ backend, threads, requireHardware }: OpenOptions): Promise<DeviceInfo> {
  const gpu = backend === null || backend === 'webgpu' ? await findAdapter() : 'no-gpu-adapter';
  if (requireHardware && (typeof gpu === 'string' || gpu.software)) {
    const found = typeof gpu === 'string' ? 'no WebGPU adapter was found' : `the WebGPU adapter is a software one: ${gpu.description}`;
    throw unavailable('webgpu', found);
  }
  if (backend !== null) {
    if (backend === 'webgpu' && typeof gpu === 'string') throw unavailable('webgpu', 'no WebGPU adapter was found');
    try {
      return await start(backend, threads, gpu, 'forced');
    } catch (error) {
      throw unavailable(backend, error instanceof Error ? error.message : String(error));
    }
  }
  let refusal: Refusal;
  if (typeof gpu === 'string') refusal = gpu;
  else if (gpu.software) refusal = 'software-gpu-slower';
  else {
    try {
      const device = await start('webgpu', threads, gpu, 'hardware-gpu');
      await (await import('./webgpu/device')).checkKernels();
      return device;
    } catch (error) {
      if (requireHardware) throw unavailable('webgpu', error instanceof Error ? error.message : String(error));
      refusal = 'webgpu-failed';
    }
  }
  try {
    return await start('wasm', threads, gpu, refusal);
  } catch {
    return start('cpu', threads, gpu, 'no-wasm');
  }
}

/**
 * Bytes that the open backend has taken: its heap (wasm), or buffers of the GPU. A heap does not shrink and buffers are kept for the next tensor,
 * so that this is the most that was in use at a time. Null where the backend does not tell.
 */
export function takenMemory(): number | null {
  const open = tensorBackend() as {
    memory?(): { numBytesAllocatedInGPU?: number };
    wasm?: { wasmMemory?: WebAssembly.Memory; asm?: { memory?: WebAssembly.Memory } };
  };
  const heap = open.wasm?.wasmMemory ?? open.wasm?.asm?.memory;
  return heap?.buffer.byteLength ?? open.memory?.().numBytesAllocatedInGPU ?? null;
}

function unavailable(backend: BackendName, detail: string): StudioError {
  return new StudioError('backend-unavailable', `The backend "${backend}" cannot run: ${detail}`, { backend, detail });
}

/** SwiftShader and llvmpipe are the software renderers of Chromium and Mesa, WARP ("Basic Render") that of Windows. */
const softwareNames = /swiftshader|llvmpipe|lavapipe|warp|basic render|software/i;

async function findAdapter(): Promise<Adapter | 'no-gpu-api' | 'no-gpu-adapter'> {
  // Older browsers lack the property whatever the type says.
  const gpu = (navigator as { gpu?: GPU }).gpu;
  if (!gpu) return 'no-gpu-api';
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  if (!adapter) return 'no-gpu-adapter';
  const { vendor, architecture, device, description } = adapter.info;
  const words = [vendor, architecture, device, description].filter((word) => word !== '').join(' ');
  const fallback = adapter.info.isFallbackAdapter || (adapter as { isFallbackAdapter?: boolean }).isFallbackAdapter === true;
  return { description: words, software: fallback || softwareNames.test(words) };
}

async function start(name: BackendName, threads: number | null, gpu: Adapter | string, reason: DeviceInfo['reason']): Promise<DeviceInfo> {
  const used = { webgpu: startWebgpu, wasm: () => startWasm(threads), cpu: startCpu };
  const { threads: running, simd } = await used[name]();
  const adapter = name === 'webgpu' && typeof gpu !== 'string' ? gpu : { description: '', software: false };
  await registerOps(name, adapter.software);
  return {
    backend: name,
    threads: running,
    adapter: adapter.description,
    software: adapter.software,
    simd,
    reason,
    crossOriginIsolated: globalThis.crossOriginIsolated,
    memory: deviceMemory(name),
  };
}

/** A WebAssembly heap has 32-bit addresses. */
const WASM_HEAP_BYTES = 2 ** 32;

/** What the browser tells of the memory to train in: of a GPU only how large one buffer may be. */
function deviceMemory(name: BackendName): DeviceInfo['memory'] {
  if (name === 'webgpu') return { total: null, largestTensor: largestBinding() };
  // In GiB, rounded down to a power of two and at most 8; Firefox and Safari keep it to themselves.
  const gibibytes = (navigator as { deviceMemory?: number }).deviceMemory;
  const machine = gibibytes === undefined ? null : gibibytes * 2 ** 30;
  return { total: name === 'wasm' ? Math.min(WASM_HEAP_BYTES, machine ?? WASM_HEAP_BYTES) : machine, largestTensor: null };
}

interface Started {
  threads: number;
  simd: DeviceInfo['simd'];
}

async function startCpu(): Promise<Started> {
  await import('@tensorflow/tfjs-backend-cpu');
  await use('cpu');
  return { threads: 1, simd: 'none' };
}

async function startWasm(threads: number | null): Promise<Started> {
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths({
    'tfjs-backend-wasm.wasm': absolute(plainWasm),
    'tfjs-backend-wasm-simd.wasm': absolute(simdWasm),
    'tfjs-backend-wasm-threaded-simd.wasm': absolute(threadedWasm),
  });
  // The costly ops run on threads of our own; tfjs's would only compete with them.
  wasm.setThreadsCount(1);
  await use('wasm');
  const { openWasmKernels } = await import('./wasm');
  return openWasmKernels({ threads: threads ?? navigator.hardwareConcurrency });
}

/** The threaded build starts its threads from blob: scripts, which have no directory to resolve a relative address against. */
function absolute(url: string): string {
  return new URL(url, import.meta.url).href;
}

async function startWebgpu(): Promise<Started> {
  const { registerWebgpuBackend } = await import('./webgpu/device');
  registerWebgpuBackend();
  await use('webgpu');
  const { device } = tensorBackend() as unknown as WebgpuBackend;
  if (watched.has(device)) return { threads: 1, simd: 'none' };
  watched.add(device);
  void device.lost.then(({ reason, message }) => {
    // Of the device in use alone: one that was put away may go.
    if (currentDevice() === device) for (const listener of lostListeners) listener(message || reason);
  });
  return { threads: 1, simd: 'none' };
}

async function use(name: BackendName): Promise<void> {
  if (!(await setBackend(name))) throw new Error(`tfjs could not start its backend "${name}"`);
}

/** What this file uses of tfjs's WebGPU backend. */
interface WebgpuBackend {
  device: GPUDevice;
  /** Null when nothing waits to be submitted. */
  commandEncoder: GPUCommandEncoder | null;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

type LostListener = (detail: string) => void;
const lostListeners = new Set<LostListener>();
/** Opening a second time finds the same device. */
const watched = new WeakSet<GPUDevice>();

/** Called when the GPU device goes away (driver reset, sleep). Returns the function that ends the listening. */
export function onDeviceLost(listener: LostListener): () => void {
  lostListeners.add(listener);
  return () => lostListeners.delete(listener);
}

function currentDevice(): GPUDevice | undefined {
  return (tensorBackend() as unknown as Partial<WebgpuBackend>).device;
}

/** Resolves when the device has done all the work it was given; at once on wasm and cpu, which work synchronously. */
export async function settled(): Promise<void> {
  const current = tensorBackend() as unknown as Partial<WebgpuBackend>;
  if (!current.device) return;
  if (current.commandEncoder) {
    current.endComputePassEncoder?.();
    current.submitQueue?.();
  }
  await current.device.queue.onSubmittedWorkDone();
}
