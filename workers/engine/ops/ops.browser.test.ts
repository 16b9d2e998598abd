/** What every backend falls back on. WebGPU never does: each op has a kernel there. */
import { getKernel, memory, setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../backend';
import { checkCase, opCases } from '../../../e2e/parity/op-cases';
import { registerWebgpuKernels } from '../webgpu';
import { kernels } from './kernels';
import { registerReferences } from './register';

/** max|a − b| / max|b| against float64; float32 sums over these shapes stay well inside. */
const tolerances = { cpu: 2e-6, wasm: 4e-6 } as const;

describe.each(['cpu', 'wasm'] as const)('reference ops on %s', (backend) => {
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

it('none is left on webgpu: a kernel stands in the place of each', async () => {
  await openBackend({ backend: 'webgpu', threads: 1, requireHardware: false });
  registerReferences('webgpu');
  const references = Object.values(kernels).flatMap((name) => getKernel(name, 'webgpu') ?? []);
  expect(references.length).toBeGreaterThan(20);
  registerWebgpuKernels('registers');
  for (const reference of references) expect(getKernel(reference.kernelName, 'webgpu'), reference.kernelName).not.toBe(reference);
});
