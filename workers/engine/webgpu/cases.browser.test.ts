/** The ops on the GPU kernels, in both layouts of work, against float64 and finite differences: the cases of every backend. */
import { backend as tensorBackend, memory } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../backend';
import { checkCase, opCases } from '../../../e2e/parity/op-cases';
import { registerWebgpuKernels } from '.';

/** max|a − b| / max|b|, as for the reference ops. */
const tolerance = 2e-5;

describe.each(['registers', 'workgroup'] as const)('fused ops on webgpu by %s', (tiles) => {
  /** A kernel that does not compile leaves its output as it was, perhaps a right one of an earlier run. */
  const refused: string[] = [];

  beforeAll(async () => {
    await openBackend({ backend: 'webgpu', threads: null, requireHardware: false });
    const { device } = tensorBackend() as unknown as { device: GPUDevice };
    device.onuncapturederror = ({ error }) => refused.push(error.message);
    registerWebgpuKernels(tiles);
  });
  afterEach(() => expect(refused).toEqual([]));

  it.each(opCases)('$name', async (opCase) => {
    const before = memory().numTensors;
    const errors = await checkCase(opCase);
    const allowed = tolerance * (opCase.slack ?? 1);
    expect(errors.forward, 'forward').toBeLessThan(allowed);
    for (const [input, error] of Object.entries(errors.gradients)) expect(error, `gradient of ${input}`).toBeLessThan(allowed * 3);
    expect(memory().numTensors).toBe(before);
  });
});
