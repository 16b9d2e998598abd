/**
 * The GPU kernels on another implementation of WebGPU than Chromium's: wgpu, whose WGSL compiler is naga, as Firefox has it and as Deno brings
 * it. Run by tools/test-wgpu.mjs; ends with one line of JSON for each fault and a last line of counts.
 */
import { backend as tensorBackend } from '@tensorflow/tfjs-core';
import { openBackend, settled } from '../../workers/engine';
import { withHalfStorage } from '../../workers/engine/ops/half-storage';
import { registerWebgpuKernels } from '../../workers/engine/webgpu';
import { hostTensors } from '../../workers/engine/model/load';
import { disposeStep, trainer } from './narrow-trainer';
import { checkCase, opCases } from './op-cases';

/** As in the tests of Chromium's. */
const [single, halves] = [2e-5, 4 / 2048];

/** Of the layout for software adapters, and of halves: a few shapes of each op. All of them run in the layout for GPUs. */
const few = opCases.filter(({ name }) => /N9 |N17|N40|T9|T35|B2 T6|N4 F33|nf4/.test(name));

const faults: { name: string; fault: string }[] = [];
let passed = 0;

async function check(name: string, test: () => Promise<string | null>): Promise<void> {
  const fault = await test().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  if (fault === null) passed += 1;
  else faults.push({ name, fault });
}

/** Null, or by how much a case is off. */
async function caseFault(opCase: (typeof opCases)[number], tolerance: number, device: GPUDevice): Promise<string | null> {
  device.pushErrorScope('validation');
  const errors = await (tolerance === single ? checkCase(opCase) : withHalfStorage([], () => checkCase(opCase)));
  const refusal = await device.popErrorScope();
  if (refusal) return refusal.message;
  const allowed = tolerance * (opCase.slack ?? 1);
  const beyond = Object.entries({ forward: errors.forward / 3, ...errors.gradients }).filter(([, error]) => !(error < allowed * 3));
  return beyond.length === 0 ? null : beyond.map(([part, error]) => `${part}: ${error}`).join(', ');
}

/** What five steps say and leave. */
async function history(how: 'run' | 'compute', half: boolean): Promise<number[]> {
  const { step, dispose, model } = trainer({ layers: 1, vocabulary: 24, rows: 2, context: 8, documents: true, half });
  const numbers: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    const result = step(how, true);
    await settled();
    numbers.push(...(await result.sums.data()), ...(await result.norm.data()));
    disposeStep(result);
  }
  for (const { data } of await hostTensors(model.parameters)) numbers.push(...data);
  dispose();
  return numbers;
}

const farthest = (a: readonly number[], b: readonly number[]): number =>
  a.length === b.length ? Math.max(...a.map((value, i) => Math.abs(value - b[i]!) / Math.max(1, Math.abs(b[i]!)))) : Infinity;

async function main(): Promise<void> {
  await openBackend({ backend: 'cpu', threads: null, requireHardware: false });
  const truth = await history('compute', false);
  const { adapter } = await openBackend({ backend: 'webgpu', threads: null, requireHardware: false });
  const { device } = tensorBackend() as unknown as { device: GPUDevice };
  for (const tiles of ['registers', 'workgroup'] as const) {
    registerWebgpuKernels(tiles);
    for (const opCase of tiles === 'workgroup' ? opCases : few)
      await check(`${tiles}: ${opCase.name}`, () => caseFault(opCase, single, device));
    for (const half of [false, true])
      await check(`${tiles}: training steps, ${half ? 'f16' : 'f32'}`, async () => {
        const [run, replayed] = [await history('compute', half), await history('run', half)];
        if (run.join() !== replayed.join()) return 'replayed steps have other bits than steps that are run';
        const off = farthest(run, truth);
        return off < (half ? 0.05 : 1e-4) ? null : `off from the reference by ${off}`;
      });
  }
  for (const opCase of few) await check(`f16: ${opCase.name}`, () => caseFault(opCase, halves, device));
  for (const fault of faults) console.log(JSON.stringify(fault));
  console.log(JSON.stringify({ adapter, passed, failed: faults.length }));
}

void main().catch((error: unknown) => {
  console.log(JSON.stringify({ name: 'start', fault: error instanceof Error ? (error.stack ?? error.message) : String(error) }));
  console.log(JSON.stringify({ adapter: '', passed, failed: faults.length + 1 }));
});
