/**
 * Rows of a step in one batch or in many: the same losses, norms and weights, and those of torch over all of them (make_fixtures.py), with the
 * mean over all tokens as the objective and with weights of the channels (of three, of which two are there).
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Recipe } from '../../src/core/recipe/schema';
import { hostTensors, loadModel, openBackend } from '../../workers/engine';
import { EngineModel } from '../../workers/runtime/engine-model';
import type { TokenBatch } from '../../workers/runtime/trainable-model';
import { fixtureJson, tinyModelFiles } from './fixtures';

interface Fixture {
  model: string;
  /** Weights of the channels in the objective. */
  objective?: number[];
  rows: number;
  context: number;
  settings: Recipe['optimizer'];
  lr: number;
  ids: number[];
  targets: number[];
  channels: number[];
  steps: { loss: number; norm: number; channels: number[] }[];
  weights: Record<string, number[]>;
}

/** The rows in micro-batches of `rows`. */
function cut({ context, ids, targets, channels, ...all }: Fixture, rows: number): TokenBatch[] {
  return Array.from({ length: all.rows / rows }, (_, micro) => {
    const tokens = [micro * rows * context, (micro + 1) * rows * context] as const;
    return {
      rows,
      context,
      ids: Int32Array.from(ids.slice(...tokens)),
      targets: Int32Array.from(targets.slice(...tokens)),
      channels: Int32Array.from(channels.slice(micro * rows, (micro + 1) * rows)),
    };
  });
}

async function train(fixture: Fixture, rows: number, objective = fixture.objective) {
  const decoder = await loadModel(await tinyModelFiles(fixture.model));
  const channels = (objective ?? [0, 1]).map((_, id) => ({ id: String(id), corpus: 'c', role: 'general' as const, share: 0.5 }));
  const model = new EngineModel(
    decoder,
    { channels, optimizer: fixture.settings, activationCheckpointing: false, precision: 'f32', budget: { steps: 1 } },
    true,
  );
  const steps = [];
  for (const step of fixture.steps.keys())
    steps.push(
      ...(await model.read([model.step(cut(fixture, rows), { lr: fixture.lr, weights: objective, dropout: { rate: 0, seed: 1, step } })])),
    );
  const weights = new Map((await hostTensors(decoder.parameters)).map(({ name, data }) => [name, data]));
  model.dispose();
  return { steps, weights };
}

const apart = (a: number, b: number) => Math.abs(a - b) / Math.max(Math.abs(b), 1e-12);

/** What adds up batches is the same on every backend: on the slow one a case is enough. */
describe.each<{ backend: 'cpu' | 'wasm'; names: string[]; parts: number[]; weighed: string[] }>([
  { backend: 'cpu', names: ['objective'], parts: [2], weighed: [] },
  { backend: 'wasm', names: ['accumulation', 'objective'], parts: [2, 1], weighed: ['accumulation'] },
])('accumulation on $backend', ({ backend, names, parts: sizes, weighed }) => {
  beforeAll(async () => {
    await openBackend({ backend, threads: 1, requireHardware: false });
  });

  it.each(weighed)('weighs channels by their tokens to the loss without weights: %s', async (name) => {
    const fixture = await fixtureJson<Fixture>(`${name}.json`);
    const plain = await train(fixture, 8);
    const { tokens } = plain.steps[0]!;
    const all = tokens[0]! + tokens[1]!;
    const parts = await train(
      fixture,
      2,
      tokens.map((count) => count / all),
    );
    parts.steps.forEach(({ gradNorm }, step) => expect(apart(gradNorm, plain.steps[step]!.gradNorm)).toBeLessThan(1e-5));
    for (const [name, data] of parts.weights)
      data.forEach((value, at) => expect(Math.abs(value - plain.weights.get(name)![at]!), name).toBeLessThan(1e-6));
  });

  it.each(names)('gives what one batch gives, in 20 steps: %s', async (name) => {
    const fixture = await fixtureJson<Fixture>(`${name}.json`);
    const whole = await train(fixture, 8);
    fixture.steps.forEach(({ loss, norm, channels }, step) => {
      const { nll, tokens, gradNorm } = whole.steps[step]!;
      expect(apart((nll[0]! + nll[1]!) / (tokens[0]! + tokens[1]!), loss), `loss of step ${step}`).toBeLessThan(1e-5);
      channels.forEach((value, channel) => expect(apart(nll[channel]! / tokens[channel]!, value)).toBeLessThan(1e-5));
      expect(apart(gradNorm, norm), `norm of step ${step}`).toBeLessThan(1e-4);
    });
    for (const [name, values] of Object.entries(fixture.weights))
      values.forEach((value, at) => expect(Math.abs(whole.weights.get(name)![at]! - value), name).toBeLessThan(1e-4));

    for (const rows of sizes) {
      const parts = await train(fixture, rows);
      parts.steps.forEach(({ nll, tokens, gradNorm }, step) => {
        const truth = whole.steps[step]!;
        expect(tokens).toEqual(truth.tokens);
        nll.forEach((value, channel) => expect(Math.abs(value - truth.nll[channel]!) / Math.max(1, tokens[channel]!)).toBeLessThan(1e-6));
        expect(apart(gradNorm, truth.gradNorm)).toBeLessThan(1e-5);
      });
      for (const [name, data] of parts.weights)
        data.forEach((value, at) => expect(Math.abs(value - whole.weights.get(name)![at]!), name).toBeLessThan(1e-6));
    }
  });
});
