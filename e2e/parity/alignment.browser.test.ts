/** Losses, gradients and advantages of learning from preferences and rewards against TRL (make_alignment_fixtures.py). */
import { engine, memory, tensor, tensor1d } from '@tensorflow/tfjs-core';
import type { Tensor1D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { FigureSums, generate, loadModel, sampleAnswers, openBackend, trainingGradients, type DecoderModel } from '../../workers/engine';
import { evaluationSums } from '../../workers/engine/model/loss';
import {
  adaptedKl,
  advantagesOf,
  groupAdvantages,
  klLosses,
  lossScale,
  policyLosses,
  targetLogps,
  tokenRewards,
  valueLosses,
  type PolicyMean,
} from '../../workers/engine/model/policy';
import { dpoMargins, marginLosses, placed } from '../../workers/engine/model/preference';
import { examplesOfPairs } from '../../workers/runtime/pair-examples';
import { exampleBatches } from '../../workers/runtime/examples';
import { fixtureJson, tinyModelFiles } from './fixtures';
import { relativeError } from './op-cases';

interface Alignment {
  mask: number[][];
  dpo: { numbers: number[][]; cases: { beta: number; labelSmoothing: number; losses: number[]; gradients: number[][] }[] };
  reward: { scores: number[][]; cases: { margin: number; loss: number; gradients: number[][] }[] };
  ppo: Record<'old' | 'ref' | 'values' | 'scores' | 'rewards' | 'kl' | 'advantages' | 'returns' | 'new' | 'predicted', number[]> & {
    klCoefficient: number;
    gamma: number;
    lambda_: number;
    clip: number;
    valueClip: number;
    valueCoefficient: number;
    policyLoss: number;
    valueLoss: number;
    gradients: number[][];
    adaptive: { kl: number; answers: number; value: number }[];
  };
  grpo: Record<'rewards' | 'old' | 'ref' | 'new' | 'advantages', number[]> & {
    scaled: Record<'group' | 'none' | 'batch', number[]>;
    maxLength: number;
    cases: { loss: PolicyMean | 'bnpo'; beta: number; low: number; high: number; value: number; gradient: number[]; kl?: number }[];
  };
  models: Record<'dpo' | 'reward', { losses: number[]; margins: number[]; gradients: Record<string, [norm: number, product: number]> }> & {
    model: string;
    rows: number[][];
    prompts: number[];
    scoreMargins: number[];
    beta: number;
    labelSmoothing: number;
  };
}

let fixture: Alignment;
beforeAll(async () => {
  fixture = await fixtureJson('alignment.json');
});

/** Losses by element, and the gradient of Σ weight · loss by each input. */
async function look(inputs: readonly number[][], losses: (...given: Tensor1D[]) => Tensor1D, weights: readonly number[]) {
  const given = inputs.map((values) => tensor1d(values, 'float32'));
  const dy = tensor1d([...weights], 'float32');
  const { value, grads } = engine().gradients(() => losses(...given), given, dy);
  const read = { losses: Array.from(await value.data()), gradients: await Promise.all(grads.map((one) => one.data())) };
  for (const tensor of [...given, dy, value, ...grads]) tensor.dispose();
  return read;
}

const flat = (mask: number[][]) => Uint8Array.from(mask.flat());
const alike = (values: number[]) => values.map(() => 1 / values.length);
const dot = (values: number[], weights: number[]) => values.reduce((sum, value, at) => sum + value * weights[at]!, 0);
const tolerances = { cpu: 1e-5, wasm: 1e-5, webgpu: 1e-4 } as const;

describe.each(['cpu', 'wasm', 'webgpu'] as const)('alignment on %s', (backend) => {
  const tolerance = tolerances[backend];
  let before = 0;
  beforeAll(async () => {
    await openBackend({ backend, threads: 1, requireHardware: false });
    before = memory().numTensors;
  });

  it('has the losses of DPO and of a reward model, with their gradients', async () => {
    const { dpo, reward } = fixture;
    const [chosen, rejected, refChosen, refRejected] = dpo.numbers as [number[], number[], number[], number[]];
    const reference = tensor1d(refChosen.map((value, at) => value - refRejected[at]!));
    // Each answer's log p in two tokens, the rows of a pair one after the other, and the loss at the first row's second place.
    const nll = chosen.flatMap((one, at) => [-one / 4, (-3 * one) / 4, -rejected[at]! / 2, -rejected[at]! / 2]);
    const places = tensor1d(chosen.flatMap(() => [0, 1, 0, 0]));
    for (const { beta, labelSmoothing, losses, gradients } of dpo.cases) {
      const weights = nll.map(() => 1 / losses.length);
      const own = await look([nll], (x) => placed(marginLosses(dpoMargins(x, reference, beta), labelSmoothing), places), weights);
      expect(
        relativeError(
          own.losses,
          losses.flatMap((loss) => [0, loss, 0, 0]),
        ),
      ).toBeLessThan(tolerance);
      const byToken = gradients[0]!.flatMap((one, at) => [-one, -one, -gradients[1]![at]!, -gradients[1]![at]!]);
      expect(relativeError(own.gradients[0]!, byToken)).toBeLessThan(tolerance);
    }
    for (const tensor of [reference, places]) tensor.dispose();
    for (const { margin, loss, gradients } of reward.cases) {
      const ahead = reward.scores[0]!.map((one, at) => one - reward.scores[1]![at]! - margin);
      const own = await look([ahead], (x) => marginLosses(x), alike(ahead));
      expect(Math.abs(dot(own.losses, alike(ahead)) / loss - 1)).toBeLessThan(tolerance);
      expect(relativeError(own.gradients[0]!, gradients[0]!)).toBeLessThan(tolerance);
      expect(
        relativeError(
          own.gradients[0]!.map((one) => -one),
          gradients[1]!,
        ),
      ).toBeLessThan(tolerance);
    }
    expect(memory().numTensors).toBe(before);
  });

  it('has the losses of PPO, with their gradients', async () => {
    const { ppo, mask } = fixture;
    const weights = flat(mask).reduce<number[]>((all, one) => [...all, one], []);
    const tokens = weights.reduce((sum, one) => sum + one, 0);
    const mean = weights.map((one) => one / tokens);
    const [old, advantages, values, returns] = [ppo.old, ppo.advantages, ppo.values, ppo.returns].map((one) => tensor1d(one)) as [
      Tensor1D,
      Tensor1D,
      Tensor1D,
      Tensor1D,
    ];
    const policy = await look([ppo.new], (x) => policyLosses(x, old, advantages, { low: ppo.clip, high: ppo.clip }), mean);
    expect(Math.abs(dot(policy.losses, mean) / ppo.policyLoss - 1)).toBeLessThan(10 * tolerance);
    expect(relativeError(policy.gradients[0]!, ppo.gradients[0]!)).toBeLessThan(tolerance);
    const value = await look([ppo.predicted], (x) => valueLosses(x, values, returns, ppo.valueClip), mean);
    expect(Math.abs((ppo.valueCoefficient * dot(value.losses, mean)) / ppo.valueLoss - 1)).toBeLessThan(tolerance);
    const scaled = value.gradients[0]!.map((one) => one * ppo.valueCoefficient);
    expect(relativeError(scaled, ppo.gradients[1]!)).toBeLessThan(tolerance);
    for (const tensor of [old, advantages, values, returns]) tensor.dispose();
    expect(memory().numTensors).toBe(before);
  });

  it('has the losses of GRPO by each mean, with their gradients', async () => {
    const { grpo, mask } = fixture;
    const answers = { rows: mask.length, context: mask[0]!.length, mask: flat(mask) };
    const tokens = answers.mask.reduce((sum, one) => sum + one, 0);
    const byToken = Float32Array.from(answers.mask, (_, at) => grpo.advantages[Math.floor(at / answers.context)]!);
    const [old, ref, advantages] = [tensor1d(grpo.old), tensor1d(grpo.ref), tensor1d(byToken)];
    for (const { loss, beta, low, high, value, gradient, kl } of grpo.cases) {
      const weights = mask.flatMap((row) => {
        const own = row.reduce((sum, one) => sum + one, 0);
        const scale = lossScale(loss === 'bnpo' ? 'dapo' : loss, { answers: answers.rows, tokens, own, longest: grpo.maxLength });
        return row.map((one) => (one * scale) / tokens);
      });
      const policy = await look([grpo.new], (x) => policyLosses(x, old, advantages, { low, high }), weights);
      const held = await look([grpo.new], (x) => klLosses(x, ref), weights);
      expect(dot(policy.losses, weights) + beta * dot(held.losses, weights)).toBeCloseTo(value, 5);
      const both = policy.gradients[0]!.map((one, at) => one + beta * held.gradients[0]![at]!);
      expect(relativeError(both, gradient)).toBeLessThan(tolerance);
      if (kl !== undefined)
        expect(
          dot(
            held.losses,
            Array.from(answers.mask, (one) => one / tokens),
          ),
        ).toBeCloseTo(kl, 4);
    }
    for (const tensor of [old, ref, advantages]) tensor.dispose();
    expect(memory().numTensors).toBe(before);
  });
});

/** A tiny model, with 0.05 cos(1.3 i + 1) added to element i of each parameter where it is the reference. */
async function tinyModel(name: string, isReference: boolean): Promise<DecoderModel> {
  const model = await loadModel(await tinyModelFiles(name));
  for (const parameter of isReference ? model.parameters.values() : []) {
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

describe.each(['wasm', 'webgpu'] as const)('whole models on %s', (backend) => {
  it.each(['dpo', 'reward'] as const)('has losses, margins and gradients of %s, however the pairs fall into batches', async (kind) => {
    await openBackend({ backend, threads: 1, requireHardware: false });
    const { models } = fixture;
    const [model, base] = [await tinyModel(models.model, false), await tinyModel(models.model, true)];
    if (kind === 'reward') {
      const size = model.config.hidden;
      model.addHead(
        'score.weight',
        1,
        Float32Array.from({ length: size }, (_, at) => 0.3 * Math.sin(1.1 * at)),
      );
    }
    const before = memory().numTensors;
    const expected = models[kind];
    const pairs = expected.losses.map((_, at) => ({
      ids: [models.rows[2 * at]!, models.rows[2 * at + 1]!] as [number[], number[]],
      prompt: models.prompts[2 * at]!,
      margin: models.scoreMargins[at]!,
    }));
    const options = kind === 'dpo' ? { kind, beta: models.beta, labelSmoothing: models.labelSmoothing } : { kind, margin: true };
    const examples = examplesOfPairs(pairs, options);
    const draws = pairs.map((_, index) => ({ index, seed: 0 }));
    for (const rows of backend === 'wasm' ? [4, 2] : [4]) {
      const batches = exampleBatches(examples, draws, { rows, context: 12, channel: 0 });
      expect(batches).toHaveLength(4 / rows);
      for (const batch of batches) await batch.objective!.prepare?.(batch, { model, base, seed: 0, step: 0, scorers: new Map() });
      const figures = new FigureSums();
      const losses: number[] = [];
      for (const batch of batches) {
        const sums = evaluationSums(model, batch, 1, figures);
        losses.push((await sums.data())[0]!);
        sums.dispose();
      }
      expect(losses.reduce((sum, loss) => sum + loss, 0)).toBeCloseTo(expected.losses[0]! + expected.losses[1]!, 4);
      const said = await Promise.all(figures.tensors.map(async (sum) => (await sum.data())[0]!));
      const right = expected.margins.filter((margin) => margin > 0).length;
      const margin = expected.margins[0]! + expected.margins[1]!;
      const named = figures.named(said);
      expect(named['0/accuracy']).toEqual({ sum: right, count: 2 });
      expect(named['0/margin']!.count).toBe(2);
      expect(Math.abs(named['0/margin']!.sum - margin)).toBeLessThan(tolerances[backend] * 10);
      figures.dispose();
      const step = trainingGradients(model, batches, { channels: 1 });
      const scale = Math.hypot(...Object.values(expected.gradients).map(([norm]) => norm));
      for (const [name, [norm, product]] of Object.entries(expected.gradients)) {
        const values = await step.gradients.get(name)!.data<'float32'>();
        const along = values.reduce((sum, value, at) => sum + value * Math.cos(0.7 * at), 0);
        const apart = Math.max(Math.abs(Math.hypot(...values) - norm), Math.abs(along - product));
        expect(apart / scale, name).toBeLessThan(10 * tolerances[backend]);
      }
      for (const one of [...step.gradients.values(), step.sums, step.figures]) one.dispose();
      expect(memory().numTensors).toBe(before);
    }
    for (const held of [model, base]) held.dispose();
  });
});

it('samples answers side by side as it writes each alone, with the log-probabilities of a forward pass', async () => {
  await openBackend({ backend: 'wasm', threads: 1, requireHardware: false });
  const model = await tinyModel('tiny-tied', false);
  const before = memory().numTensors;
  const prompts = [
    [4, 9, 12, 7, 3],
    [60, 61],
    [5, 6, 8],
  ];
  const temperature = 0.7;
  const options = { temperature, maxTokens: 9, stop: new Set([3, 50]), vocabulary: 160, seed: (row: number) => 40 + row };
  const answers = await sampleAnswers(model, prompts, options);
  for (const [row, { ids, logps, entropies }] of answers.entries()) {
    const alone = await generate(
      model,
      prompts[row]!,
      { temperature, topK: 0, topP: 1, seed: 40 + row, maxTokens: 9, stop: [] },
      () => undefined,
    );
    expect(ids).toEqual(alone.ids.slice(0, ids.length));
    expect(ids.length === 9 || options.stop.has(ids.at(-1)!)).toBe(true);
    expect(entropies).toHaveLength(ids.length);
    const whole = [...prompts[row]!, ...ids];
    const targets = Int32Array.from(whole, (_, at) => (at < prompts[row]!.length - 1 ? -1 : (whole[at + 1] ?? -1)));
    const batch = { rows: 1, context: whole.length, ids: Int32Array.from(whole), targets, channels: new Int32Array(1) };
    const forward = (await targetLogps(model, batch, temperature)).filter((_, at) => targets[at]! >= 0);
    forward.forEach((logp, at) => expect(logp).toBeCloseTo(logps[at]!, 4));
  }
  expect(memory().numTensors).toBe(before);
  model.dispose();
});

describe('advantages', () => {
  it('has the rewards, advantages and returns of PPO, and its adaptive weight of the KL', () => {
    const { ppo, mask } = fixture;
    const answers = { rows: mask.length, context: mask[0]!.length, mask: flat(mask) };
    const [old, ref, values] = [ppo.old, ppo.ref, ppo.values].map((one) => Float32Array.from(one)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const rewards = tokenRewards(answers, old, ref, ppo.scores, ppo.klCoefficient);
    expect(relativeError(rewards, ppo.rewards)).toBeLessThan(1e-5);
    const { advantages, returns } = advantagesOf(answers, rewards, values, { gamma: ppo.gamma, lambda: ppo.lambda_ });
    expect(relativeError(advantages, ppo.advantages)).toBeLessThan(1e-5);
    const masked = ppo.returns.map((value, at) => value * answers.mask[at]!);
    expect(relativeError(returns, masked)).toBeLessThan(1e-5);
    let weight = ppo.klCoefficient;
    for (const { kl, answers: count, value } of ppo.adaptive) {
      weight = adaptedKl(weight, kl, count, { target: 6, horizon: 100 });
      expect(weight).toBeCloseTo(value, 12);
    }
  });

  it('has those of GRPO, each way of scaling', () => {
    const { rewards, scaled } = fixture.grpo;
    for (const scale of ['group', 'batch', 'none'] as const)
      groupAdvantages(rewards, 4, scale).forEach((advantage, at) => expect(advantage).toBeCloseTo(scaled[scale][at]!, 5));
  });
});
