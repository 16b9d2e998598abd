/** Gradients of a distillation's terms against torch (make_distillation_fixtures.py), each in a row that is taught beside one that is not. */
import { memory, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel, openBackend, trainingGradients, type DecoderModel } from '../../workers/engine';
import { batchOf, fixtureJson, tinyModelFiles } from './fixtures';

interface Term {
  weights: { crossEntropy: number; logits: number; hidden: number; allLayers: boolean; attention: number };
  gradients: Record<string, [norm: number, product: number]>;
}
interface Case {
  model: string;
  rows: number;
  context: number;
  temperature: number;
  ids: number[];
  targets: number[];
  terms: Record<string, Term>;
}

const tolerances = { wasm: 1e-5, webgpu: 1e-3 } as const;
let cases: Case[];
beforeAll(async () => {
  cases = await fixtureJson('distillation.json');
});

async function teacherOf(name: string): Promise<DecoderModel> {
  const model = await loadModel(await tinyModelFiles(name));
  for (const parameter of model.parameters.values()) {
    const values = await parameter.data<'float32'>();
    const moved = tensor(
      values.map((value, at) => value + Math.fround(0.05 * Math.cos(1.3 * at + 1))),
      parameter.shape,
    );
    parameter.assign(moved);
    moved.dispose();
  }
  return model;
}

describe.each(['wasm', 'webgpu'] as const)('distillation on %s', (backend) => {
  it(
    'adds the gradients of torch; on wasm also with layers computed again and rows in batches of their own',
    { timeout: 120_000 },
    async () => {
      await openBackend({ backend, threads: 1, requireHardware: false });
      for (const one of cases) {
        const [model, teacher] = [await loadModel(await tinyModelFiles(one.model)), await teacherOf(one.model)];
        const whole = { ...batchOf(one), channels: Int32Array.of(0, 1) };
        const row = (at: number) => {
          const cut = (values: Int32Array) => values.slice(at * one.context, (at + 1) * one.context);
          return { ...whole, rows: 1, ids: cut(whole.ids), targets: cut(whole.targets), channels: Int32Array.of(at) };
        };
        const { numTensors } = memory();
        for (const [name, { weights, gradients: expected }] of Object.entries(one.terms)) {
          const teaching = { model: teacher, withoutAdapter: false, channels: [true, false], temperature: one.temperature, ...weights };
          const ways = [
            { batches: [whole], recompute: false },
            { batches: [row(0), row(1)], recompute: true },
          ];
          // Software WebGPU is slow, and how rows fall into batches is not the backend's.
          for (const { batches, recompute } of backend === 'wasm' ? ways : ways.slice(0, 1)) {
            const { gradients, sums } = trainingGradients(model, batches, { channels: 2, recompute, teaching });
            let worst = 0;
            const scale = Math.hypot(...Object.values(expected).map(([norm]) => norm));
            for (const [key, [norm, product]] of Object.entries(expected)) {
              const values = await gradients.get(key)!.data<'float32'>();
              const own = Math.hypot(...values);
              const dot = values.reduce((sum, value, at) => sum + value * Math.cos(0.7 * at), 0);
              worst = Math.max(worst, Math.abs(own - norm) / scale, Math.abs(dot - product) / scale);
            }
            for (const gradient of [...gradients.values(), sums]) gradient.dispose();
            expect(worst, `${one.model} ${name}`).toBeLessThan(tolerances[backend]);
            expect(memory().numTensors).toBe(numTensors);
          }
        }
        model.dispose();
        teacher.dispose();
      }
    },
  );
});
