/** A whole training step on the GPU kernels leaves nothing behind. */
import { backend as tensorBackend, memory } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { openBackend, settled } from '..';
import { disposeStep, trainer } from '../../../e2e/parity/narrow-trainer';

beforeAll(async () => {
  await openBackend({ backend: 'webgpu', threads: null, requireHardware: false });
});

it.each([
  { half: false, steps: 1000 },
  { half: true, steps: 100 },
])(
  'holds the same tensors and the same bytes of the GPU over $steps steps (halves: $half)',
  { timeout: 180_000 },
  async ({ half, steps }) => {
    const { step, dispose } = trainer({ layers: 1, vocabulary: 24, rows: 2, context: 6, half });
    const held = () => {
      const { numBytesInGPU, numBytesAllocatedInGPU } = tensorBackend().memory() as unknown as Record<string, number>;
      return { tensors: memory().numTensors, bytes: memory().numBytes, numBytesInGPU, numBytesAllocatedInGPU };
    };
    for (let i = 0; i < 4; i += 1) disposeStep(step());
    await settled();
    const before = held();
    for (let i = 4; i < steps; i += 1) {
      disposeStep(step());
      if (i % 2 === 1) await settled();
      if (i % 50 === 49) expect(held(), `after step ${i + 1}`).toEqual(before);
    }
    dispose();
  },
);
