/** Measures through the real trainer worker, on a tiny model that trained for a moment. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Probe } from '../../src/core/probes/probe';
import { createWorkerClient, type WorkerClient } from '../../src/lab/worker-client';
import type { TrainerApi } from '../../src/contract/training';
import type { WeightsRef } from '../../src/contract/evaluation';
import { clearOut, furnish, MODEL, studioRecipe } from '../train/fixtures/tiny-studio';

const quiet = () => undefined;
const channels = [
  { id: 'general', corpus: 'tiny-general', role: 'general' as const },
  { id: 'domain', corpus: 'tiny-domain', role: 'domain' as const },
];

describe('measures of a base and a tuned model', () => {
  let client: WorkerClient<TrainerApi>;
  let api: TrainerApi;
  let run: string;
  let weights: WeightsRef[];

  beforeAll(async () => {
    await furnish();
    client = createWorkerClient<TrainerApi>(
      'trainer',
      () => new Worker(new URL('../trainer.worker.ts', import.meta.url), { type: 'module' }),
    );
    api = client.api;
    await api.open({ backend: 'wasm', threads: 1, requireHardware: false });
    const ended = new Promise<void>((resolve) => void api.listen(({ state }) => state === 'finished' && resolve()));
    run = await api.start(studioRecipe({ name: 'measured', budget: { steps: 60 } }), 'measured', quiet);
    await ended;
    weights = [
      { kind: 'model', model: MODEL },
      { kind: 'checkpoint', run, step: 60 },
    ];
  });
  afterAll(async () => {
    client.terminate();
    await clearOut();
  });

  it('gives the same figures again: measuring trains nothing', async () => {
    const first = await api.measureChannels(weights, channels, 6, quiet);
    expect(first.channels.map(({ id, documents }) => [id, documents])).toEqual([
      ['general', 6],
      ['domain', 6],
    ]);
    expect(first.domainGain[1]!.value).toBeGreaterThan(0.5);
    expect(first.domainGain[1]!.interval!.low).toBeLessThan(first.domainGain[1]!.value);
    expect(first.meanRetention[1]!.value).toBeGreaterThan(1);
    await api.measureRobustness(weights, channels, 2, quiet);
    expect(await api.measureChannels(weights, channels, 6, quiet)).toEqual(first);
    // A model against itself has learnt and lost nothing.
    const same = await api.measureChannels([weights[1]!, weights[1]!], channels, 6, quiet);
    expect(same.domainGain[1]).toEqual({ value: 0, interval: { low: 0, high: 0 } });
  });

  it('finds terms with their passages', async () => {
    const { overall, terms } = await api.measureTerms(weights, channels, ['patient', '患者', 'absent'], 6, quiet);
    expect(terms.map(({ term }) => term).sort()).toEqual(['patient', '患者'].filter((term) => terms.some((found) => found.term === term)));
    expect(overall!.count).toBe(terms.reduce((sum, { count }) => sum + count, 0));
    expect(terms[0]!.passages[0]!.loss).toHaveLength(2);
    expect(overall!.bitsPerByte[1]!).toBeLessThan(overall!.bitsPerByte[0]!);
  });

  it('asks probes of both', async () => {
    const probes: Probe[] = [
      { kind: 'choice', prompt: 'The patient takes the', choices: [' medication', ' xxxqqqzzz'], answer: 0, group: 'facts' },
      { kind: 'choice', prompt: 'x'.repeat(40), choices: ['a', 'b'], answer: 0, group: 'facts' },
      { kind: 'reference', prompt: 'The patient', reference: ' takes', group: 'facts' },
    ];
    const { scores, measure } = await api.measureProbes(weights, probes, quiet);
    expect(scores.map((model) => model.map(({ kind }) => kind))).toEqual([
      ['choice', 'too-long', 'reference'],
      ['choice', 'too-long', 'reference'],
    ]);
    expect(measure).toMatchObject({
      tooLong: 1,
      risk: null,
      groups: [
        { items: 1, reference: false },
        { items: 1, reference: true },
      ],
    });
    // What it writes is what it continues the prompt with: 2 · 6 + 8 tokens of a byte each, to the end of a line.
    const greedy = { prompt: 'The patient', seed: 3, temperature: 0, topP: 1, topK: 0, maxTokens: 20 };
    const whole = await api.generate(weights[1]!, greedy, quiet);
    const [line] = whole.trimStart().split('\n', 1);
    expect(scores[1]![2]).toMatchObject({ written: { text: line!.trim() } });
  });

  it('holds seen text against unseen, and noise against clean text', async () => {
    const memorisation = await api.measureMemorisation(weights[0]!, { run, step: 60 }, 4, quiet);
    expect(memorisation.map(({ id, measure }) => [id, measure.rows.seen])).toEqual([
      ['general', 4],
      ['domain', 4],
    ]);
    const curves = await api.measureRobustness(weights, channels, 3, quiet);
    expect(curves.map(({ kind }) => kind)).toEqual(['characters', 'deletion', 'synonym', 'adversarial']);
    for (const { levels, bitsPerByte } of curves) for (const bits of bitsPerByte) expect(bits).toHaveLength(levels.length);
    const [noise] = curves;
    expect(noise!.bitsPerByte[1]!.at(-1)!).toBeGreaterThan(noise!.bitsPerByte[1]![0]!);
    // What is put in is what the base finds hard.
    const [ofBase] = curves.at(-1)!.bitsPerByte;
    expect(ofBase!.at(-1)!).toBeGreaterThan(ofBase![0]!);
  });

  it('looks inside', async () => {
    const { tokens, models, divergence } = await api.attention(weights, 'The patient');
    expect(tokens.slice(1).join('')).toBe('The patient');
    expect(models).toHaveLength(2);
    expect(models[0]![0]!.weights).toHaveLength(2 * tokens.length ** 2);
    expect(divergence[0]).toEqual([0]);
    expect(divergence[1]![0]).toBeGreaterThan(0);
    const changes = await api.weightChanges(weights[0]!, weights[1]!);
    expect(changes.every(({ change, size }) => change > 0 && size > 0)).toBe(true);
    expect(new Set(changes.map(({ layer }) => layer))).toEqual(new Set([null, 0]));
  });

  it('explains a token: attributions sum to the difference, and models of one tokenizer stand side by side', async () => {
    const { tokens, target, models } = await api.explainToken(weights, 'The pati', 'ent', quiet);
    expect([tokens.slice(1).join(''), target]).toEqual(['The pati', 'e']);
    for (const model of models) {
      const { integrated, local } = model!.methods;
      for (const { values, residue } of [integrated, local]) {
        expect(values).toHaveLength(tokens.length);
        const difference = model!.value - model!.baseline;
        expect(values.reduce((sum, value) => sum + value, residue)).toBeCloseTo(difference, 5);
        expect(Math.abs(residue)).toBeLessThanOrEqual(Math.max(1e-3, 0.01 * Math.abs(difference)));
      }
      // The start stands for nothing already.
      expect([integrated.values[0], local.values[0]]).toEqual([expect.closeTo(0, 9), 0]);
    }
    // It has learnt this word.
    expect(models[1]!.value).toBeGreaterThan(models[0]!.value);
    const asked = await api.explainToken(weights.slice(0, 1), 'The', '', quiet);
    expect(asked.target).not.toBe('');
  });

  it('compares two wordings, from the part that was changed on', async () => {
    const text = 'The patient is ill.';
    const { models } = await api.counterfactual(weights, { text, from: 4, to: 11, replacement: 'ship' }, quiet);
    for (const { loss, following, next, divergence } of models) {
      expect(following.map((token) => token.text).join('')).toBe(' is ill.');
      expect(loss.before).not.toBe(loss.after);
      expect(divergence).toBeGreaterThan(0);
      expect(next[0]!.before + next[0]!.after).toBeGreaterThan(0);
    }
    // Losses are those of the token panel, but for the first token, which is predicted from the start here.
    const tokenLosses = await api.tokenLosses(weights[0]!, weights[1]!, text);
    const behind = tokenLosses.slice(-8).map(({ a }) => a!);
    expect(models[0]!.following[7]!.before).toBeCloseTo(behind[7]!, 0);
    const same = await api.counterfactual(weights.slice(0, 1), { text, from: 4, to: 11, replacement: 'patient' }, quiet);
    expect(same.models[0]).toMatchObject({ divergence: 0, loss: { after: same.models[0]!.loss.before } });
  });

  it('reads layers out, and probes them', async () => {
    const { models } = await api.logitLens(weights, 'The patient', quiet);
    expect(models.map(({ tokens, layers }) => [tokens.length, layers.length])).toEqual([
      [12, 2],
      [12, 2],
    ]);
    // What the last layer reads out is the model's own prediction.
    const { models: pair } = await api.counterfactual(weights, { text: 'The patient', from: 0, to: 0, replacement: '' }, quiet);
    const last = models[1]!.layers[1]!;
    expect(last.reduce((sum, { loss }) => sum + (loss ?? 0), 0)).toBeCloseTo(pair[1]!.loss.before, 3);
    expect(last.at(-1)).toMatchObject({
      text: pair[1]!.next[0]!.text,
      loss: null,
      probability: expect.closeTo(pair[1]!.next[0]!.before, 4),
    });
    const probed = await api.probeLayers(weights, channels, 8, quiet);
    expect(probed).toMatchObject({
      channels: ['general', 'domain'],
      models: [
        [{}, {}],
        [{}, {}],
      ],
    });
    // Two vocabularies of words: their letters tell them apart.
    expect(probed.models[1]![1]!.value).toBeGreaterThan(0.6);
    await expect(api.probeLayers(weights, channels.slice(0, 1), 8, quiet)).rejects.toMatchObject({ code: 'probe-texts' });
  });

  it('can be cancelled half way', async () => {
    const work = Promise.all([
      api.measureRobustness(weights, channels, 6, quiet),
      new Promise((go) => setTimeout(go, 30)).then(() => api.cancel()),
    ]);
    await expect(work).rejects.toMatchObject({ code: 'cancelled' });
  });
});
