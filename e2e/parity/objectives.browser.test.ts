/** Objectives that are not the next token, against transformers and torch (make_objective_fixtures.py). */
import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostTensors, loadModel, openBackend, trainingGradients, type Batch, type DecoderModel } from '../../workers/engine';
import { contrastiveObjective } from '../../workers/engine/model/contrastive';
import { maskedObjective, PADDING } from '../../workers/engine/model/masked';
import { relativeError } from './op-cases';
import { fixtureJson, tinyModelFiles } from './fixtures';

interface Losses {
  gradients: Record<string, number[]>;
}
interface Fixture {
  rows: number;
  context: number;
  whole: number[];
  ids: number[];
  targets: number[];
  padded: number[];
  masked: Losses & { nll: number[]; loss: number };
  joint: Losses & { alpha: number; mlm: number; clm: number; loss: number };
  texts: { rows: number; context: number; ids: number[]; lengths: number[] };
  mean: Losses & { losses: number[]; alignment: number; uniformity: number };
  last: Losses & { losses: number[]; alignment: number; uniformity: number };
}

const fixture = await fixtureJson<Fixture>('objectives.json');
const tolerances = { wasm: 1e-5, webgpu: 1e-3 } as const;

describe.each(['wasm', 'webgpu'] as const)('objectives on %s', (backend) => {
  const tolerance = tolerances[backend];
  let model: DecoderModel;
  beforeAll(async () => {
    await openBackend({ backend, threads: 1, requireHardware: false });
    model = await loadModel(await tinyModelFiles('families/olmo2'));
  });
  afterAll(() => model.dispose());

  async function check(batch: Batch, truth: Losses): Promise<{ loss: number; figures: Record<string, number> }> {
    const before = memory().numTensors;
    const { gradients, sums, figures } = trainingGradients(model, [batch], { channels: 1 });
    const found = new Map((await hostTensors(gradients)).map(({ name, data }) => [name, data]));
    for (const [name, values] of Object.entries(truth.gradients))
      expect(relativeError(found.get(name)!, values), name).toBeLessThan(tolerance);
    const [total, count] = await sums.data();
    const said = figures.named(await Promise.all(figures.tensors.map(async (tensor) => (await tensor.data())[0]!)));
    for (const tensor of [...gradients.values(), sums]) tensor.dispose();
    figures.dispose();
    expect(memory().numTensors).toBe(before);
    return {
      loss: total! / count!,
      figures: Object.fromEntries(Object.entries(said).map(([name, { sum, count: of }]) => [name.slice(2), sum / of])),
    };
  }

  const masked = (alpha: number): Batch => ({
    ...{ rows: fixture.rows, context: fixture.context, channels: new Int32Array(fixture.rows) },
    ids: Int32Array.from(fixture.ids),
    targets: Int32Array.from(fixture.targets),
    documents: Int32Array.from(fixture.padded, (padded) => (padded ? PADDING : 0)),
    objective: maskedObjective(alpha),
  });

  it("tells hidden tokens from both sides by a decoder's weights", async () => {
    const { loss } = await check(masked(0), fixture.masked);
    expect(Math.abs(loss - fixture.masked.loss)).toBeLessThan(tolerance * fixture.masked.loss);
  });

  it('adds the loss of the next token, (1 − α) · MLM + α · CLM', async () => {
    const { alpha, mlm, clm, loss: truth } = fixture.joint;
    const { loss, figures } = await check(masked(alpha), fixture.joint);
    expect(Math.abs(loss - truth)).toBeLessThan(tolerance * truth);
    expect(Math.abs(figures['mlm']! - mlm)).toBeLessThan(tolerance * mlm);
    expect(Math.abs(figures['clm']! - clm)).toBeLessThan(tolerance * clm);
  });

  it.each(['mean', 'last'] as const)('draws views together and texts apart, pooled by %s', async (pooling) => {
    const { rows, context, ids, lengths } = fixture.texts;
    const batch: Batch = {
      ...{ rows, context, channels: new Int32Array(rows) },
      ids: Int32Array.from(ids),
      targets: Int32Array.from(ids, (_, at) => (at % (3 * context) === 0 ? 0 : -1)),
      documents: Int32Array.from(ids, (_, at) => (at % context < lengths[Math.floor(at / context)]! ? 0 : PADDING)),
      objective: contrastiveObjective(0.05, pooling, 3),
    };
    const truth = fixture[pooling];
    const { loss, figures } = await check(batch, truth);
    const mean = truth.losses.reduce((sum, value) => sum + value, 0) / truth.losses.length;
    // Similarities are multiplied by 20.
    expect(Math.abs(loss - mean)).toBeLessThan(20 * tolerance * mean);
    expect(Math.abs(figures['alignment']! - truth.alignment)).toBeLessThan(20 * tolerance);
    expect(Math.abs(figures['uniformity']! - truth.uniformity)).toBeLessThan(20 * tolerance);
  });
});
