import { memory, setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../backend';
import { checkCase, opCases } from '../../../e2e/parity/op-cases';
import { registerReferences } from './register';

/** max|a − b| / max|b| against float64; float32 sums over these shapes stay well inside. */
const tolerances = { cpu: 2e-6, wasm: 4e-6, webgpu: 2e-5 } as const;

describe.each(['cpu', 'wasm', 'webgpu'] as const)('reference ops on %s', (backend) => {
  beforeAll(async () => {
    await openBackend({ backend, threads: 1, requireHardware: false });
    await setBackend(backend);
    registerReferences(backend);
  });

  it.each(opCases)('$name', async (opCase) => {
    const before = memory().numTensors;
    const errors = await checkCase(opCase);
    const tolerance = tolerances[backend] * (opCase.slack ?? 1);
    expect(errors.forward, 'forward').toBeLessThan(tolerance);
    for (const [input, error] of Object.entries(errors.gradients)) expect(error, `gradient of ${input}`).toBeLessThan(tolerance * 3);
    expect(memory().numTensors).toBe(before);
  });
});
