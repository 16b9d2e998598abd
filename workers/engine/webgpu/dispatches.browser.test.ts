/** How many dispatches a training step takes. Nothing is compiled or run: a software adapter would take minutes. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openBackend } from '..';
import { WebgpuEngine } from './engine';
import { trainer } from '../../../e2e/parity/narrow-trainer';
import { registerWebgpuKernels } from '.';

beforeAll(async () => {
  await openBackend({ backend: 'webgpu', threads: null, requireHardware: false });
  const pipeline = { getBindGroupLayout: () => ({}) } as unknown as GPUComputePipeline;
  vi.spyOn(GPUDevice.prototype, 'createShaderModule').mockReturnValue({} as GPUShaderModule);
  vi.spyOn(GPUDevice.prototype, 'createComputePipeline').mockReturnValue(pipeline);
  vi.spyOn(GPUDevice.prototype, 'createBindGroup').mockReturnValue({} as GPUBindGroup);
  vi.spyOn(GPUComputePassEncoder.prototype, 'setPipeline').mockReturnValue(undefined);
  vi.spyOn(GPUComputePassEncoder.prototype, 'setBindGroup').mockReturnValue(undefined);
});
afterAll(() => void vi.restoreAllMocks());

/** Storage buffers a stage: what WebGPU promises, and what most adapters have. */
const limits = [8, 10] as const;
const cases = limits.flatMap((limit) =>
  (['registers', 'workgroup'] as const).flatMap((tiles) =>
    ([false, true] as const).map((half) => ({ limit, tiles, half, precision: half ? 'f16' : 'f32' })),
  ),
);

it.each(cases)('are fewer than 60 and 45 a layer with $limit storage buffers, by $tiles in $precision; none reads back', (setting) => {
  const { limit, tiles, half } = setting;
  const buffers = vi.spyOn(WebgpuEngine.prototype, 'storageBuffers', 'get').mockReturnValue(limit);
  registerWebgpuKernels(tiles);
  const dispatch = vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups').mockReturnValue(undefined);
  const map = vi.spyOn(GPUBuffer.prototype, 'mapAsync');
  const counts = [1, 2, 5].map((layers) => {
    // The nano model's vocabulary and tokens, which decide how many blocks the loss is cut into; with documents, as the sampler packs them.
    const { step, dispose } = trainer({ layers, half, documents: true, vocabulary: 4096, rows: 8, context: 128 });
    step();
    dispatch.mockClear();
    step();
    dispose();
    expect(dispatch.mock.calls.length).toBeLessThan(60 + 45 * layers);
    return dispatch.mock.calls.length;
  }) as [number, number, number];
  // A layer's own share, whatever the rest costs: the bound holds for any depth.
  expect((counts[2] - counts[1]) / 3).toBeLessThan(45);
  expect(map).not.toHaveBeenCalled();
  for (const spy of [buffers, dispatch, map]) spy.mockRestore();
});
