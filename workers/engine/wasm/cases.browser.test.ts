/** The ops on the CPU kernels against float64 and finite differences: the cases that every backend must pass. */
import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../backend';
import { checkCase, opCases } from '../../../e2e/parity/op-cases';
import { closeWasmKernels } from '.';

/** max|a − b| / max|b|, as for the reference ops. */
const tolerance = 4e-6;

describe('fused ops on wasm', () => {
  beforeAll(async () => {
    await openBackend({ backend: 'wasm', threads: 2, requireHardware: false });
  });
  afterAll(closeWasmKernels);

  it.each(opCases)('$name', async (opCase) => {
    const before = memory().numTensors;
    const errors = await checkCase(opCase);
    const allowed = tolerance * (opCase.slack ?? 1);
    expect(errors.forward, 'forward').toBeLessThan(allowed);
    for (const [input, error] of Object.entries(errors.gradients)) expect(error, `gradient of ${input}`).toBeLessThan(allowed * 3);
    expect(memory().numTensors).toBe(before);
  });
});
