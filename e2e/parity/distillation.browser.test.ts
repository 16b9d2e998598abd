/**
 * Gradients of a distillation's terms against torch (make_distillation_fixtures.py), each in a row that is taught beside one that is not, and against
 * finite differences; averages of the weights against torch's, one of them teaching.
 */
import { add, keep, memory, mul, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { HIDDEN_MAP, hiddenMap, loadModel, ModelAverage, openBackend, trainingGradients, type DecoderModel } from '../../workers/engine';
import { tensorsOf } from '../../workers/engine/model/loss';
import { EngineModel } from '../../workers/runtime/engine-model';
import { batchOf, fixtureJson, tinyModelFiles } from './fixtures';

interface Term {
  weights: { crossEntropy: number; logits: number; hidden: number; allLayers: boolean; attention: number };
  gradients: Record<string, Digest>;
  map?: Digest;
}
type Digest = [norm: number, product: number];
interface Case {
  model: string;
  /** Of another width. */
  teacher?: string;
  rows: number;
  context: number;
  temperature: number;
  ids: number[];
  targets: number[];
  terms: Record<string, Term>;
}

interface Momentum {
  model: string;
  rows: number;
  context: number;
  temperature: number;
  alpha: number;
  lr: number;
  batches: { ids: number[]; targets: number[] }[];
  /** Σ nll of each row, by step. */
  losses: number[][];
  weights: Record<string, Digest>;
  averages: { settings: { decay: number; start: number; every: number }; weights: Record<string, Digest> }[];
}

const digest = (values: Float32Array): Digest => [
  Math.hypot(...values),
  values.reduce((sum, value, at) => sum + value * Math.cos(0.7 * at), 0),
];
const apart = ([norm, product]: Digest, [expected, dot]: Digest): number => Math.max(Math.abs(norm - expected), Math.abs(product - dot));

/** W_h of the fixtures. */
function fixtureMap(teacher: DecoderModel, model: DecoderModel): Variable & Tensor2D {
  const map = hiddenMap(teacher.config.hidden, model.config.hidden, 1);
  const values = tensor(
    Float32Array.from({ length: map.size }, (_, at) => 0.3 * Math.sin(1.1 * at)),
    map.shape,
  );
  map.assign(values);
  values.dispose();
  return map;
}

const tolerances = { wasm: 1e-5, webgpu: 1e-3 } as const;
let cases: Case[];
beforeAll(async () => {
  cases = await fixtureJson('distillation.json');
});

async function teacherFor({ model: name, teacher }: Case): Promise<DecoderModel> {
  const model = await loadModel(await tinyModelFiles(teacher ?? name));
  if (teacher !== undefined) return model;
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
        const [model, teacher] = [await loadModel(await tinyModelFiles(one.model)), await teacherFor(one)];
        const map = one.teacher === undefined ? undefined : fixtureMap(teacher, model);
        const whole = { ...batchOf(one), channels: Int32Array.of(0, 1) };
        const row = (at: number) => {
          const cut = (values: Int32Array) => values.slice(at * one.context, (at + 1) * one.context);
          return { ...whole, rows: 1, ids: cut(whole.ids), targets: cut(whole.targets), channels: Int32Array.of(at) };
        };
        const { numTensors } = memory();
        for (const [name, { weights, gradients: expected, map: ofMap }] of Object.entries(one.terms)) {
          const teaching = {
            model: teacher,
            map,
            withoutAdapter: false,
            channels: [true, false],
            temperature: one.temperature,
            ...weights,
          };
          const ways = [
            { batches: [whole], recompute: false },
            { batches: [row(0), row(1)], recompute: true },
          ];
          // Software WebGPU is slow, and how rows fall into batches is not the backend's.
          for (const { batches, recompute } of backend === 'wasm' ? ways : ways.slice(0, 1)) {
            const { gradients, sums } = trainingGradients(model, batches, { channels: 2, recompute, teaching });
            let worst = 0;
            const scale = Math.hypot(...Object.values(expected).map(([norm]) => norm));
            for (const [key, one] of [...Object.entries(expected), ...(ofMap ? [[HIDDEN_MAP, ofMap] as const] : [])])
              worst = Math.max(worst, apart(digest(await gradients.get(key)!.data<'float32'>()), one) / scale);
            for (const gradient of [...gradients.values(), sums]) gradient.dispose();
            expect(worst, `${one.model} ${name}`).toBeLessThan(tolerances[backend]);
            expect(memory().numTensors).toBe(numTensors);
          }
        }
        for (const held of [model, teacher, ...(map ? [map] : [])]) held.dispose();
      }
    },
  );

  it('trains beside the average of its own weights, which teaches, to the losses of torch', { timeout: 120_000 }, async () => {
    await openBackend({ backend, threads: 1, requireHardware: false });
    const fixture = await fixtureJson<Momentum>('momentum.json');
    const [teaching, ...others] = fixture.averages;
    const { numTensors } = memory();
    const model = await loadModel(await tinyModelFiles(fixture.model));
    const averageOf = ({ settings }: { settings: Momentum['averages'][number]['settings'] }) =>
      new ModelAverage(model.twin(), model, settings, { steps: 0, stored: false });
    const average = averageOf(teaching!);
    const beside = others.map(averageOf);
    const distillation = { teacher: 'ema', rows: 'domain' as const, alpha: fixture.alpha, temperature: fixture.temperature, warmup: 0 };
    const recipe = {
      channels: [
        { id: 'a', corpus: 'a', role: 'domain' as const, share: 0.5 },
        { id: 'b', corpus: 'b', role: 'general' as const, share: 0.5 },
      ],
      optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 0 },
      activationCheckpointing: false,
      precision: 'f32' as const,
      budget: { steps: fixture.batches.length },
      regularisation: { distillation },
    };
    const run = new EngineModel(model, recipe, true, { average, teacher: 'average' });
    for (const [step, batch] of fixture.batches.entries()) {
      const given = { ...batchOf({ ...fixture, ...batch }), channels: Int32Array.of(0, 1) };
      const [sums] = await run.read([run.step([given], { lr: fixture.lr, dropout: { rate: 0, seed: 1, step } })]);
      for (const one of beside) one.after(step + 1);
      sums!.nll.forEach((loss, row) => expect(Math.abs(loss / fixture.losses[step]![row]! - 1)).toBeLessThan(tolerances[backend]));
    }
    for (const [held, expected] of [
      [model, fixture.weights] as const,
      ...[average, ...beside].map((one, at) => [one.model, fixture.averages[at]!.weights] as const),
    ]) {
      const scale = Math.hypot(...Object.values(expected).map(([norm]) => norm));
      for (const [name, one] of Object.entries(expected))
        expect(apart(digest(await held.parameters.get(name)!.data<'float32'>()), one) / scale, name).toBeLessThan(tolerances[backend]);
    }
    for (const one of beside) one.dispose();
    run.dispose();
    expect(memory().numTensors).toBe(numTensors);
  });
});

it('has the slope of its loss along any way, by finite differences', { timeout: 60_000 }, async () => {
  await openBackend({ backend: 'wasm', threads: 1, requireHardware: false });
  const one = cases.find(({ teacher }) => teacher !== undefined)!;
  const [model, teacher] = [await loadModel(await tinyModelFiles(one.model)), await teacherFor(one)];
  const map = fixtureMap(teacher, model);
  const batch = { ...batchOf(one), channels: Int32Array.of(0, 1) };
  const weights = { crossEntropy: 0.6, logits: 0.4, hidden: 0.6, allLayers: true, attention: 0 };
  const teaching = { model: teacher, map, withoutAdapter: false, channels: [true, false], temperature: one.temperature, ...weights };
  const look = async (of: DecoderModel) => {
    const states: Tensor2D[] = [];
    const { ids } = tensorsOf(batch);
    const final = of.hiddenStates(ids, {
      batch: batch.rows,
      context: batch.context,
      taps: { state: (_, x) => (states.push(keep(x.clone())), x) },
    });
    // The last layer's states are those after the final norm.
    const all = await Promise.all([...states.slice(0, -1), final].map((state) => state.array()));
    return { states: all, logits: await of.logits(final).array() };
  };
  const logSoftmax = (logits: number[], by: number) => {
    const most = Math.max(...logits);
    const sum = Math.log(logits.reduce((total, logit) => total + Math.exp((logit - most) / by), 0));
    return logits.map((logit) => (logit - most) / by - sum);
  };
  const told = await look(teacher);
  const predicted = batch.targets.reduce((total, target) => total + Number(target >= 0), 0);
  const loss = async () => {
    const own = await look(model);
    const fit = (await map.array()) as number[][];
    let total = 0;
    batch.targets.forEach((target, token) => {
      if (target < 0) return;
      const nll = -logSoftmax(own.logits[token]!, 1)[target]!;
      if (token >= batch.context) return void (total += nll / predicted);
      const [p, q] = [told.logits, own.logits].map((logits) => logSoftmax(logits[token]!, one.temperature)) as [number[], number[]];
      const kl = p.reduce((sum, log, at) => sum + Math.exp(log) * (log - q[at]!), 0);
      const squares = own.states.map((states, layer) => {
        const goal = told.states[layer]![token]!;
        const away = fit.map((row, at) => row.reduce((sum, factor, from) => sum + factor * states[token]![from]!, 0) - goal[at]!);
        return away.reduce((sum, value) => sum + value ** 2, 0) / away.length;
      });
      const mean = squares.reduce((sum, square) => sum + square, 0) / squares.length;
      total += (weights.crossEntropy * nll + weights.logits * one.temperature ** 2 * kl + weights.hidden * mean) / predicted;
    });
    return total;
  };
  const { gradients } = trainingGradients(model, [batch], { channels: 2, teaching });
  const parameters = new Map<string, Variable>([...model.parameters, [HIDDEN_MAP, map]]);
  for (const way of [0.9, 2.3]) {
    const ways = new Map<string, Tensor>(
      [...parameters].map(([name, { shape, size }]) => [
        name,
        tensor(
          Float32Array.from({ length: size }, (_, at) => Math.cos(way * at + 0.4)),
          shape,
        ),
      ]),
    );
    const move = (by: number) => {
      for (const [name, parameter] of parameters) tidy(() => parameter.assign(add(parameter, mul(ways.get(name)!, by))));
    };
    let slope = 0;
    for (const [name, direction] of ways) {
      const [gradient, along] = [await gradients.get(name)!.data<'float32'>(), await direction.data<'float32'>()];
      slope += gradient.reduce((sum, value, at) => sum + value * along[at]!, 0);
    }
    const step = 2.5e-4;
    move(step);
    const above = await loss();
    move(-2 * step);
    const below = await loss();
    move(step);
    expect(Math.abs((above - below) / (2 * step) / slope - 1)).toBeLessThan(2e-3);
  }
  for (const held of [model, teacher, map]) held.dispose();
});
