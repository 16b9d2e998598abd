/** Sweeps for real: their records in the browser, the queue in trainers on wasm, and a tab that dies in the middle. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TrainerApi } from '../../src/contract/training';
import { readMeasuredRuns } from '../../src/core/laws/measured-runs';
import type { SweepRecord } from '../../src/core/sweep/record';
import type { SweepInput } from '../../src/core/sweep/schema';
import { createWorkerClient, type WorkerClient } from '../../src/lab/worker-client';
import { libraryApi } from '../library/api';
import { listCheckpoints } from '../storage/checkpoints';
import { lockSweepRun } from '../storage/locks';
import { listRuns, readMetrics, readRun } from '../storage/runs';
import { changeSweep, onSweepNews, storedSweeps } from '../storage/sweeps';
import { clearOut, furnish, studioRecipe } from './fixtures/tiny-studio';

const clients: WorkerClient<TrainerApi>[] = [];

beforeAll(furnish);
afterAll(clearOut);
afterEach(() => clients.splice(0).forEach((client) => client.terminate()));

async function openTab(): Promise<WorkerClient<TrainerApi>> {
  const client = createWorkerClient<TrainerApi>(
    'trainer',
    () => new Worker(new URL('../trainer.worker.ts', import.meta.url), { type: 'module' }),
  );
  clients.push(client);
  await client.api.open({ backend: 'wasm', threads: 1, requireHardware: false });
  return client;
}

const plan = (change: Partial<SweepInput> = {}): SweepInput => ({
  version: 1,
  name: 'tiny',
  base: studioRecipe(),
  axes: [{ field: 'domainShare', values: [0, 0.25, 0.5, 1] }],
  ...change,
});

const finished = async (id: string): Promise<SweepRecord> => {
  await expect.poll(async () => (await storedSweeps.sweep(id)).state, { timeout: 60_000, interval: 50 }).toBe('finished');
  return storedSweeps.sweep(id);
};

/** All but wall times. */
const figures = ({ runs, base }: SweepRecord) => ({
  base,
  runs: runs.map(({ index, state, judged, result }) => ({ index, state, judged, result: { ...result, seconds: 0 } })),
});

/** Everything of a run's history but wall times. */
async function history(run: string) {
  const { rows, evaluations } = await readMetrics(run);
  return { rows: rows.map((row) => ({ ...row, stepMs: 0 })), evaluations };
}

describe('a sweep', () => {
  it('ends with the same figures bit for bit when its tab dies in the middle, leaves no tensor, and keeps the weights of the best run alone', async () => {
    const tab = await openTab();
    // The second run is long enough to die in.
    const axes = [
      { field: 'domainShare', values: [0, 0.25, 0.5, 1] },
      { field: 'budget.steps', values: [12, 60, 12, 12] },
    ];
    const longer = plan({ axes, method: { kind: 'list' } });
    const unbroken = await storedSweeps.createSweep(longer);
    expect(unbroken).toMatchObject({ state: 'draft', channels: [{ id: 'general' }, { id: 'domain' }] });
    expect(unbroken.size).toBeGreaterThan(1000);
    await tab.api.joinSweep(unbroken.id);
    await expect(tab.api.start(studioRecipe(), 'another', () => undefined)).rejects.toMatchObject({ code: 'run-locked' });
    await expect(storedSweeps.removeSweep(unbroken.id)).rejects.toMatchObject({ code: 'sweep-running' });
    const whole = await finished(unbroken.id);
    await expect.poll(() => tab.api.joinedSweep()).toBeNull();
    const { tensors } = await tab.api.memory();
    const alone = await tab.api.start(whole.runs[1]!.recipe!, 'alone', () => undefined);
    await expect.poll(async () => (await readRun(alone)).state, { timeout: 20_000 }).toBe('finished');
    expect((await tab.api.memory()).tensors).toBe(tensors);
    expect(await history(whole.runs[1]!.run!)).toEqual(await history(alone));
    expect(whole.runs[1]!.result!.losses['domain']).toBe((await readRun(alone)).latest!.channels['domain']!.loss);
    const kept = await Promise.all(whole.runs.map(async ({ run }) => (await listCheckpoints(run!)).length));
    expect(kept.filter((count) => count > 0)).toHaveLength(1);
    expect(await readRun(whole.runs[1]!.run!)).toMatchObject({
      sweep: { id: unbroken.id, index: 1 },
      name: 'tiny 2 · domainShare 0.25 · steps 60',
    });

    const broken = await storedSweeps.createSweep(longer);
    await tab.api.joinSweep(broken.id);
    const second = async () => (await storedSweeps.sweep(broken.id)).runs[1]!;
    await expect.poll(async () => (await second()).run, { timeout: 20_000, interval: 5 }).not.toBeNull();
    const { run } = await second();
    await expect.poll(async () => (await listCheckpoints(run!)).length, { timeout: 20_000, interval: 2 }).toBeGreaterThan(0);
    tab.terminate();
    await expect.poll(async () => (await readRun(run!)).state).toBe('interrupted');
    expect((await second()).state).toBe('training');
    const [next, beside] = [await openTab(), await openTab()];
    await Promise.all([next.api.joinSweep(broken.id), beside.api.joinSweep(broken.id)]);
    const mended = await finished(broken.id);
    expect(mended.runs[1]!.run).toBe(run);
    expect(figures(mended)).toEqual(figures(whole));

    // Removed with its runs.
    for (const { api } of [next, beside]) await expect.poll(() => api.joinedSweep(), { timeout: 10_000 }).toBeNull();
    await storedSweeps.removeSweep(broken.id);
    await expect(storedSweeps.sweep(broken.id)).rejects.toMatchObject({ code: 'sweep-missing' });
    expect((await listRuns()).some(({ sweep }) => sweep?.id === broken.id)).toBe(false);
  });

  it('halts at a rung by its whole schedule: what goes on is the run that was never halted', async () => {
    const tab = await openTab();
    const halving = { kind: 'successive-halving' as const, reduction: 2, steps: 5, retention: 0 };
    const { id } = await storedSweeps.createSweep(
      plan({ halving, axes: [{ field: 'schedule.peakLr', values: [0.001, 0.02] }], seeds: [7] }),
    );
    await tab.api.joinSweep(id);
    const { runs } = await finished(id);
    const winner = runs.find(({ state }) => state === 'finished')!;
    expect(runs.find(({ state }) => state === 'stopped')).toMatchObject({ rung: 0, result: { steps: 5 } });
    await expect.poll(() => tab.api.joinedSweep()).toBeNull();
    const alone = await tab.api.start(winner.recipe!, 'alone', () => undefined);
    await expect.poll(async () => (await readRun(alone)).state, { timeout: 20_000 }).toBe('finished');
    const { rows, evaluations } = await history(winner.run!);
    const expected = await history(alone);
    expect(rows).toEqual(expected.rows);
    expect(evaluations.filter(({ step }) => step % 6 === 0)).toEqual(expected.evaluations);
    await storedSweeps.removeSweep(id);
  });

  it('pauses with its run saved, from any tab', async () => {
    const tab = await openTab();
    const { id } = await storedSweeps.createSweep(plan({ base: studioRecipe({ budget: { steps: 400 } }) }));
    await tab.api.joinSweep(id);
    await (await openTab()).api.pauseSweep(id);
    await expect.poll(() => tab.api.joinedSweep()).toBeNull();
    const [first] = (await storedSweeps.sweep(id)).runs;
    expect(first).toMatchObject({ state: 'training', result: null });
    expect((await listCheckpoints(first!.run!)).at(-1)).toMatchObject({ reason: 'pause' });
    // The run by itself goes on as its sweep does, and pausing it pauses the sweep.
    await tab.api.resume(first!.run!, () => undefined);
    expect(await tab.api.joinedSweep()).toBe(id);
    await tab.api.pause();
    expect(await tab.api.joinedSweep()).toBeNull();
    expect(await storedSweeps.sweep(id)).toMatchObject({ state: 'paused', runs: [{ state: 'training', run: first!.run }, {}, {}, {}] });
    await storedSweeps.removeSweep(id);
  });
});

describe('records of sweeps', () => {
  it('are changed by one transaction each, which all are told of', async () => {
    const { id } = await storedSweeps.createSweep(plan());
    const news: number[] = [];
    const stop = onSweepNews((told) => void (told.id === id && news.push(told.revision)));
    await Promise.all(
      Array.from({ length: 5 }, (_, at) => changeSweep(id, (sweep) => ({ sweep: { ...sweep, name: sweep.name + at }, value: null }))),
    );
    expect(await storedSweeps.sweep(id)).toMatchObject({ name: 'tiny01234', revision: 6 });
    await expect.poll(() => news).toEqual([2, 3, 4, 5, 6]);
    stop();
    // What throws leaves it as it was.
    await expect(
      changeSweep(id, () => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect((await storedSweeps.sweep(id)).revision).toBe(6);

    await storedSweeps.editSweep(id, { kind: 'order', indices: [2] });
    await storedSweeps.editSweep(id, { kind: 'drop', indices: [0] });
    const edited = await storedSweeps.editSweep(id, { kind: 'add', setting: { domainShare: 0.75 }, seeds: [1] });
    expect(edited.runs.map(({ index, state }) => [index, state])).toEqual([
      [2, 'planned'],
      [0, 'dropped'],
      [1, 'planned'],
      [3, 'planned'],
      [4, 'planned'],
    ]);
    await expect(storedSweeps.editSweep(id, { kind: 'drop', indices: [0] })).rejects.toMatchObject({
      code: 'sweep-run-begun',
      values: { run: 1 },
    });
    const lock = await lockSweepRun(id, 2);
    expect(await lockSweepRun(id, 2)).toBeNull();
    lock!.release();
    await storedSweeps.removeSweep(id);
  });

  it('of a table of runs are finished sweeps, and 500 runs with their curves are read at once', async () => {
    const table = readMeasuredRuns('share_pile,share_python,loss_pile,loss_python\n0.9,0.1,2.3,1.5\n0.7,0.3,nan,1.2\n');
    const { id, channels, runs } = await libraryApi.importSweep('cluster', table);
    expect(channels).toEqual([
      { id: 'pile', corpus: '', role: 'general' },
      { id: 'python', corpus: '', role: 'domain' },
    ]);
    expect(runs.map(({ state }) => state)).toEqual(['finished', 'failed']);
    await storedSweeps.removeSweep(id);

    const many = await storedSweeps.createSweep(
      plan({ axes: [{ field: 'domainShare', low: 0, high: 1, scale: 'uniform', points: 100 }], seeds: [1, 2, 3, 4, 5] }),
    );
    const curve = { x: Array.from({ length: 60 }, (_, at) => at), y: Array.from({ length: 60 }, (_, at) => Math.sqrt(at)) };
    const both = { general: curve, domain: curve };
    const result = { steps: 12, tokens: 768, losses: { general: 1, domain: 1 }, heldOut: both, train: both, seconds: 1, device: 'wasm' };
    await changeSweep(many.id, (sweep) => ({
      sweep: { ...sweep, state: 'finished', runs: sweep.runs.map((run) => ({ ...run, state: 'finished', result })) },
      value: null,
    }));
    const began = performance.now();
    expect((await storedSweeps.sweep(many.id)).runs).toHaveLength(500);
    expect(performance.now() - began).toBeLessThan(1000);
    await storedSweeps.removeSweep(many.id);
  });
});

describe('the range test of learning rates', () => {
  it('trains with a rising rate and leaves nothing behind', async () => {
    const tab = await openTab();
    const before = (await listRuns()).length;
    const seen: number[] = [];
    const test = { low: 1e-4, high: 10, steps: 40 };
    const { rates, losses, range } = await tab.api.rangeTest(
      studioRecipe(),
      test,
      ({ phase, done }) => void (phase === 'train' && seen.push(done)),
    );
    expect(rates).toHaveLength(40);
    expect(losses[0]).toBeCloseTo(Math.log(257), 0);
    expect(Math.min(...losses)).toBeLessThan(losses[0]! - 0.5);
    expect(range!.to).toBeLessThan(range!.lowest);
    expect(seen.at(-1)).toBe(losses.length);
    const { tensors } = await tab.api.memory();
    expect(await tab.api.measureSpeed(studioRecipe(), () => undefined)).toBeGreaterThan(0);
    const again = await tab.api.rangeTest(studioRecipe(), test, () => undefined);
    expect(again.losses).toEqual(losses);
    expect((await tab.api.memory()).tensors).toBe(tensors);
    expect((await listRuns()).length).toBe(before);

    const long = tab.api.rangeTest(studioRecipe(), { ...test, steps: 5000 }, () => undefined);
    await expect(tab.api.start(studioRecipe(), 'another', () => undefined)).rejects.toMatchObject({ code: 'run-locked' });
    await tab.api.cancel();
    await expect(long).rejects.toMatchObject({ code: 'cancelled' });
    await expect(tab.api.rangeTest(studioRecipe(), { ...test, high: 0 }, () => undefined)).rejects.toMatchObject({
      code: 'sweep-invalid',
      values: { field: 'rangeTest.high' },
    });
  });
});
