/**
 * Chains of gradient transforms with parameter groups: against torch.optim (make_optimizer_fixtures.py), and drawn chains against each
 * transform written a second time in float64, applied in the chain's order.
 */
import fc from 'fast-check';
import { memory, mul, sub, tensor, tidy, variable } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { Rng } from '../../src/core/rng/rng';
import { drawnLabels, FisherDiagonal, hostTensors, loadModel, openBackend, trainingGradients } from '../../workers/engine';
import { attentionSample } from '../../workers/runtime/attention';
import { EngineModel } from '../../workers/runtime/engine-model';
import { secureRound } from '../../src/core/federated/secure';
import { FederatedServer } from '../../workers/engine/optimizer/federated-server';
import { createAdamW, createOptimizer } from '../../workers/engine/optimizer/optimizer';
import type { ParameterGroup } from '../../workers/engine/optimizer/optimizer';
import {
  addDecayedWeights,
  addGradients,
  adamw,
  chain,
  clipByGlobalNorm,
  dynamicLossScale,
  maskUpdates,
  penaltyGradient,
  scaleByAdam,
  scaleByLearningRate,
} from '../../workers/engine/optimizer/transforms';
import type { AdamSettings, Chain, GradientTransform } from '../../workers/engine/optimizer/transforms';
import { carryFisher } from '../../workers/train/fisher';
import federated from './fixtures/federated.json';
import lifelong from './fixtures/lifelong.json';
import { fixtureJson, tinyModelFiles } from './fixtures';
import { relativeError } from './op-cases';

type Values = Record<string, number[]>;

interface Case {
  name: string;
  groups: Record<string, { lrScale: number; weightDecay: number }>;
  maxNorm: number;
  anchor: number;
  /** Decay towards the start instead of 0. */
  pulled?: boolean;
  /** By prefix, the first step in which parameters have a gradient. */
  joins?: Record<string, number>;
  /** 1 for elements that are trained. */
  masks?: Values;
  norms: number[];
  parameters: Values;
  exp_avg: Values;
  exp_avg_sq: Values;
}

interface Fixture {
  settings: AdamSettings;
  shapes: Record<string, number[]>;
  lr: number[];
  initial: Values;
  gradients: Values[];
  cases: Case[];
}

interface FisherFixture {
  model: string;
  rows: number;
  context: number;
  seed: number;
  ids: number[];
  targets: number[];
  cases: Record<'model' | 'text', { labels: number[]; fisher: Record<string, { sum: number; first: number[] }> }>;
}

const tolerances = { cpu: 1e-5, wasm: 1e-5, webgpu: 1e-4 } as const;

describe.each(['cpu', 'wasm', 'webgpu'] as const)('chains of transforms on %s', (backend) => {
  let fixture: Fixture;
  beforeAll(async () => {
    await openBackend({ backend, threads: 1, requireHardware: false });
    fixture = await fixtureJson<Fixture>('optimizers.json');
  });

  const variablesOf = (values: Values): Map<string, Variable> =>
    new Map(
      Object.entries(values).map(([name, data]) => {
        const initial = tensor(data, fixture.shapes[name]);
        const made = variable(initial, true);
        initial.dispose();
        return [name, made];
      }),
    );
  const gradientsAt = (step: number, of: (values: number[]) => number[] = (values) => values): Map<string, Tensor> =>
    new Map(Object.entries(fixture.gradients[step]!).map(([name, data]) => [name, tensor(of(data), fixture.shapes[name])]));
  const valuesOf = async (tensors: ReadonlyMap<string, Tensor>) =>
    new Map((await hostTensors(tensors)).map(({ name, data }) => [name, data]));

  /** All steps of the fixture; norms, and what is left at the end. */
  async function train(
    transforms: Chain,
    groups: readonly ParameterGroup[],
    fused: boolean,
    { initial = fixture.initial, joins = {} }: { initial?: Values; joins?: Record<string, number> } = {},
  ) {
    const parameters = variablesOf(initial);
    const optimizer = createOptimizer(parameters, transforms, groups, fused);
    const norms: number[] = [];
    let held = 0;
    for (const [step, lr] of fixture.lr.entries()) {
      const gradients = gradientsAt(step);
      for (const [name, gradient] of gradients)
        if (Object.entries(joins).some(([prefix, first]) => name.startsWith(prefix) && step < first)) {
          gradient.dispose();
          gradients.delete(name);
        }
      const { norm } = optimizer.apply(gradients, lr);
      norms.push((await norm.data())[0]!);
      norm.dispose();
      if (step === 0 || Object.values(joins).includes(step)) held = memory().numTensors;
      expect(memory().numTensors, `tensors after step ${step}`).toBe(held);
    }
    const result = { norms, parameters: await valuesOf(parameters), state: await valuesOf(optimizer.state()) };
    optimizer.dispose();
    for (const parameter of parameters.values()) parameter.dispose();
    return result;
  }

  /** The fixture's clients with AdamW on their quadratics, from the fixture's weights. */
  function federatedClients(
    proximal?: number,
    options: { rate: number; momentum: number; clip?: number | undefined } = { rate: 1, momentum: 0 },
  ) {
    const shapes: Record<string, number[]> = federated.shapes;
    const parameters = new Map(
      Object.entries(federated.start).map(([name, data]) => [name, tidy(() => variable(tensor(data, shapes[name]), true))]),
    );
    const server = new FederatedServer(parameters, options);
    const optimizer = createAdamW(parameters, {
      ...{ beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 0 },
      ...(proximal === undefined ? {} : { hold: { anchor: server.start, penalty: { l2sp: proximal }, decays: false } }),
    });
    const clients = federated.clients.map(({ weight, updates, curvature, target }) => ({
      weight,
      train: () => {
        optimizer.restore(0, []);
        for (let update = 0; update < updates; update++) {
          const gradients = new Map(
            [...parameters].map(([name, parameter]) => {
              const [slope, goal] = [curvature[name as keyof typeof curvature], target[name as keyof typeof target]];
              return [name, tidy(() => mul(sub(parameter, tensor(goal, parameter.shape)), slope))];
            }),
          );
          optimizer.apply(gradients, federated.lr).norm.dispose();
        }
      },
    }));
    return { parameters, server, clients, end: () => [server, optimizer, ...parameters.values()].forEach((one) => one.dispose()) };
  }

  it.each(
    federated.cases.flatMap((one) => [
      { ...one, masked: false },
      { ...one, masked: true },
    ]),
  )('averages clients as torch does: $name (masked: $masked)', async ({ rate, momentum, proximal, clip, ends, norms, masked }) => {
    const { parameters, server, clients, end } = federatedClients(proximal, { rate, momentum, clip });
    let held = 0;
    for (const [round, expected] of ends.entries()) {
      const norm = server.round(clients, () => new Float32Array(), masked ? secureRound(1, round, clients.length, 0) : null);
      expect(relativeError(await norm.data<'float32'>(), [norms[round]!])).toBeLessThan(tolerances[backend]);
      norm.dispose();
      const found = await valuesOf(parameters);
      for (const [name, values] of Object.entries(expected))
        expect(relativeError(found.get(name)!, values), name).toBeLessThan(tolerances[backend]);
      if (round === 0) held = memory().numTensors;
      expect(memory().numTensors, `tensors after round ${round}`).toBe(held);
      // One more round goes on from a checkpoint's momentum as it would have gone on.
      if (round === 1) {
        const state = await hostTensors(server.state());
        server.dispose();
        server.restore(state);
      }
    }
    end();
  });

  it('does a round without a client that drops out, sees noise of the others, and gives a round up that too few are left of', async () => {
    const seedWith = (count: number) => {
      let seed = 0;
      while (secureRound(seed, 0, 3, 0.5).lost.size !== count) seed += 1;
      return secureRound(seed, 0, 3, 0.5);
    };
    const none = () => new Float32Array();
    const secure = seedWith(1);
    const left = federatedClients();
    const staying = left.clients.filter((_, at) => !secure.lost.has(at));
    const all = staying.reduce((sum, { weight }) => sum + weight, 0);
    left.server
      .round(
        staying.map((client) => ({ ...client, weight: client.weight / all })),
        none,
      )
      .dispose();
    const masked = federatedClients();
    masked.server.round(masked.clients, none, secure).dispose();
    const [expected, found] = [await valuesOf(left.parameters), await valuesOf(masked.parameters)];
    for (const [name, values] of expected) expect(relativeError(found.get(name)!, [...values]), name).toBeLessThan(1e-5);

    const seen = (await masked.server.looked([4, 5, 6]))!;
    expect(seen.clients.map(({ index, sent }) => [index, sent === null])).toEqual(
      [4, 5, 6].map((index, at) => [index, secure.lost.has(at)]),
    );
    expect(seen.error).toBeLessThan(3 / 2 ** 22);
    expect(relativeError(seen.sum!, seen.plain)).toBeLessThan(1e-4);
    for (const { sent, update } of seen.clients.filter((client) => client.sent !== null)) {
      expect(Math.max(...sent!.map(Math.abs))).toBeGreaterThan(0.3);
      expect(Math.max(...update.map(Math.abs))).toBeLessThan(0.2);
    }

    const before = await valuesOf(masked.parameters);
    const norm = masked.server.round(masked.clients, none, seedWith(2));
    expect([...(await norm.data())]).toEqual([0]);
    norm.dispose();
    expect(await valuesOf(masked.parameters)).toEqual(before);
    expect((await masked.server.looked([4, 5, 6]))!.sum).toBeNull();
    for (const { end } of [left, masked]) end();
  });

  it.each([
    ['AdamW, two groups and a frozen parameter', true],
    ['AdamW, two groups and a frozen parameter', false],
    ['AdamW, two groups, not clipped', true],
    ['AdamW, two groups, not clipped', false],
    ['Adam with L2', true],
    ['AdamW with a pull to the start', true],
    ['AdamW with a pull to the start', false],
    ['AdamW that decays towards the start', true],
    ['AdamW that decays towards the start', false],
    ['AdamW, a layer that joins late', true],
    ['AdamW, a layer that joins late', false],
    ['AdamW, a part of the elements', true],
    ['AdamW, a part of the elements', false],
  ])('follows torch: %s (fused: %s)', async (name, fused) => {
    const expected = fixture.cases.find((one) => one.name === name)!;
    const start = variablesOf(fixture.initial);
    const masks = expected.masks && variablesOf(expected.masks);
    const clip = expected.maxNorm > 0 ? clipByGlobalNorm(expected.maxNorm) : [];
    const pull = expected.anchor > 0 ? addGradients(penaltyGradient(start, { l2sp: expected.anchor })) : [];
    const transforms =
      name === 'Adam with L2'
        ? chain(clip, addDecayedWeights(0), scaleByAdam(fixture.settings), scaleByLearningRate())
        : chain(
            pull,
            masks ? maskUpdates(masks) : [],
            clip,
            adamw({ ...fixture.settings, weightDecay: 0 }, { towards: expected.pulled ? start : undefined, masks }),
          );
    const groups: ParameterGroup[] = [
      { includes: (parameter) => parameter.startsWith('frozen'), frozen: true },
      ...Object.entries(expected.groups).map(([prefix, own]) => ({
        includes: (parameter: string) => parameter.startsWith(prefix),
        ...own,
      })),
    ];
    const { norms, parameters, state } = await train(transforms, groups, fused, { ...(expected.joins ? { joins: expected.joins } : {}) });
    expect(relativeError(norms, expected.norms)).toBeLessThan(tolerances[backend]);
    for (const [parameter, values] of Object.entries(expected.parameters))
      expect(relativeError(parameters.get(parameter)!, values), parameter).toBeLessThan(tolerances[backend]);
    for (const slot of ['exp_avg', 'exp_avg_sq'] as const)
      for (const [parameter, values] of Object.entries(expected[slot]))
        expect(relativeError(state.get(`${slot}.${parameter}`)!, values), `${slot}.${parameter}`).toBeLessThan(tolerances[backend]);
    // A frozen parameter keeps its bits and has no moments.
    expect([...parameters.get('frozen.weight')!]).toEqual(fixture.initial['frozen.weight']!.map(Math.fround));
    expect([...state.keys()].filter((key) => key.includes('frozen'))).toEqual([]);
    // What the mask leaves out keeps its bits, whatever decays beside it; what joined late has made its own steps alone.
    for (const [parameter, mask] of Object.entries(expected.masks ?? {}))
      mask.forEach((trained, at) => {
        const [now, before] = [parameters.get(parameter)![at], Math.fround(fixture.initial[parameter]![at]!)];
        if (trained === 0) expect(now).toBe(before);
        else expect(now).not.toBe(before);
      });
    for (const [prefix, first] of Object.entries(expected.joins ?? {}))
      expect([...state.get(`step.${prefix}.weight`)!]).toEqual([fixture.lr.length - first]);
    for (const one of [...start.values(), ...(masks?.values() ?? [])]) one.dispose();
  });

  it('keeps the bits of a group whose learning rate is 0, in the kernel and out of it', async () => {
    const groups = [{ includes: (name: string) => name.startsWith('second'), lrScale: 0 }];
    for (const fused of [true, false]) {
      const { parameters, state } = await train(chain(adamw({ ...fixture.settings, weightDecay: 0.1 })), groups, fused);
      for (const name of ['second.weight', 'second.bias'])
        expect([...parameters.get(name)!], name).toEqual(fixture.initial[name]!.map(Math.fround));
      expect(relativeError(parameters.get('first.weight')!, fixture.initial['first.weight']!)).toBeGreaterThan(1e-3);
      expect(state.get('exp_avg.second.weight')!.some((value) => value !== 0)).toBe(true);
    }
  });

  it('holds weights by a penalty: its gradient by finite differences, and the known optimum of a quadratic loss', async () => {
    // L = ½‖θ − a‖² + λ/2 · Σ F (θ − θ₀)² + μ/2 · ‖θ − θ₀‖² is least at (a + (λF + μ) θ₀) / (1 + λF + μ).
    const [a, start, fisher, lambda, l2sp] = [[1, -2], [0.25, 3], [0.5, 4], 3, 0.5];
    const [anchor, held, fishers] = [start, [0, 0], fisher].map((values) => new Map([['x', variable(tensor(values))]]));
    const term = penaltyGradient(anchor!, { l2sp, ewc: { lambda, fisher: fishers! } });
    const value = (x: number, at: number) => ((lambda * fisher[at]! + l2sp) / 2) * (x - start[at]!) ** 2;
    const gradient = await term('x', held!.get('x')!)!.data();
    [0, 1].forEach((at) => expect(gradient[at]).toBeCloseTo((value(1e-4, at) - value(-1e-4, at)) / 2e-4, 4));
    expect(term('y', held!.get('x')!)).toBeNull();
    const optimizer = createOptimizer(held!, chain(addGradients(term), scaleByLearningRate()));
    for (let step = 0; step < 60; step++) {
      const pull = tidy(() => sub(held!.get('x')!, tensor(a)));
      optimizer.apply(new Map([['x', pull]]), 0.1).norm.dispose();
    }
    const found = await held!.get('x')!.data();
    a.forEach((target, at) => {
      const strength = lambda * fisher[at]! + l2sp;
      expect(found[at]).toBeCloseTo((target + strength * start[at]!) / (1 + strength), 4);
    });
    for (const one of [anchor, held, fishers]) one!.get('x')!.dispose();
  });

  it('ends every stage of online EWC at the optimum that numpy solves for', async () => {
    const { gamma, lambda, stages } = lifelong.ewc;
    const of = (values: readonly number[]) => new Map([['x', variable(tensor([...values]))]]);
    const held = of(stages[0]!.anchor);
    let carried = [{ name: 'x', shape: [2], data: Float32Array.from(stages[0]!.fisher) }];
    for (const { target, curvature, fisher, optimum } of stages) {
      expect(relativeError(carried[0]!.data, fisher)).toBeLessThan(1e-6);
      const [anchor, fishers, a, h] = [await held.get('x')!.data(), carried[0]!.data, target, curvature].map((values) => of([...values]));
      const term = penaltyGradient(anchor!, { ewc: { lambda, fisher: fishers! } });
      const optimizer = createOptimizer(held, chain(addGradients(term), scaleByLearningRate()));
      for (let step = 0; step < 400; step++) {
        const pull = tidy(() => mul(h!.get('x')!, sub(held.get('x')!, a!.get('x')!)));
        optimizer.apply(new Map([['x', pull]]), 0.1).norm.dispose();
      }
      expect(relativeError(await held.get('x')!.data<'float32'>(), optimum)).toBeLessThan(1e-4);
      carried = carryFisher(gamma, carried, [{ name: 'x', shape: [2], data: Float32Array.from(curvature) }]);
      for (const one of [anchor, fishers, a, h]) one!.get('x')!.dispose();
    }
    held.get('x')!.dispose();
  });

  it.each(['model', 'text'] as const)('takes the Fisher information that torch takes, labels of the %s', async (labels) => {
    const { rows, context, seed, ids, targets, cases, model: name } = await fixtureJson<FisherFixture>('fisher.json');
    const model = await loadModel(await tinyModelFiles(name));
    const random = new Rng(seed);
    const fisher = new FisherDiagonal(model);
    const drawn: number[] = [];
    for (let row = 0; row < rows; row++) {
      const part = (values: number[]) => Int32Array.from(values.slice(row * context, (row + 1) * context));
      const sequence = { rows: 1, context, ids: part(ids), targets: part(targets), channels: Int32Array.of(0) };
      if (labels === 'model') sequence.targets = await drawnLabels(model, sequence, () => random.uniform());
      drawn.push(...sequence.targets);
      fisher.add(sequence, row === 1);
    }
    expect(drawn).toEqual(cases[labels].labels);
    const mean = fisher.mean();
    fisher.dispose();
    for (const { name: parameter, data } of await hostTensors(mean)) {
      const { sum, first } = cases[labels].fisher[parameter]!;
      expect(Math.abs(data.reduce((total, one) => total + one, 0) / sum - 1), parameter).toBeLessThan(1e-3);
      expect(relativeError(data.slice(0, 6), first), parameter).toBeLessThan(1e-3);
    }
    for (const one of [model, ...mean.values()]) one.dispose();
  });

  // The transforms in float64: updates u by name, what they keep in `memo`.
  interface Model {
    u: Values;
    theta: Values;
    memo: Record<string, Values>;
    step: number;
    lr: number;
  }
  const each = ({ u }: Model, f: (value: number, name: string, at: number) => number) =>
    Object.fromEntries(Object.entries(u).map(([name, values]) => [name, values.map((value, at) => f(value, name, at))]));
  interface Drawn {
    label: string;
    transform: () => GradientTransform;
    truth: (model: Model, key: string) => Values;
  }
  const clip = (maxNorm: number): Drawn => ({
    label: `clip ${maxNorm}`,
    transform: () => clipByGlobalNorm(maxNorm),
    truth: (model) => {
      const norm = Math.hypot(...Object.values(model.u).flat());
      return each(model, (value) => value * Math.min(1, maxNorm / (norm + 1e-6)));
    },
  });
  const decay = (rate: number): Drawn => ({
    label: `decay ${rate}`,
    transform: () => addDecayedWeights(rate),
    truth: (model) => each(model, (value, name, at) => value + (name.endsWith('.weight') ? rate : 0) * model.theta[name]![at]!),
  });
  const penalty = (strength: number): Drawn => ({
    label: `penalty ${strength}`,
    transform: () => addGradients((name, parameter) => (name.startsWith('first') ? mul(parameter, strength) : null)),
    truth: (model) => each(model, (value, name, at) => value + (name.startsWith('first') ? strength : 0) * model.theta[name]![at]!),
  });
  const adam = (): Drawn => ({
    label: 'adam',
    transform: () => scaleByAdam({ beta1: 0.9, beta2: 0.95, epsilon: 1e-3 }),
    truth: (model, key) => {
      const zero = () => each(model, () => 0);
      const [m, v] = [(model.memo[`${key} m`] ??= zero()), (model.memo[`${key} v`] ??= zero())];
      return each(model, (value, name, at) => {
        m[name]![at] = 0.9 * m[name]![at]! + 0.1 * value;
        v[name]![at] = 0.95 * v[name]![at]! + 0.05 * value * value;
        return m[name]![at] / (1 - 0.9 ** model.step) / (Math.sqrt(v[name]![at] / (1 - 0.95 ** model.step)) + 1e-3);
      });
    },
  });
  const rate = (): Drawn => ({
    label: 'rate',
    transform: () => scaleByLearningRate(),
    truth: (model) => each(model, (value) => -model.lr * value),
  });
  const strength = fc.constantFrom(0.02, 0.1, 0.5);
  const middle = fc.oneof(
    strength.map((value) => clip(10 * value)),
    strength.map(decay),
    strength.map(penalty),
  );
  // At most one Adam: it has one pair of moments for each parameter.
  const drawnChain = fc
    .tuple(fc.array(middle, { maxLength: 3 }), fc.boolean(), fc.array(middle, { maxLength: 2 }))
    .map(([before, withAdam, after]) => [...before, ...(withAdam ? [adam()] : []), ...after, rate()]);

  it('runs a chain in its order, in the kernel and out of it', async () => {
    await fc.assert(
      fc.asyncProperty(drawnChain, fc.boolean(), async (drawn, fused) => {
        const theta: Values = structuredClone(fixture.initial);
        const memo: Model['memo'] = {};
        for (const [at, lr] of fixture.lr.entries()) {
          const first: Model = { u: fixture.gradients[at]!, theta, memo, step: at + 1, lr };
          const { u } = drawn.reduce((model, { truth }, place) => ({ ...model, u: truth(model, String(place)) }), first);
          for (const [name, values] of Object.entries(u)) theta[name] = theta[name]!.map((value, place) => value + values[place]!);
        }
        const { parameters } = await train(chain(...drawn.map(({ transform }) => transform())), [], fused);
        for (const [name, values] of Object.entries(theta))
          expect(relativeError(parameters.get(name)!, values), `${name}: ${drawn.map(({ label }) => label).join(' → ')}`).toBeLessThan(
            10 * tolerances[backend],
          );
      }),
      { numRuns: backend === 'webgpu' ? 6 : 25, seed: 11 },
    );
  });

  it('is one chain however it is bracketed', () => {
    const [a, b, c] = [clipByGlobalNorm(1), scaleByAdam(fixture.settings), scaleByLearningRate()];
    for (const made of [chain(chain(a, b), c), chain(a, chain(b, c)), chain(chain(a), [b, c])]) expect(made).toEqual([a, b, c]);
  });

  it('goes on from a stored state to the same bits, with groups', async () => {
    const groups = [{ includes: (name: string) => name.startsWith('second'), lrScale: 0.25, weightDecay: 0.01 }];
    const make = (parameters: Map<string, Variable>) =>
      createOptimizer(parameters, chain(clipByGlobalNorm(0.5), adamw({ ...fixture.settings, weightDecay: 0.1 })), groups);
    const step = (optimizer: ReturnType<typeof make>, at: number) => optimizer.apply(gradientsAt(at), fixture.lr[at]!).norm.dispose();
    const straight = variablesOf(fixture.initial);
    const first = make(straight);
    for (const at of [0, 1, 2]) step(first, at);
    const stored = await hostTensors(first.state());
    const resumed = variablesOf(Object.fromEntries((await hostTensors(straight)).map(({ name, data }) => [name, [...data]])));
    const second = make(resumed);
    second.restore(first.steps, stored);
    for (const at of [3, 4]) for (const optimizer of [first, second]) step(optimizer, at);
    expect(await valuesOf(resumed)).toEqual(await valuesOf(straight));
    expect(await valuesOf(second.state())).toEqual(await valuesOf(first.state()));
    expect(() => second.restore(1, [{ name: 'momentum.first.bias', shape: [3], data: new Float32Array(3) }])).toThrow(
      'momentum.first.bias',
    );
    for (const one of [first, second, ...straight.values(), ...resumed.values()]) one.dispose();
  });

  it('refuses loss scaling that is out of order, and a gradient of no parameter', () => {
    const parameters = variablesOf(fixture.initial);
    const [scaling, end] = [dynamicLossScale(fixture.settings), adamw({ ...fixture.settings, weightDecay: 0 })];
    expect(() => createOptimizer(parameters, chain(clipByGlobalNorm(1), scaling, end))).toThrow('clipByGlobalNorm is out of order');
    expect(() =>
      createOptimizer(
        parameters,
        chain(
          scaling,
          addGradients(() => null),
          end,
        ),
      ),
    ).toThrow('dynamicLossScale is out of order');
    const stray = tensor([1]);
    expect(() => createOptimizer(parameters, end).apply(new Map([['stray', stray]]), 1)).toThrow('"stray", which is not a parameter');
    for (const one of [stray, ...parameters.values()]) one.dispose();
  });
});

describe('loss scaling with a term, on webgpu', () => {
  it.each([false, true])(
    'scales the term as the loss: the same weights as without scaling (decay towards the start: %s)',
    async (pulled) => {
      await openBackend({ backend: 'webgpu', threads: 1, requireHardware: false });
      const { settings, gradients, initial, shapes, lr } = await fixtureJson<Fixture>('optimizers.json');
      const start = new Map(Object.entries(initial).map(([name, data]) => [name, tensor(data, shapes[name])]));
      const trained = [false, true].map((scaled) => {
        const parameters = new Map(Object.entries(initial).map(([name, data]) => [name, variable(tensor(data, shapes[name]), true)]));
        const transforms = chain(
          addGradients((_, parameter) => mul(parameter, 0.3)),
          scaled ? dynamicLossScale(settings) : [],
          clipByGlobalNorm(0.5),
          adamw({ ...settings, weightDecay: 0.1 }, { towards: pulled ? start : undefined }),
        );
        const optimizer = createOptimizer(parameters, transforms, [{ includes: (name) => name.startsWith('second'), lrScale: 0.25 }]);
        for (const [at, rate] of lr.entries()) {
          const made = Object.entries(gradients[at]!).map(([name, data]): [string, Tensor] => {
            const plain = tensor(data, shapes[name]);
            return [name, optimizer.lossScale ? mul(plain, optimizer.lossScale) : plain];
          });
          const { norm, scaling } = optimizer.apply(new Map(made), rate);
          norm.dispose();
          scaling?.dispose();
        }
        return parameters;
      });
      const [plain, scaled] = await Promise.all(trained.map((parameters) => hostTensors(parameters)));
      for (const [at, { name, data }] of plain!.entries())
        expect(relativeError(scaled![at]!.data, data), name).toBeLessThan(pulled ? 1e-4 : 1e-5);
    },
  );
});

interface LayersFixture {
  model: string;
  layerDecay: number;
  lr: number;
  settings: AdamSettings & { weightDecay: number; maxGradNorm: number };
  rows: number;
  context: number;
  ids: number[];
  targets: number[];
  losses: number[];
  /** ‖θ − θ₀‖ by parameter. */
  moved: Record<string, number>;
  /** Of the attention, by layer. */
  divergence: number[];
}

describe.each(['wasm', 'webgpu'] as const)('a learning rate that falls from layer to layer, on %s', (backend) => {
  it('trains as torch with a group a layer, and moves the attention as far (make_layer_fixtures.py)', async () => {
    await openBackend({ backend, threads: 1, requireHardware: false });
    const fixture = await fixtureJson<LayersFixture>('layers.json');
    const { rows, context, layerDecay, settings, lr } = fixture;
    const load = async () => loadModel(await tinyModelFiles(fixture.model));
    const [model, base] = [await load(), await load()];
    const [ids, targets] = [Int32Array.from(fixture.ids), Int32Array.from(fixture.targets)];
    const sample = await attentionSample(model, base, [fixture.ids.slice(0, context)]);
    const channels = [{ id: 'all', corpus: 'all', role: 'general' as const, share: 1 }];
    const recipe = {
      channels,
      optimizer: { ...settings, layerDecay },
      activationCheckpointing: false,
      precision: 'f32' as const,
      budget: { steps: 4 },
    };
    const trained = new EngineModel(model, recipe, true);
    const dropout = { rate: 0, seed: 1, step: 0 };
    for (const loss of fixture.losses) {
      const batch = { rows, context, ids, targets, channels: new Int32Array(rows) };
      const [sums] = await trained.read([trained.step([batch], { lr, dropout })]);
      expect(Math.abs(sums!.nll[0]! / sums!.tokens[0]! / loss - 1)).toBeLessThan(tolerances[backend]);
    }
    const [now, before] = [await hostTensors(model.parameters), await hostTensors(base.parameters)];
    for (const [at, { name, data }] of now.entries()) {
      const way = Math.hypot(...data.map((value, index) => value - before[at]!.data[index]!));
      expect(Math.abs(way / fixture.moved[name]! - 1), name).toBeLessThan(1e-3);
    }
    const divergence = await sample.divergence(
      async () => true,
      (work) => work(),
    );
    divergence!.forEach((value, layer) => expect(Math.abs(value / fixture.divergence[layer]! - 1)).toBeLessThan(1e-3));

    // With the lower layers frozen the others have the gradients that they have in the whole model, and less is held for them.
    const batch = { rows, context, ids, targets, channels: new Int32Array(rows) };
    const gradientsOf = async (recompute: boolean) => {
      const { gradients, sums } = trainingGradients(base, [batch, batch], {
        channels: 1,
        recompute,
        dropout: { rate: 0.1, seed: 2, step: 3 },
      });
      const values = new Map((await hostTensors(gradients)).map(({ name, data }) => [name, data]));
      for (const one of [...gradients.values(), sums]) one.dispose();
      return values;
    };
    const whole = await gradientsOf(false);
    const upper = [...base.parameters.keys()].filter((name) => !name.includes('.layers.0.') && !name.includes('embed'));
    base.freezeAllBut(new Set(upper));
    expect(base.frozenLayers).toBe(1);
    const held = memory().numTensors;
    for (const recompute of [false, true]) {
      const part = await gradientsOf(recompute);
      expect([...part.keys()]).toEqual(upper);
      for (const [name, data] of part) expect(relativeError(data, whole.get(name)!), name).toBeLessThan(backend === 'wasm' ? 1e-12 : 1e-6);
    }
    expect(memory().numTensors).toBe(held);
    trained.dispose();
    base.dispose();
  });
});
