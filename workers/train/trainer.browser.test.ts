/** The trainer worker for real: a tiny model on wasm, storage in the browser, and a tab that dies. */
import { unzipSync } from 'fflate';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FollowedRun, type RunView } from '../../src/core/run/view';
import type { RecipeInput } from '../../src/core/recipe/schema';
import { createWorkerClient, type WorkerClient } from '../../src/lab/worker-client';
import type { BackendName } from '../../src/contract/device';
import type { EmbeddingMeasure } from '../../src/contract/evaluation';
import type { TrainerApi } from '../../src/contract/training';
import { readSafetensors } from '../engine/checkpoint/safetensors';
import { loadCheckpoint } from '../storage/checkpoints';
import { usualEcho } from '../../src/core/recipe/edits';
import { echoCorpusId } from '../../src/core/recipe/schema';
import { corpusFolder, findCorpus, readDocuments } from '../storage/corpora';
import { files } from '../storage/files';
import { modelPath } from '../storage/models';
import { records } from '../storage/records';
import { readMetrics, listRuns, readRun } from '../storage/runs';
import { chainsOf, lifelongMatrix, stageRecipe } from '../../src/core/run/lifelong';
import type { ChainPlan } from '../../src/core/run/types';
import { libraryApi } from '../library/api';
import { fisherValues, readFisher } from './fisher';
import { clearOut, ENCODER, furnish, MODEL, studioRecipe, WIDE } from './fixtures/tiny-studio';

const quiet = () => undefined;
const clients: WorkerClient<TrainerApi>[] = [];

beforeAll(furnish);
afterAll(clearOut);
afterEach(() => clients.splice(0).forEach((client) => client.terminate()));

interface Tab extends WorkerClient<TrainerApi> {
  /** What a page shows after each message. */
  views: RunView[];
  seen(when: (view: RunView) => boolean): Promise<RunView>;
}

async function openTab(backend: BackendName = 'wasm'): Promise<Tab> {
  const client = createWorkerClient<TrainerApi>(
    'trainer',
    () => new Worker(new URL('../trainer.worker.ts', import.meta.url), { type: 'module' }),
  );
  clients.push(client);
  await client.api.open({ backend, threads: 1, requireHardware: false });
  const views: RunView[] = [];
  let followed: FollowedRun | null = null;
  const watchers = new Set<() => void>();
  await client.api.listen((message) => {
    if (message.header) followed = new FollowedRun(message);
    else if (!followed?.apply(message)) throw new Error(`Message ${message.revision} does not follow the one before it`);
    views.push(followed.view);
    watchers.forEach((watcher) => watcher());
  });
  return {
    ...client,
    views,
    seen: (when) =>
      new Promise((resolve) => {
        const watcher = () => {
          const found = views.find(when);
          if (!found) return;
          watchers.delete(watcher);
          resolve(found);
        };
        watchers.add(watcher);
        watcher();
      }),
  };
}

const ended = ({ state }: RunView) => state === 'finished' || state === 'stopped' || state === 'failed';

/** Takes a run that has begun to a step behind its checkpoint at step 4, and its tab away. */
async function killAt(tab: Tab, run: string, step: number): Promise<void> {
  await tab.api.pause();
  while (tab.views.at(-1)!.step < step) await tab.api.step();
  await tab.seen(
    (view) => view.runId === run && view.state === 'paused' && view.step === step && view.checkpoints.some((saved) => saved.step === 4),
  );
  tab.terminate();
  await expect.poll(async () => (await readRun(run)).state).toBe('interrupted');
}

/** Another tab goes on with a run to its end. */
async function resumeElsewhere(run: string): Promise<{ tab: Tab; view: RunView }> {
  const tab = await openTab();
  await tab.api.resume(run, quiet);
  return { tab, view: await tab.seen((view) => view.runId === run && ended(view)) };
}

/** What must be equal, probes asked or not: all but wall times. */
async function outcome(run: string) {
  const { rows, evaluations: probed } = await readMetrics(run);
  const evaluations = probed.map(({ probes: _, ...row }) => row);
  const { model, optimizer, average } = await loadCheckpoint(run, 12);
  const bytes = async (file: Blob) => new Uint8Array(await file.arrayBuffer());
  return {
    rows: rows.map((row) => ({ ...row, stepMs: 0 })),
    evaluations,
    model: await bytes(model),
    optimizer,
    ...(average ? { average: await bytes(average) } : {}),
  };
}

describe('the trainer on wasm', () => {
  it('gives identical losses and weights for the same recipe, with activation checkpointing, and for a run whose tab died half way', async () => {
    const tab = await openTab();
    const first = await tab.api.start(studioRecipe(), 'first', quiet);
    const last = await tab.seen((view) => view.runId === first && ended(view));
    expect(last).toMatchObject({ state: 'finished', step: 12, error: null });
    const expected = await outcome(first);
    expect(expected.rows.map(({ step }) => step)).toEqual([1, 2, 4, 6, 8, 10, 12]);
    // Nearly uniform over 257 tokens before, better after.
    expect(expected.evaluations[0]!.channels['domain']!.loss).toBeCloseTo(Math.log(257), 0);
    expect(expected.evaluations.at(-1)!.channels['domain']!.loss).toBeLessThan(expected.evaluations[0]!.channels['domain']!.loss);

    const { tensors } = await tab.api.memory();
    const second = await tab.api.start(studioRecipe(), 'second', quiet);
    await tab.seen((view) => view.runId === second && ended(view));
    expect(await outcome(second)).toEqual(expected);
    expect((await tab.api.memory()).tensors).toBe(tensors);

    const checkpointed = await tab.api.start({ ...studioRecipe(), activationCheckpointing: true }, 'checkpointed', quiet);
    await tab.seen((view) => view.runId === checkpointed && ended(view));
    expect(await outcome(checkpointed)).toEqual(expected);

    const { evaluation } = studioRecipe();
    const third = await tab.api.start({ ...studioRecipe(), evaluation: { ...evaluation, probesPerGroup: 8 } }, 'third', quiet);
    await killAt(tab, third, 7);

    const again = await openTab();
    await again.api.resume(third, quiet);
    expect(await again.seen((view) => view.runId === third)).toMatchObject({ step: 4 });
    await again.seen((view) => view.runId === third && ended(view));
    expect(await outcome(third)).toEqual(expected);
    const { evaluations } = await readMetrics(third);
    // Bytes are tokens here, so that only the shortest of the items fit into 32; random weights do no better than by chance.
    expect(evaluations.map(({ probes }) => probes)).toEqual(
      evaluations.map(({ step }) =>
        expect.objectContaining({
          risk: null,
          answers: step === 0 ? expect.objectContaining({ grammar: expect.stringMatching(/^[01-]{8}$/) }) : {},
        }),
      ),
    );
  });

  it('holds weights near the base, with weights of the objective, and goes on to the same bits after its tab died', async () => {
    const optimizer = { weightDecay: 1 };
    const base = studioRecipe({ optimizer, gradientAccumulationSteps: 2, activationCheckpointing: true });
    const channels = base.channels.map((channel, at) => ({ ...channel, weight: [0.1, 0.9][at] }));
    const ewc = { lambda: 100, sequences: 3, labels: 'model' as const };
    const regularisation = { l2sp: { lambda: 2 }, ewc, decayTowards: 'base' as const };
    const recipe = { ...base, channels, regularisation };
    const tab = await openTab();
    const { tensors } = await tab.api.memory();
    const runs = [];
    for (const one of [base, recipe]) {
      const run = await tab.api.start(one, 'held', quiet);
      expect(await tab.seen((view) => view.runId === run && ended(view))).toMatchObject({ state: 'finished', error: null });
      runs.push(await outcome(run));
    }
    expect((await tab.api.memory()).tensors).toBe(tensors);
    const start = readSafetensors('base', await files.read(`${modelPath(MODEL)}/model.safetensors`)).tensors;
    const [free, held] = runs.map(({ model }) =>
      Math.hypot(
        ...[...readSafetensors('model', model).tensors].map(([name, tensor]) => {
          const from = start.get(name)!.read();
          return Math.hypot(...tensor.read().map((value, at) => value - from[at]!));
        }),
      ),
    );
    expect(held!).toBeLessThan(0.9 * free!);

    const killed = await tab.api.start(recipe, 'killed', quiet);
    await killAt(tab, killed, 7);
    await resumeElsewhere(killed);
    expect(await outcome(killed)).toEqual(runs[1]);
  });

  it('stays near a teacher, in stages and beside an adapter, to the same bits after a death half way; one that does not fit starts no run', async () => {
    const states = { last: 0.25, all: 0.25, attention: 0.5, hiddenWeight: 10, attentionWeight: 2 };
    const distillation = { rows: 'all' as const, alpha: 0.1, warmup: 3, states };
    const base = studioRecipe({ gradientAccumulationSteps: 2 });
    const recipe = studioRecipe({ gradientAccumulationSteps: 2, regularisation: { distillation } });
    const tab = await openTab();
    const { tensors } = await tab.api.memory();
    const before = await listRuns();
    const wrong = studioRecipe({ regularisation: { distillation: { teacher: 'nano' } } });
    const refused = { code: 'recipe-invalid', values: { field: 'regularisation.distillation.teacher', value: 'nano' } };
    await expect(tab.api.start(wrong, 'wrong', quiet)).rejects.toMatchObject(refused);
    expect(await listRuns()).toEqual(before);
    const method = { kind: 'lora' as const, r: 2 };
    const runs = [];
    for (const one of [
      base,
      recipe,
      { ...recipe, activationCheckpointing: true },
      studioRecipe({ method, regularisation: { distillation } }),
    ]) {
      const run = await tab.api.start(one, 'taught', quiet);
      expect(await tab.seen((view) => view.runId === run && ended(view))).toMatchObject({ state: 'finished', error: null });
      runs.push(await outcome(run));
    }
    expect((await tab.api.memory()).tensors).toBe(tensors);
    expect(runs[2]).toEqual(runs[1]);
    const [free, held] = runs.map(({ evaluations }) => evaluations.at(-1)!.channels['domain']!.loss);
    expect(held!).toBeGreaterThan(free!);

    const killed = await tab.api.start(recipe, 'killed', quiet);
    await killAt(tab, killed, 7);
    await resumeElsewhere(killed);
    expect(await outcome(killed)).toEqual(runs[1]);
  });

  it('keeps an average of what is trained, and learns from it or from a wider teacher, to the same bits after a death half way', async () => {
    const tab = await openTab();
    const { tensors } = await tab.api.memory();
    const distillation = { rows: 'all' as const, alpha: 0.2 };
    const method = { kind: 'lora' as const, r: 2, targets: ['q', 'down'], modulesToSave: ['head' as const], quantisation: 'nf4' as const };
    const states = { last: 0.5, all: 0.5 };
    const recipes = {
      plain: studioRecipe(),
      averaged: studioRecipe({ average: { decay: 0.8, start: 3, every: 2 } }),
      momentum: studioRecipe({ method, average: { decay: 0.8 }, regularisation: { distillation: { ...distillation, teacher: 'ema' } } }),
      wide: studioRecipe({ gradientAccumulationSteps: 2, regularisation: { distillation: { ...distillation, teacher: WIDE, states } } }),
    };
    const runs: Partial<Record<keyof typeof recipes, { id: string } & Awaited<ReturnType<typeof outcome>>>> = {};
    for (const [name, recipe] of Object.entries(recipes)) {
      const id = await tab.api.start(recipe, name, quiet);
      expect(await tab.seen((view) => view.runId === id && ended(view))).toMatchObject({ state: 'finished', error: null });
      runs[name as keyof typeof recipes] = { id, ...(await outcome(id)) };
    }
    expect((await tab.api.memory()).tensors).toBe(tensors);
    // Nothing of the run itself is another's.
    const { plain, averaged, momentum, wide } = runs as Required<typeof runs>;
    const { average, id: kept, ...rest } = averaged;
    const { id: _, ...bare } = plain;
    expect(rest).toEqual(bare);
    const valuesOf = (file: Uint8Array) =>
      [...readSafetensors('x', file).tensors.values()].map(({ name, shape, read }) => [name, shape, [...read()]]);
    const shapesOf = (file: Uint8Array) => valuesOf(file).map(([name, shape]) => [name, shape]);
    expect(shapesOf(average!)).toEqual(shapesOf(rest.model));
    expect(shapesOf(momentum.average!)).toEqual(shapesOf(momentum.model));
    expect(valuesOf(momentum.average!)).not.toEqual(valuesOf(momentum.model));
    expect(shapesOf(wide.model)).toEqual(shapesOf(bare.model));
    const { tensors: moments } = readSafetensors('moments', wide.optimizer);
    for (const slot of ['', 'exp_avg.', 'exp_avg_sq.']) expect(moments.get(`${slot}hidden_map.weight`)!.shape).toEqual([24, 16]);

    // A variant of the checkpoint: to read, to merge and to export.
    const tuned = { kind: 'checkpoint' as const, run: kept, step: 12 };
    const losses = await tab.api.tokenLosses(tuned, { ...tuned, average: true }, 'The patient takes');
    expect(losses.at(-1)!.a).not.toBe(losses.at(-1)!.b);
    const base = { kind: 'model' as const, model: MODEL };
    const merged = await libraryApi.keepMerge({ base, tuned: [{ ...tuned, average: true }] }, [1], 'average', quiet);
    const stored = new Map(
      valuesOf(await files.read(`${modelPath(merged.id)}/model.safetensors`)).map(([name, , data]) => [name, data as number[]]),
    );
    for (const [name, , data] of valuesOf(average!))
      (data as number[]).forEach((value, at) => expect(Math.abs(stored.get(name)![at]! - value)).toBeLessThan(1e-6));
    await libraryApi.removeModel(merged.id);
    const zip = unzipSync(new Uint8Array(await (await libraryApi.exportRun(kept, 12, 'F32', quiet, true)).arrayBuffer()));
    expect(valuesOf(zip['model.safetensors']!)).toEqual(valuesOf(average!));
    expect(new TextDecoder().decode(zip['README.md'])).toContain(
      'Its weights are the average of those of the run up to there (EMA, decay 0.8',
    );
    await expect(libraryApi.exportRun(plain.id, 12, 'F32', quiet, true)).rejects.toMatchObject({ code: 'checkpoint-missing' });

    let before = tab;
    for (const name of ['averaged', 'momentum', 'wide'] as const) {
      const killed = await before.api.start(recipes[name], 'killed', quiet);
      await killAt(before, killed, 7);
      before = (await resumeElsewhere(killed)).tab;
      const { id: __, ...expected } = runs[name]!;
      expect(await outcome(killed), name).toEqual(expected);
    }
  });

  it('trains a low-rank adapter, alone in its checkpoints, to the same bits after a death half way; a method that fits nothing starts no run', async () => {
    const method = { kind: 'lora' as const, r: 2, alpha: 8, dropout: 0.1, targets: ['q', 'down'], modulesToSave: [] };
    const tab = await openTab();
    const before = await listRuns();
    const wrongs: [typeof method, field: string][] = [
      [{ ...method, r: 20 }, 'method.r'],
      [{ ...method, targets: ['c_attn'] }, 'method.targets'],
    ];
    for (const [wrong, field] of wrongs)
      await expect(tab.api.start(studioRecipe({ method: wrong }), 'wrong', quiet)).rejects.toMatchObject({
        code: 'recipe-invalid',
        values: { field },
      });
    expect(await listRuns()).toEqual(before);

    const first = await tab.api.start(studioRecipe({ method }), 'adapter', quiet);
    await tab.seen((view) => view.runId === first && ended(view));
    const expected = await outcome(first);
    expect(expected.evaluations.at(-1)!.channels['domain']!.loss).toBeLessThan(expected.evaluations[0]!.channels['domain']!.loss);
    const { tensors } = readSafetensors('model', expected.model);
    expect([...tensors.values()].map(({ name, shape }) => [name.replace('base_model.model.model.layers.0.', ''), shape])).toEqual([
      ['self_attn.q_proj.lora_A.weight', [2, 16]],
      ['self_attn.q_proj.lora_B.weight', [16, 2]],
      ['mlp.down_proj.lora_A.weight', [2, 32]],
      ['mlp.down_proj.lora_B.weight', [16, 2]],
    ]);
    expect(readSafetensors('moments', expected.optimizer).tensors.size).toBe(8);

    const second = await tab.api.start(studioRecipe({ method, activationCheckpointing: true }), 'killed', quiet);
    await killAt(tab, second, 7);
    await resumeElsewhere(second);
    expect(await outcome(second)).toEqual(expected);
  });

  it.each([
    { name: 'reward', adapter: true, corpus: 'tiny-pairs', objective: { kind: 'reward' as const }, says: ['accuracy', 'margin'] },
    {
      name: 'dpo',
      adapter: false,
      corpus: 'tiny-pairs',
      objective: { kind: 'dpo' as const, labelSmoothing: 0.1 },
      says: ['accuracy', 'margin'],
    },
    {
      name: 'grpo',
      adapter: true,
      corpus: 'tiny-prompts',
      objective: { kind: 'grpo' as const, reward: { kind: 'length' as const, tokens: 6 }, answerTokens: 8, generations: 4, beta: 0.1 },
      says: ['reward', 'kl', 'length', 'entropy'],
    },
    {
      name: 'ppo',
      adapter: false,
      corpus: 'tiny-prompts',
      objective: { kind: 'ppo' as const, reward: { kind: 'length' as const, tokens: 6 }, answerTokens: 8, klTarget: 1, klHorizon: 50 },
      says: ['reward', 'kl', 'length', 'entropy', 'klWeight'],
    },
  ])('trains $name beside text to the same bits after a death half way', async ({ name, adapter, corpus, objective, says }) => {
    const recipe = studioRecipe({
      sequenceLength: 32,
      gradientAccumulationSteps: 2,
      dropout: 0,
      channels: [
        { id: 'text', corpus: 'tiny-general', role: 'general', share: 0.5 },
        { id: 'aligned', corpus, role: 'domain', share: 0.5, objective },
      ],
      ...(adapter ? { method: { kind: 'lora' as const, r: 2 } } : {}),
    });
    const tab = await openTab();
    const { tensors } = await tab.api.memory();
    const run = await tab.api.start(recipe, name, quiet);
    const last = await tab.seen((view) => view.runId === run && ended(view));
    expect(last).toMatchObject({ state: 'finished', error: null, step: 12 });
    const expected = await outcome(run);
    expect((await tab.api.memory()).tensors).toBe(tensors);
    expect(Object.keys(expected.rows[0]!.figures!['aligned']!)).toEqual(says);
    expect(Array.from(last.windows.figures[says[0]!]!['aligned']!)).toEqual(
      expected.rows.map(({ figures }) => figures?.['aligned']?.[says[0]!] ?? NaN),
    );
    const [before, after] = [expected.evaluations[0]!, expected.evaluations.at(-1)!].map(({ channels }) => channels['aligned']!);
    expect(Object.keys(after!.figures!)).toEqual(says.filter((figure) => figure !== 'klWeight'));
    expect(last.heldOutFigures[says[1]!]!['aligned']!.y.at(-1)).toBe(after!.figures![says[1]!]);
    if (name === 'dpo') expect(before!.figures!['margin']).toBeCloseTo(0, 4);
    if (says.includes('accuracy')) expect(after!.figures!['margin']).toBeGreaterThan(before!.figures!['margin']!);
    else {
      expect(before!.figures!['kl']).toBeCloseTo(0, 4);
      expect(after!.loss).toBeCloseTo(-after!.figures!['reward']!, 5);
    }

    const killed = await tab.api.start(recipe, 'killed', quiet);
    await killAt(tab, killed, 7);
    await resumeElsewhere(killed);
    expect(await outcome(killed)).toEqual(expected);
  });

  it('trains on hidden tokens, next tokens and embeddings at once to the same bits after a death half way; α = 1 is the next token', async () => {
    const mlm = { kind: 'mlm' as const, unit: 'word' as const, clmWeight: 0.3 };
    const channels = (objective: object | undefined) => [
      { id: 'text', corpus: 'tiny-general', role: 'general' as const, share: 0.5, ...(objective ? { objective } : {}) },
      { id: 'views', corpus: 'tiny-domain', role: 'domain' as const, share: 0.5, objective: { kind: 'contrastive' as const } },
    ];
    const recipe = studioRecipe({ sequenceLength: 32, gradientAccumulationSteps: 2, dropout: 0.1, channels: channels(mlm) as never });
    const tab = await openTab();
    const run = await tab.api.start(recipe, 'masked', quiet);
    const last = await tab.seen((view) => view.runId === run && ended(view));
    expect(last).toMatchObject({ state: 'finished', error: null, step: 12 });
    const expected = await outcome(run);
    expect(Object.keys(expected.rows[0]!.figures!['text']!)).toEqual(['mlm', 'clm']);
    expect(Object.keys(expected.rows[0]!.figures!['views']!)).toEqual(['alignment', 'uniformity']);
    const { loss, figures } = expected.evaluations[0]!.channels['text']!;
    expect(0.7 * figures!['mlm']! + 0.3 * figures!['clm']!).toBeCloseTo(loss, 1);

    const killed = await tab.api.start(recipe, 'killed', quiet);
    await killAt(tab, killed, 7);
    const { tab: again } = await resumeElsewhere(killed);
    expect(await outcome(killed)).toEqual(expected);

    const plain: Awaited<ReturnType<typeof outcome>>[] = [];
    for (const objective of [undefined, { kind: 'mlm' as const, clmWeight: 1 }]) {
      const [text] = channels(objective);
      const one = await again.api.start(studioRecipe({ sequenceLength: 32, channels: [{ ...text!, share: 1 }] as never }), 'one', quiet);
      await again.seen((view) => view.runId === one && ended(view));
      plain.push(await outcome(one));
    }
    expect(plain[1]).toEqual(plain[0]);
  });

  it('trains an encoder on hidden tokens between its marks, and refuses the next token', async () => {
    const recipe = (objective?: object) =>
      studioRecipe({
        ...{ base: ENCODER, sequenceLength: 32 },
        channels: [{ id: 'text', corpus: 'tiny-general', role: 'general', share: 1, ...(objective ? { objective } : {}) }] as never,
      });
    const tab = await openTab();
    const values = { field: 'channels.text.objective', value: 'next-token' };
    await expect(tab.api.start(recipe(), 'next', quiet)).rejects.toMatchObject({ code: 'recipe-invalid', values });
    const run = await tab.api.start(recipe({ kind: 'mlm' }), 'bert', quiet);
    expect(await tab.seen((view) => view.runId === run && ended(view))).toMatchObject({ state: 'finished', error: null });
    const { evaluations } = await outcome(run);
    expect(evaluations.at(-1)!.channels['text']!.loss).toBeLessThan(evaluations[0]!.channels['text']!.loss);
    const weights = [
      { kind: 'model' as const, model: ENCODER },
      { kind: 'checkpoint' as const, run, step: 12 },
    ];
    const channel = { id: 'text', corpus: 'tiny-general', role: 'general' as const };
    const { channels } = await tab.api.measureChannels(weights, [channel], 4, quiet);
    const [before, after] = channels[0]!.loss;
    expect(after!.value).toBeLessThan(before!.value);
    const [{ vectors, channels: of, uniformity }] = (await tab.api.measureEmbeddings(weights, [channel], 4, 'mean', quiet)) as [
      EmbeddingMeasure,
    ];
    expect([of, vectors.width, vectors.values.length]).toEqual([['text', 'text', 'text', 'text'], 16, 64]);
    expect(vectors.values.subarray(0, 16).reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 4);
    expect(uniformity).toBeLessThanOrEqual(0);
    await expect(
      tab.api.generate(weights[1]!, { prompt: 'a', seed: 1, maxTokens: 2, temperature: 1, topK: 0, topP: 1 }, quiet),
    ).rejects.toMatchObject({
      code: 'encoder-writes',
    });
  });

  it('writes the text of an echo channel before the first step, once, and goes on to the same bits after its tab died', async () => {
    const generated = { ...usualEcho(MODEL), length: 24, tokens: 400 };
    const corpus = echoCorpusId(generated);
    const base = studioRecipe();
    const [general, domain] = base.channels;
    const echo = { id: 'echo', corpus, role: 'general' as const, share: 0.5, generated };
    const recipe = { ...base, channels: [{ ...general!, share: 0 }, { ...domain!, share: 0.5 }, echo] };
    const tab = await openTab();
    const whole = await tab.api.start(recipe, 'echo', quiet);
    const end = await tab.seen((view) => view.runId === whole && ended(view));
    expect(end).toMatchObject({ state: 'finished', error: null });
    const expected = await outcome(whole);
    // What the model wrote is no general text that people wrote.
    const [before, after] = [expected.evaluations[0]!, expected.evaluations.at(-1)!];
    expect(after.retention).toBeCloseTo(Math.exp(before.channels['general']!.loss - after.channels['general']!.loss), 12);

    const written = await findCorpus(corpus);
    const { tokens, weights, backend } = written.generated!;
    expect({ backend, hashed: weights.length }).toEqual({ backend: 'wasm', hashed: 64 });
    expect(tokens).toBeGreaterThanOrEqual(400);
    expect(tokens).toBeLessThan(424);
    expect(written.documents.heldOut).toBe(Math.floor((written.documents.train + written.documents.heldOut) / 10));

    // Removed, it is written again, the same; what is there is not written again.
    const broken = await tab.api.start(recipe, 'broken off', quiet);
    await killAt(tab, broken, 6);
    expect((await findCorpus(corpus)).createdAt).toBe(written.createdAt);
    await (await records()).delete('corpora', corpus);
    const { tab: again } = await resumeElsewhere(broken);
    expect(await outcome(broken)).toEqual(expected);
    expect((await findCorpus(corpus)).sha256).toEqual(written.sha256);

    // A cancel keeps the documents that are whole, under settings that ask for no more.
    let cancelled = false;
    const part = await again.api.writeEcho({ ...generated, tokens: 1_000_000 }, ({ phase, done }) => {
      if (phase !== 'write' || done === 0 || cancelled) return;
      cancelled = true;
      void again.api.cancel();
    });
    expect(part.generated!.settings.tokens).toBe(part.generated!.tokens);
    expect(part.generated!.tokens).toBeLessThan(1_000_000);
    expect(part.id).toBe(echoCorpusId(part.generated!.settings));
    const texts = (await readDocuments(await findCorpus(part.id), 'train')).slice(0, 8);
    expect(texts).toEqual((await readDocuments(await findCorpus(corpus), 'train')).slice(0, 8));
    for (const id of [corpus, part.id]) {
      await (await records()).delete('corpora', id);
      await files.remove(corpusFolder(id));
    }
  });

  it('trains soft prompts, alone in their checkpoints, to the same bits after a death half way; step 0 is the base; one that does not fit starts no run', async () => {
    const tab = await openTab();
    const before = await listRuns();
    const wrongs: [NonNullable<RecipeInput['method']>, values: object][] = [
      [
        { kind: 'prefix', tokens: 33 },
        { field: 'method.tokens', value: '33' },
      ],
      [
        { kind: 'llama-adapter', adapterLayers: 2 },
        { field: 'method.adapterLayers', value: '2', accepted: '1 … 1' },
      ],
    ];
    for (const [wrong, values] of wrongs)
      await expect(tab.api.start(studioRecipe({ method: wrong }), 'wrong', quiet)).rejects.toMatchObject({
        code: 'recipe-invalid',
        values,
      });
    expect(await listRuns()).toEqual(before);

    const plain = await tab.api.start(studioRecipe(), 'plain', quiet);
    await tab.seen((view) => view.runId === plain && ended(view));
    const base = (await outcome(plain)).evaluations[0];
    const prompt = { kind: 'prompt' as const, tokens: 4, text: 'ab' };
    const kept = {
      prefix: { method: { kind: 'prefix' as const, tokens: 3 }, tensors: [['prompt_embeddings', [3, 16]]] },
      prompt: { method: prompt, tensors: [['prompt_embeddings', [4, 16]]] },
      adaption: {
        method: { kind: 'llama-adapter' as const, tokens: 2, adapterLayers: 1 },
        tensors: ['gate', 'prompt'].map((part) => [
          `base_model.model.model.layers.0.self_attn.adaption_${part}`,
          part === 'gate' ? [1] : [1, 2, 16],
        ]),
      },
    };
    const runs = new Map<string, Awaited<ReturnType<typeof outcome>>>();
    for (const [name, { method, tensors }] of Object.entries(kept)) {
      const run = await tab.api.start(studioRecipe({ method, packing: 'separate' }), name, quiet);
      await tab.seen((view) => view.runId === run && ended(view));
      const result = await outcome(run);
      runs.set(name, result);
      expect(result.evaluations[0]!.channels, name).toEqual(base!.channels);
      expect(result.evaluations.at(-1)!.channels['domain']!.loss, name).not.toBe(result.evaluations[0]!.channels['domain']!.loss);
      const stored = [...readSafetensors('model', result.model).tensors.values()];
      expect(stored.map(({ name: tensor, shape }) => [tensor, shape]).sort(), name).toEqual(tensors);
    }

    const killed = await tab.api.start(
      studioRecipe({ method: prompt, packing: 'separate', activationCheckpointing: true }),
      'killed',
      quiet,
    );
    await killAt(tab, killed, 7);
    const { tab: again } = await resumeElsewhere(killed);
    expect(await outcome(killed)).toEqual(runs.get('prompt'));

    // A base that has a soft prompt of PEFT beside its weights is for use, not for training.
    const adapter = {
      'adapter_config.json': JSON.stringify({ peft_type: 'PROMPT_TUNING', num_virtual_tokens: 4 }),
      'adapter_model.safetensors': new Uint8Array(runs.get('prompt')!.model),
    };
    for (const [name, content] of Object.entries(adapter)) await files.write(`${modelPath(MODEL)}/${name}`, content);
    await expect(again.api.start(studioRecipe(), 'above a prompt', quiet)).rejects.toMatchObject({
      ...{ code: 'recipe-invalid', values: { field: 'base', value: MODEL } },
    });
    for (const name of Object.keys(adapter)) await files.remove(`${modelPath(MODEL)}/${name}`);
  });

  it('holds what an adapter adds to a quantised base, by EWC and L2-SP, and goes on to the same bits after its tab died', async () => {
    const method = {
      kind: 'lora' as const,
      r: 2,
      alpha: 8,
      targets: ['q', 'down'],
      modulesToSave: ['embeddings' as const],
      quantisation: 'nf4' as const,
    };
    const free = studioRecipe({ method, gradientAccumulationSteps: 2, activationCheckpointing: true });
    const ewc = { lambda: 1000, sequences: 3, labels: 'model' as const };
    const held = { ...free, regularisation: { ewc, l2sp: { lambda: 2 } } };
    const tab = await openTab();
    const { tensors } = await tab.api.memory();
    const runs = [];
    for (const recipe of [free, held]) {
      const run = await tab.api.start(recipe, 'held', quiet);
      expect(await tab.seen((view) => view.runId === run && ended(view))).toMatchObject({ state: 'finished', error: null });
      runs.push(await outcome(run));
    }
    expect((await tab.api.memory()).tensors).toBe(tensors);
    const { tensors: start } = readSafetensors('base', await files.read(`${modelPath(MODEL)}/model.safetensors`));
    const changes = runs.map(({ model }) => {
      const { tensors: own } = readSafetensors('model', model);
      const prefix = 'base_model.model.model.';
      const factor = (name: string) => own.get(`${prefix}layers.0.${name}.weight`)!;
      const adapted = ['self_attn.q_proj', 'mlp.down_proj'].flatMap((name) => {
        const [down, up] = [factor(`${name}.lora_A`), factor(`${name}.lora_B`)];
        const [a, b, inputs] = [down.read(), up.read(), down.shape[1]!];
        return Array.from({ length: up.shape[0]! * inputs }, (_, at) => {
          const [row, column] = [Math.floor(at / inputs), at % inputs];
          return 4 * (b[2 * row]! * a[column]! + b[2 * row + 1]! * a[inputs + column]!);
        });
      });
      const from = start.get('model.embed_tokens.weight')!.read();
      const table = [...own.get(`${prefix}embed_tokens.weight`)!.read()].map((value, at) => value - from[at]!);
      return [Math.hypot(...adapted), Math.hypot(...table)];
    });
    changes[1]!.forEach((change, at) => expect(change).toBeLessThan(0.9 * changes[0]![at]!));
    // Step 0 is measured above the rounded base, and is not taken for that of the whole one.
    const { evaluations } = runs[0]!;
    const full = await tab.api.start({ ...free, method: undefined }, 'full', quiet);
    await tab.seen((view) => view.runId === full && ended(view));
    const whole = (await outcome(full)).evaluations[0]!.channels['domain']!.loss;
    expect(evaluations[0]!.channels['domain']!.loss).not.toBe(whole);
    expect(Math.abs(evaluations[0]!.channels['domain']!.loss - whole)).toBeLessThan(0.05);

    const killed = await tab.api.start(held, 'killed', quiet);
    await killAt(tab, killed, 7);
    await resumeElsewhere(killed);
    expect(await outcome(killed)).toEqual(runs[1]);
  });

  it('unfreezes layer by layer, with a rate for each, to the same bits after a death half way; nothing else moves; attention is set against the base', async () => {
    const tab = await openTab();
    const before = await listRuns();
    const part = { kind: 'partial' as const, lastLayers: 0, embeddings: true };
    const every = { unit: 'steps' as const, value: 3 };
    const method = { ...part, unfreezing: { order: 'downwards' as const, every } };
    const wrongs: [NonNullable<RecipeInput['method']>, field: string][] = [
      [{ ...part, lastLayers: 2 }, 'method.lastLayers'],
      [{ ...part, modules: ['c_attn'] }, 'method.modules'],
      [{ ...part, isolation: { unit: 'heads', share: 0.4 } }, 'method.lastLayers'],
      [{ ...part, lastLayers: 1, isolation: { unit: 'heads', share: 0.4 } }, 'method.isolation.share'],
    ];
    for (const [wrong, field] of wrongs)
      await expect(tab.api.start(studioRecipe({ method: wrong }), 'wrong', quiet), field).rejects.toMatchObject({
        code: 'recipe-invalid',
        values: { field },
      });
    expect(await listRuns()).toEqual(before);

    const { evaluation } = studioRecipe();
    const change = {
      method,
      optimizer: { layerDecay: 0.5 },
      gradientAccumulationSteps: 2,
      evaluation: { ...evaluation, attentionRows: 1, adversarialDocuments: 1, prompts: { texts: ['The'], tokens: 3, temperature: 1 } },
    };
    const { tensors } = await tab.api.memory();
    const first = await tab.api.start(studioRecipe(change), 'unfrozen', quiet);
    const last = await tab.seen((view) => view.runId === first && ended(view));
    expect(last).toMatchObject({ state: 'finished', error: null });
    const joins = [
      [3, ['L1']],
      [6, ['embed_tokens']],
    ];
    const joined = ({ events }: RunView) => events.flatMap((event) => (event.type === 'unfrozen' ? [[event.step, event.parts]] : []));
    expect(joined(last)).toEqual(joins);
    const divergence = last.attention.map(({ layers }) => layers[0]!);
    expect([divergence[0], divergence.every((value, at) => at === 0 || value > 0)]).toEqual([0, true]);
    // Words that the base finds hard stay hard for it; the run reads the same texts at each evaluation.
    expect(last.adversarial.map(({ step }) => step)).toEqual(last.attention.map(({ step }) => step));
    const [ofBase] = last.adversarial;
    expect(ofBase!.bits).toHaveLength(5);
    expect(ofBase!.bits.at(-1)!).toBeGreaterThan(ofBase!.bits[0]!);
    expect(last.adversarial.at(-1)!.bits[0]!).toBeLessThan(ofBase!.bits[0]!);
    const expected = await outcome(first);
    // Texts, as all of an evaluation, are among what a killed run is compared by.
    expect(last.texts.map(({ texts }) => texts[0]!.next.length)).toEqual(last.attention.map(() => 8));
    expect((await tab.api.memory()).tensors).toBe(tensors);
    const state = readSafetensors('moments', expected.optimizer).tensors;
    expect([
      state.get('step.model.embed_tokens.weight')!.read()[0],
      state.get('step.model.layers.0.mlp.up_proj.weight')!.read()[0],
    ]).toEqual([6, 9]);
    expect(state.has('step.model.norm.weight')).toBe(false);

    const second = await tab.api.start(studioRecipe({ ...change, activationCheckpointing: true }), 'killed', quiet);
    await killAt(tab, second, 7);
    const { view: resumed } = await resumeElsewhere(second);
    expect(joined(resumed)).toEqual(joins);
    expect(await outcome(second)).toEqual(expected);
  });

  it('trains federated clients apart: a killed run ends as an unbroken one, and a round of one client reads its text alone', async () => {
    const privacy = { clip: 0.5, noise: 0.1 };
    const federated = {
      split: { clients: 3, alpha: 1 },
      participation: 0.67,
      proximal: 0.1,
      server: { momentum: 0.5 },
      privacy,
      secure: {},
    };
    const recipe = () => studioRecipe({ gradientAccumulationSteps: 3, dropout: 0.1, federated });
    const tab = await openTab();
    const killed = await tab.api.start(recipe(), 'federated', quiet);
    await killAt(tab, killed, 7);
    const { tab: again, view } = await resumeElsewhere(killed);
    expect(view).toMatchObject({ state: 'finished', error: null });
    const whole = await again.api.start(recipe(), 'whole', quiet);
    await again.seen((view) => view.runId === whole && ended(view));
    const expected = await outcome(whole);
    expect(await outcome(killed)).toEqual(expected);
    expect([...readSafetensors('optimizer', expected.optimizer).tensors.keys()].every((name) => name.startsWith('momentum_buffer.'))).toBe(
      true,
    );

    // What the server saw is kept with each evaluation but the base's.
    expect(expected.evaluations.map(({ masked }) => masked?.clients.length)).toEqual([
      undefined,
      ...expected.evaluations.slice(1).map(() => 2),
    ]);
    expect(Math.max(...expected.evaluations.map(({ masked }) => masked?.error ?? 0))).toBeLessThan(1e-6);

    // Alone in its round and without privacy, a client's update is the whole step.
    const plain = studioRecipe({ federated: { participation: 0.01 } });
    const alone = await again.api.start(plain, 'alone', quiet);
    await again.seen((view) => view.runId === alone && ended(view));
    const { rows } = await outcome(alone);
    expect(rows.every(({ count }) => Object.values(count).filter((tokens) => tokens > 0).length <= 2)).toBe(true);
  });

  it('trains a tenth of the weights by their Fisher information, or a head of its own alone, and all else keeps its bits', async () => {
    const start = readSafetensors('base', await files.read(`${modelPath(MODEL)}/model.safetensors`)).tensors;
    const recipe = (method: RecipeInput['method']) => studioRecipe({ method, optimizer: { weightDecay: 1 } });
    /** Elements of each parameter that moved. */
    const moved = (model: Uint8Array<ArrayBuffer>) =>
      new Map(
        [...readSafetensors('model', model).tensors].map(([name, tensor]) => {
          const from = (start.get(name) ?? start.get('model.embed_tokens.weight')!).read();
          return [name, Array.from(tensor.read(), (value, at) => value !== from[at])];
        }),
      );
    const isolation = { unit: 'weights' as const, share: 0.1, sequences: 3 };
    const tab = await openTab();
    const killed = await tab.api.start(recipe({ kind: 'partial', lastLayers: 'all', isolation }), 'isolated', quiet);
    await killAt(tab, killed, 7);
    const { tab: again } = await resumeElsewhere(killed);
    const resumed = await outcome(killed);
    const whole = await again.api.start(recipe({ kind: 'partial', lastLayers: 'all', isolation }), 'whole', quiet);
    await again.seen((view) => view.runId === whole && ended(view));
    expect(await outcome(whole)).toEqual(resumed);
    const marks = [...moved(resumed.model)];
    const trained = marks.filter(([name]) => name !== 'model.embed_tokens.weight').flatMap(([, elements]) => elements);
    expect(marks.find(([name]) => name === 'model.embed_tokens.weight')![1]).not.toContain(true);
    expect(trained.filter(Boolean).length).toBe(Math.round(0.1 * trained.length));

    // By change: in a pass of training, after which the run begins from the base as any other, or to another model.
    const change = { ...isolation, by: 'change' as const };
    const measured = async (of: object) => {
      // Put together here, so that the trainer is who refuses it.
      const method = { kind: 'partial', lastLayers: 'all', isolation: { ...change, ...of } };
      const run = await again.api.start({ ...recipe(undefined), method } as ReturnType<typeof recipe>, 'changed', quiet);
      await again.seen((view) => view.runId === run && ended(view));
      return { run, figures: fisherValues(await readFisher(run, 'isolation')), ...(await outcome(run)) };
    };
    const pass = await measured({});
    expect(pass.evaluations[0]).toEqual(resumed.evaluations[0]);
    expect(pass.model).not.toEqual(resumed.model);
    expect((await measured({})).model).toEqual(pass.model);
    const kept = await libraryApi.keepRun(whole, 12, 'kept', quiet);
    const against = await measured({ against: kept.id });
    const way = moved(resumed.model);
    for (const { name, data } of against.figures)
      expect(
        [...data].map((value) => value > 0),
        name,
      ).toEqual(way.get(name));
    // The other moved just as many weights as are trained here.
    expect([...moved(against.model)].filter(([name]) => name !== 'model.embed_tokens.weight')).toEqual(
      [...way].filter(([name]) => name !== 'model.embed_tokens.weight'),
    );
    await libraryApi.removeModel(kept.id);
    for (const [wrong, field] of [
      [WIDE, 'method.isolation.against'],
      [MODEL, 'method.isolation.against'],
    ] as const)
      await expect(measured({ against: wrong })).rejects.toMatchObject({ code: 'recipe-invalid', values: { field, value: wrong } });

    const head = await again.api.start(recipe({ kind: 'partial', lastLayers: 0, finalNorm: false, head: true }), 'head', quiet);
    const last = await again.seen((view) => view.runId === head && ended(view));
    expect(last.heldOut['domain']!.y.at(-1)!).toBeLessThan(last.heldOut['domain']!.y[0]!);
    const apart = moved((await outcome(head)).model);
    expect([...apart].filter(([, elements]) => elements.includes(true)).map(([name]) => name)).toEqual(['lm_head.weight']);
    // Read back as a model of its own: the loss that was logged is that of the stored weights.
    const killedHead = await again.api
      .extend(head, 14, 12, quiet)
      .then(() => again.seen((view) => view.runId === head && view.steps === 14 && ended(view)));
    expect(killedHead).toMatchObject({ state: 'finished', error: null });
  });

  it('gives a finished run more steps: the same, bit for bit, as a run that was asked for so many', async () => {
    const schedule = { kind: 'constant' as const, peakLr: 0.01, warmup: { unit: 'steps' as const, value: 2 } };
    const tab = await openTab();
    const whole = await tab.api.start(studioRecipe({ schedule }), 'whole', quiet);
    await tab.seen((view) => view.runId === whole && ended(view));
    const expected = await outcome(whole);

    const short = await tab.api.start(studioRecipe({ schedule, budget: { steps: 6 } }), 'short', quiet);
    await tab.seen((view) => view.runId === short && ended(view));
    await expect(tab.api.extend(short, 6, 6, quiet)).rejects.toMatchObject({ code: 'recipe-invalid', values: { field: 'budget.steps' } });
    await expect(tab.api.extend(short, 12, 5, quiet)).rejects.toMatchObject({ code: 'checkpoint-missing' });
    expect((await readRun(short)).state).toBe('finished');
    await tab.api.extend(short, 12, 6, quiet);
    const last = await tab.seen((view) => view.runId === short && view.steps === 12 && ended(view));
    expect(last.events).toContainEqual(expect.objectContaining({ type: 'extended', step: 6, before: 6, after: 12 }));
    expect(await outcome(short)).toEqual(expected);
    expect((await readRun(short)).recipe.budget.steps).toBe(12);
  });

  it('starts moments from zero after a checkpoint without them: the first update is the learning rate in size', async () => {
    const schedule = { kind: 'constant' as const, peakLr: 0.01, warmup: { unit: 'steps' as const, value: 0 } };
    const recipe = studioRecipe({ schedule, dropout: 0, optimizer: { weightDecay: 0 }, saving: { everySteps: 100 }, budget: { steps: 5 } });
    const tab = await openTab();
    const run = await tab.api.start(recipe, 'without moments', quiet);
    await tab.api.pause();
    while (tab.views.at(-1)!.step < 4) await tab.api.step();
    await tab.seen(({ runId, state, step }) => runId === run && state === 'paused' && step === 4);
    await tab.api.save(false);
    tab.terminate();
    await expect.poll(async () => (await readRun(run)).state).toBe('interrupted');
    const weights = async (step: number) => {
      const { model, optimizer } = await loadCheckpoint(run, step);
      const tensors = readSafetensors('model', new Uint8Array(await model.arrayBuffer())).tensors;
      return {
        values: [...tensors.values()].flatMap((tensor) => [...tensor.read()]),
        moments: readSafetensors('optimizer', optimizer).tensors.size,
      };
    };
    const before = await weights(4);
    expect(before.moments).toBe(0);

    await resumeElsewhere(run);
    const after = await weights(5);
    // Adam's first update is rate · g / (|g| + ε), whatever the gradient; with the bias correction of a fifth step it would be 0.55 of that.
    const moved = after.values.map((value, at) => Math.abs(value - before.values[at]!) / 0.01).filter((by) => by > 0);
    expect(moved.length).toBeGreaterThan(1000);
    expect(moved.filter((by) => Math.abs(by - 1) < 0.01).length / moved.length).toBeGreaterThan(0.9);
    expect(Math.max(...moved)).toBeLessThan(1.001);
  });

  it('measures the Fisher information before anything is written: not on an empty channel, and not when cancelled', async () => {
    const { api } = await openTab();
    const before = (await listRuns()).length;
    const recipe = studioRecipe({ regularisation: { ewc: { lambda: 1, sequences: 4000 } } });
    const [general, domain] = recipe.channels;
    const empty = { ...general!, id: 'nothing', corpus: 'tiny-empty', share: 0 };
    await expect(api.start({ ...recipe, channels: [general!, domain!, empty] }, 'empty', quiet)).rejects.toMatchObject({
      code: 'channel-empty',
      values: { channel: 'nothing' },
    });
    const cancelled = api.start(recipe, 'cancelled', ({ phase, done }) => {
      if (phase === 'fisher' && done === 1) void api.cancel();
    });
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    expect(await listRuns()).toHaveLength(before);
  });

  it('refuses an empty channel before anything is written', async () => {
    const { api } = await openTab();
    const before = (await listRuns()).length;
    const recipe = studioRecipe({
      channels: [
        { id: 'nothing', corpus: 'tiny-empty', role: 'general', share: 0.5 },
        { id: 'domain', corpus: 'tiny-domain', role: 'domain', share: 0.5 },
      ],
    });
    await expect(api.start(recipe, 'empty', quiet)).rejects.toMatchObject({
      code: 'channel-empty',
      values: { channel: 'nothing', needed: 17 },
    });
    expect(await listRuns()).toHaveLength(before);
  });

  it('refuses precision f16 before anything is written', async () => {
    const { api } = await openTab();
    const before = (await listRuns()).length;
    await expect(api.start(studioRecipe({ precision: 'f16' }), 'half', quiet)).rejects.toMatchObject({
      code: 'precision-unsupported',
      values: { precision: 'f16', backend: 'wasm', accepted: 'f32' },
    });
    expect(await listRuns()).toHaveLength(before);
  });

  it('keeps a second tab off a run, and compares, generates and scores while it trains', async () => {
    const [one, two] = await Promise.all([openTab(), openTab()]);
    const run = await one.api.start(
      studioRecipe({
        sequenceLength: 32,
        budget: { steps: 4000 },
        saving: { everySteps: 5 },
        evaluation: { everySteps: 4000, rowsPerChannel: 100 },
      }),
      'long',
      quiet,
    );
    await expect(two.api.resume(run, quiet)).rejects.toMatchObject({ code: 'run-locked', values: { run } });
    await one.seen((view) => view.step > 0);
    await one.api.save();
    await one.api.pause();
    const { checkpoints, step } = await one.seen(({ state, checkpoints }) => state === 'paused' && checkpoints.length > 0);
    const tuned = { kind: 'checkpoint', run, step: checkpoints.at(-1)!.step } as const;
    const base = { kind: 'model', model: MODEL } as const;
    await one.api.unpause();
    const corpora = [
      { id: 'general', corpus: 'tiny-general', role: 'general' as const },
      { id: 'domain', corpus: 'tiny-domain', role: 'domain' as const },
    ];
    // The run reads all held-out rows of the model's whole context: the same windows as all documents.
    const { channels, meanRetention } = await one.api.measureChannels([base, base, tuned], corpora, 100, quiet);
    const { evaluations } = await readMetrics(run);
    const { loss, tokens, bytes } = channels[1]!;
    expect(meanRetention[1]!.value).toBe(1);
    expect(evaluations[0]!.channels['domain']).toMatchObject({ tokens: tokens[0], bytes: bytes[0] });
    expect(loss[0]!.value).toBeCloseTo(one.views.at(-1)!.channels[1]!.baseLoss!, 5);
    expect(loss[2]!.value).toBeLessThan(loss[0]!.value);

    const text = 'The patient 患者 takes';
    const losses = await one.api.tokenLosses(base, tuned, text.repeat(3));
    expect(losses.map((piece) => piece.text).join('')).toBe(text.repeat(3));
    expect(losses.map((piece) => piece.text)).toContain('患');
    expect(losses[0]).toEqual({ text: 'T', a: null, b: null });
    expect(losses.slice(1).every((piece) => piece.a! > 0 && piece.b! > 0)).toBe(true);

    const options = { prompt: 'The ', seed: 3, temperature: 1, topP: 0.9, topK: 0, maxTokens: 20 };
    const pieces: string[] = [];
    const written = await one.api.generate(tuned, options, (piece) => pieces.push(piece));
    expect(pieces.join('')).toBe(written);
    expect(await one.api.generate(tuned, options, quiet)).toBe(written);
    await expect(Promise.all([one.api.generate(base, { ...options, maxTokens: 5000 }, quiet), one.api.cancel()])).rejects.toMatchObject({
      code: 'cancelled',
    });

    expect(one.views.at(-1)!.step).toBeGreaterThanOrEqual(step);
    await one.api.stop();
    expect(await readRun(run)).toMatchObject({ state: 'stopped', stopReason: 'person' });
  });

  it('forks: the same recipe gives the same bits, phases go on after a kill, another base is refused and leaves nothing', async () => {
    const phases = [
      { steps: 5 },
      {
        steps: 7,
        name: 'decay',
        shares: { general: 0.2, domain: 0.8 },
        schedule: { ...studioRecipe().schedule, kind: 'linear' as const, warmup: { unit: 'steps' as const, value: 0 } },
        order: 'difficulty' as const,
      },
    ];
    const recipe = studioRecipe({ phases, regularisation: { ewc: { lambda: 10, sequences: 2 } } });
    const tab = await openTab();
    const first = await tab.api.start(recipe, 'first', quiet);
    const view = await tab.seen((seen) => seen.runId === first && ended(seen));
    expect(view).toMatchObject({ state: 'finished', error: null });
    expect(view.events.filter(({ type }) => type === 'phase')).toMatchObject([{ step: 5, index: 1, name: 'decay' }]);
    const expected = await outcome(first);

    const known = (await listRuns()).length;
    const other = { ...recipe, sequenceLength: 8 };
    await expect(tab.api.fork({ run: first, step: 4 }, other, 'x', quiet)).rejects.toMatchObject({
      code: 'recipe-invalid',
      values: { field: 'sequenceLength', value: '8', accepted: '16' },
    });
    expect(await listRuns()).toHaveLength(known);

    const same = await tab.api.fork({ run: first, step: 4 }, recipe, 'same', quiet);
    await tab.seen((seen) => seen.runId === same && ended(seen));
    expect(await outcome(same)).toEqual(expected);
    expect(await readRun(same)).toMatchObject({ name: 'same', state: 'finished', forkedFrom: { run: first, step: 4, name: 'first' } });

    // A new channel, and its tab dies before a checkpoint of its own.
    const channels = [
      ...recipe.channels.map((channel) => ({ ...channel, share: channel.share / 2 })),
      { id: 'new', corpus: 'tiny-domain', role: 'domain' as const, share: 0.5 },
    ];
    const { phases: _, ...free } = recipe;
    const changed = { ...free, channels, saving: { ...recipe.saving, everySteps: 100 } };
    const whole = await tab.api.fork({ run: first, step: 8 }, changed, 'whole', quiet);
    await tab.seen((seen) => seen.runId === whole && ended(seen));
    const killed = await tab.api.fork({ run: first, step: 8 }, changed, 'killed', quiet);
    await tab.api.pause();
    tab.terminate();
    await expect.poll(async () => (await readRun(killed)).state).toBe('interrupted');
    await resumeElsewhere(killed);
    expect(await outcome(killed)).toEqual(await outcome(whole));
    expect((await outcome(whole)).evaluations.at(-1)!.channels['new']).toBeDefined();
  });

  it("chains: a kept run is its weights, and online EWC carries the first stage's Fisher information on", async () => {
    const plan: ChainPlan = {
      recipe: studioRecipe({ dropout: 0, budget: { steps: 12 } }),
      stages: [
        { domains: [{ id: 'domain', corpus: 'tiny-domain' }], steps: 12 },
        { domains: [{ id: 'second', corpus: 'tiny-general' }], steps: 12 },
      ],
      replay: 0.25,
      ewc: { lambda: 10, gamma: 0.5 },
      adapter: false,
    };
    const tab = await openTab();
    const train = async (stage: number, base: string) => {
      const run = await tab.api.start(stageRecipe(plan, stage, base), `stage ${stage}`, quiet, { id: 'c', name: 'c', stage, plan });
      expect(await tab.seen((seen) => seen.runId === run && ended(seen))).toMatchObject({ state: 'finished', error: null });
      return run;
    };
    const first = await train(0, MODEL);
    const kept = await libraryApi.keepRun(first, 12, 'kept', quiet);
    expect((await libraryApi.keepRun(first, 12, 'kept', quiet)).id).toBe(kept.id);
    const weights = async (bytes: Uint8Array) =>
      [...readSafetensors('x', bytes).tensors].map(([name, tensor]) => [name, [...tensor.read()]]);
    const { model } = await outcome(first);
    expect(await weights(await files.read(`${modelPath(kept.id)}/model.safetensors`))).toEqual(await weights(model));
    const second = await train(1, kept.id);
    const fisher = async (run: string) => fisherValues(await readFisher(run, 'ewc'));
    const [before, after] = [await fisher(first), await fisher(second)];
    // F ← ½ F + what is measured now, which is not negative.
    after.forEach(({ data }, at) => expect(data.every((value, index) => value >= 0.5 * before[at]!.data[index]! * (1 - 1e-6))).toBe(true));
    const [chain] = chainsOf(await listRuns());
    expect(chain).toMatchObject({ done: 2, active: false });
    const matrix = lifelongMatrix(chain!)!;
    expect(matrix.stages.map(({ run }) => run)).toEqual([first, second]);
    // The second stage begins where the first one ended.
    const start = (await readRun(second)).base!.channels;
    matrix.channels.forEach(({ id }, at) => expect(start[id]!.loss).toBeCloseTo(matrix.stages[0]!.loss[at]!, 5));
    expect(matrix.backward).not.toBeNull();
    const online = { ewc: { lambda: 1, sequences: 2, labels: 'model' as const, online: { gamma: 0.9 } } };
    await expect(tab.api.start(studioRecipe({ regularisation: online }), 'x', quiet)).rejects.toMatchObject({
      code: 'recipe-invalid',
      values: { field: 'regularisation.ewc.online', value: MODEL },
    });
    await libraryApi.removeModel(kept.id);
  });
});

describe('the trainer on WebGPU', () => {
  it('follows the run on wasm, with results read late and no tensor left behind', async () => {
    const recipe = studioRecipe({
      budget: { steps: 3 },
      dropout: 0,
      logging: { everySteps: 3 },
      evaluation: { everySteps: 9, rowsPerChannel: 4 },
    });
    const losses: number[][] = [];
    for (const backend of ['wasm', 'webgpu'] as const) {
      const tab = await openTab(backend);
      const { tensors } = await tab.api.memory();
      const run = await tab.api.start(recipe, backend, quiet);
      expect(await tab.seen(ended)).toMatchObject({ state: 'finished', error: null });
      await tab.api.stop();
      losses.push((await readMetrics(run)).rows.flatMap(({ total, gradNorm }) => [total!, gradNorm!]));
      expect((await tab.api.memory()).tensors).toBe(tensors);
      tab.terminate();
    }
    const [wasm, webgpu] = losses as [number[], number[]];
    expect(wasm).toHaveLength(4);
    wasm.forEach((value, at) => expect(Math.abs(webgpu[at]! / value - 1)).toBeLessThan(1e-3));
    // The software adapter compiles every shader on the CPU.
  }, 180_000);

  it('trains in f16 beside f32, logs the loss scale, and keeps it in its checkpoints', async () => {
    const changes = {
      budget: { steps: 4 },
      dropout: 0,
      logging: { everySteps: 2 },
      saving: { everySteps: 2 },
      evaluation: { everySteps: 9, rowsPerChannel: 2 },
    };
    const one = await openTab('webgpu');
    const { tensors } = await one.api.memory();
    const runs: string[] = [];
    for (const precision of ['f32', 'f16'] as const) {
      const run = await one.api.start(studioRecipe({ ...changes, precision }), precision, quiet);
      runs.push(run);
      expect(await one.seen((view) => view.runId === run && ended(view))).toMatchObject({ state: 'finished', error: null });
      await one.api.stop();
    }
    expect((await one.api.memory()).tensors).toBe(tensors);
    const [full, half] = (await Promise.all(runs.map((run) => readMetrics(run)))).map(({ rows }) => rows);
    expect(half!.map(({ step }) => step)).toEqual(full!.map(({ step }) => step));
    half!.forEach(({ total, gradNorm, lossScale }, at) => {
      expect(Math.abs(total! / full![at]!.total! - 1)).toBeLessThan(2e-3);
      expect(Math.abs(gradNorm! / full![at]!.gradNorm! - 1)).toBeLessThan(2e-2);
      expect(lossScale).toBe(2 ** 16);
    });
    expect(full!.every((row) => row.lossScale === undefined)).toBe(true);
    expect(one.views.at(-1)!.lossScaling).toEqual({ scale: 2 ** 16, skipped: 0 });

    const { optimizer } = await loadCheckpoint(runs[1]!, 4);
    const { tensors: stored } = readSafetensors('optimizer.safetensors', optimizer);
    expect([...stored.get('loss_scale')!.read()]).toEqual([2 ** 16]);
    expect([...stored.get('loss_scale_history')!.read()].slice(0, 3)).toEqual([4, 0, 4]);
    expect(stored.has('exp_avg.model.norm.weight')).toBe(true);
  }, 180_000);
});
