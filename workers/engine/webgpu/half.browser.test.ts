/** Halves in place of float32: every op against the same truths with what 16 bits can hold, and the memory that a step takes. */
import { backend as tensorBackend, memory, square, tensor2d } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openBackend, settled } from '../backend';
import { withHalfStorage } from '../ops/half-storage';
import { linear } from '../ops/linear';
import { checkCase, opCases } from '../../../e2e/parity/op-cases';
import { registerWebgpuKernels } from '.';

/** Eleven bits of a half; a few roundings lie between input and output, and gradients are compared at single places. */
const tolerance = 4 / 2048;

const refused: string[] = [];
afterEach(() => expect(refused).toEqual([]));

async function open(): Promise<void> {
  await openBackend({ backend: 'webgpu', threads: null, requireHardware: false });
  const { device } = tensorBackend() as unknown as { device: GPUDevice };
  device.onuncapturederror = ({ error }) => refused.push(error.message);
}

/** Storage and layout of work know nothing of each other, so that of the second layout a few cases by fours are enough. */
const few = opCases.filter(({ name }) => /N40|N64|N9 D48|T35|T45/.test(name));

describe.each([
  { tiles: 'registers', cases: opCases },
  { tiles: 'workgroup', cases: few },
] as const)('fused ops on halves by $tiles', ({ tiles, cases }) => {
  beforeAll(async () => {
    await open();
    registerWebgpuKernels(tiles);
  });

  it.each(cases)('$name', async (opCase) => {
    const before = memory().numTensors;
    // The op and its gradients are computed before anything is waited for.
    const errors = await withHalfStorage([], () => checkCase(opCase));
    const allowed = tolerance * (opCase.slack ?? 1);
    expect(errors.forward, 'forward').toBeLessThan(allowed);
    for (const [input, error] of Object.entries(errors.gradients)) expect(error, `gradient of ${input}`).toBeLessThan(allowed * 3);
    expect(memory().numTensors).toBe(before);
  });
});

describe('halves on the device', () => {
  beforeAll(open);
  const bytes = () => (tensorBackend().memory() as unknown as { numBytesInGPU: number }).numBytesInGPU;

  it('hold half the bytes, keep 11 bits, and are float32 again for a kernel of tfjs', async () => {
    const values = Float32Array.from([1, -2.5, 0.1, 1 / 3, 6.1e-5, 65504, -65520, 1e6]);
    const [x, eye] = [tensor2d(values, [2, 4]), tensor2d([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], [4, 4])];
    linear(x, eye).dispose();
    await settled();
    const before = bytes();
    const y = withHalfStorage([], () => linear(x, eye));
    await settled();
    expect(bytes() - before).toBe(values.length * 2);
    const z = square(y);
    // numpy.float16 of the values; beyond 65504 infinities.
    const halves = [1, -2.5, 0.0999755859375, 0.333251953125, 6.097555160522461e-5, 65504, -Infinity, Infinity];
    expect([...(await y.data())]).toEqual(halves);
    expect([...(await z.data())]).toEqual(halves.map((value) => Math.fround(value * value)));
    for (const one of [x, eye, y, z]) one.dispose();
  });
});
