/** What a training step costs the host, counted. Nothing is compiled or run: a software adapter would take minutes. */
import { backend as tensorBackend } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openBackend, settled } from '..';
import { commandsOf } from './commands';
import type { WebgpuBackend } from './commands';
import { WebgpuEngine } from './engine';
import { disposeStep, trainer } from '../../../e2e/parity/narrow-trainer';
import { registerWebgpuKernels } from '.';

beforeAll(async () => {
  await openBackend({ backend: 'webgpu', threads: null, requireHardware: false });
  const pipeline = { getBindGroupLayout: () => ({}) } as unknown as GPUComputePipeline;
  vi.spyOn(GPUDevice.prototype, 'createShaderModule').mockReturnValue({} as GPUShaderModule);
  vi.spyOn(GPUDevice.prototype, 'createComputePipeline').mockReturnValue(pipeline);
  vi.spyOn(GPUComputePassEncoder.prototype, 'setPipeline').mockReturnValue(undefined);
  vi.spyOn(GPUComputePassEncoder.prototype, 'setBindGroup').mockReturnValue(undefined);
});
afterAll(() => void vi.restoreAllMocks());

/** Calls that the host makes of the GPU while `work` runs. */
async function countsOf(work: () => void) {
  const spies = {
    dispatches: vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups').mockReturnValue(undefined),
    submits: vi.spyOn(GPUQueue.prototype, 'submit'),
    passes: vi.spyOn(GPUCommandEncoder.prototype, 'beginComputePass'),
    writes: vi.spyOn(GPUQueue.prototype, 'writeBuffer'),
    bindGroups: vi.spyOn(GPUDevice.prototype, 'createBindGroup').mockReturnValue({} as GPUBindGroup),
    readings: vi.spyOn(GPUBuffer.prototype, 'mapAsync'),
  };
  // However slow the machine was before.
  commandsOf(tensorBackend() as unknown as WebgpuBackend).most = Infinity;
  work();
  await settled();
  const counts = Object.fromEntries(Object.entries(spies).map(([name, spy]) => [name, spy.mock.calls.length]));
  for (const spy of Object.values(spies)) spy.mockRestore();
  return counts as Record<keyof typeof spies, number>;
}

/** Storage buffers a stage: what WebGPU promises, and what most adapters have. */
const limits = [8, 10] as const;
const cases = limits.flatMap((limit) =>
  (['registers', 'workgroup'] as const).flatMap((tiles) =>
    ([false, true] as const).map((half) => ({ limit, tiles, half, precision: half ? 'f16' : 'f32' })),
  ),
);

it.each(cases)('a step of nano with $limit storage buffers, by $tiles in $precision', async ({ limit, tiles, half }) => {
  const buffers = vi.spyOn(WebgpuEngine.prototype, 'storageBuffers', 'get').mockReturnValue(limit);
  registerWebgpuKernels(tiles);
  const dispatches: number[] = [];
  for (const layers of [1, 2, 5]) {
    // The nano model's vocabulary and tokens, which decide how many blocks the loss is cut into; with documents, as the sampler packs them.
    const { step, dispose } = trainer({ layers, half, documents: true, vocabulary: 4096, rows: 8, context: 128 });
    const next = (how?: 'compute') => countsOf(() => disposeStep(step(how)));
    await next('compute');
    const run = await next('compute');
    // Run, recorded twice, and replayed for the first time, which makes the bind groups.
    for (let i = 0; i < 4; i += 1) await next();
    const replayed = await next();
    dispose();
    expect(run).toMatchObject({ submits: 1, writes: 1, readings: 0 });
    expect(replayed).toMatchObject({ submits: 1, passes: 1, writes: 1, bindGroups: 0, readings: 0 });
    expect(replayed.dispatches).toBeLessThan(60 + 45 * layers);
    dispatches.push(replayed.dispatches);
  }
  // A layer's own share, whatever the rest costs: the bound holds for any depth.
  expect((dispatches[2]! - dispatches[1]!) / 3).toBeLessThan(45);
  buffers.mockRestore();
});
