import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ErrorRecord } from '../../src/core/errors';
import type { DeviceInfo } from '../../src/contract/device';
import { openBackend } from './backend';
import type { OpenOptions } from './backend';

interface Answer {
  device?: DeviceInfo;
  product?: number[];
  error?: ErrorRecord;
}

/** Opens a backend in a fresh worker. */
async function open(options: Partial<OpenOptions>): Promise<Answer> {
  const worker = new Worker(new URL('../../e2e/parity/backend.worker.ts', import.meta.url), { type: 'module' });
  try {
    return await new Promise<Answer>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage({ backend: null, threads: null, requireHardware: false, ...options } satisfies OpenOptions);
    });
  } finally {
    worker.terminate();
  }
}

/** These tests run where the WebGPU adapter is a software one; on a machine with a GPU the choice is another. */
const adapter = await navigator.gpu?.requestAdapter();
const software = /swiftshader|llvmpipe/i.test(`${adapter?.info.vendor} ${adapter?.info.architecture} ${adapter?.info.description}`);

describe('openBackend in a worker', () => {
  it.each(['cpu', 'wasm', 'webgpu'] as const)('opens %s when forced', async (backend) => {
    const { device, product, error } = await open({ backend });
    expect(error).toBeUndefined();
    expect(device).toMatchObject({ backend, reason: 'forced', crossOriginIsolated: true });
    expect(product).toEqual([19, 22, 43, 50]);
    expect(device!.adapter === '').toBe(backend !== 'webgpu');
  });

  it('takes the threads it is told to on wasm', async () => {
    for (const threads of [1, 2]) {
      const { device } = await open({ backend: 'wasm', threads });
      expect(device!.threads).toBe(threads);
    }
  });

  it.runIf(software)('prefers wasm to a software adapter and says why', async () => {
    const { device } = await open({});
    expect(device).toMatchObject({ backend: 'wasm', reason: 'software-gpu-slower', software: false });
  });

  it.runIf(software)('marks a software adapter that was forced', async () => {
    const { device } = await open({ backend: 'webgpu' });
    expect(device!.software).toBe(true);
    expect(device!.adapter).toMatch(/swiftshader|llvmpipe/i);
  });

  it.runIf(software)('refuses a software adapter when hardware is required', async () => {
    for (const backend of [null, 'webgpu'] as const) {
      const { error } = await open({ backend, requireHardware: true });
      expect(error).toMatchObject({ code: 'backend-unavailable', values: { backend: 'webgpu' } });
      expect(error!.message).toContain('software');
    }
  });
});

describe('openBackend on an adapter that does not say it is a software one', () => {
  afterEach(() => void vi.restoreAllMocks());
  const openAny = () => {
    for (const word of ['vendor', 'architecture', 'device', 'description'] as const)
      vi.spyOn(GPUAdapterInfo.prototype, word, 'get').mockReturnValue('hardware');
    vi.spyOn(GPUAdapterInfo.prototype, 'isFallbackAdapter', 'get').mockReturnValue(false);
    return openBackend({ backend: null, threads: null, requireHardware: false });
  };

  it.runIf(software)('takes it when a product and a sum over rows come out right', async () => {
    expect(await openAny()).toMatchObject({ backend: 'webgpu', reason: 'hardware-gpu' });
  });

  it.runIf(software)('takes wasm and says so when they do not', async () => {
    vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups').mockReturnValue(undefined);
    expect(await openAny()).toMatchObject({ backend: 'wasm', reason: 'webgpu-failed' });
  });
});
