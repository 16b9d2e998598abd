import { describe, expect, it } from 'vitest';
import { readMeasuredRuns } from '../laws/measured-runs';
import { recipeWith } from '../run/example-run';
import { edited, importedSweep, newSweep, resultOf, runsToFree, takeNext, withEnd, type RunEnd } from './queue';
import type { SweepRecord } from './record';
import { parseSweep, type SweepInput } from './schema';

const base = recipeWith({ budget: { steps: 40 } });
const sweepOf = (change: Partial<SweepInput> = {}): SweepRecord => ({
  ...newSweep(
    parseSweep({ version: 1, name: 's', base, axes: [{ field: 'schedule.peakLr', values: [1e-4, 3e-4, 1e-3] }], ...change }),
    's',
    0,
    null,
  ),
  state: 'running',
});
const end = (gain: number | null, steps = 40): RunEnd => ({
  ...{ state: gain === null ? 'failed' : 'finished', run: 'r', error: null, base: null },
  judged: { steps, gain, retention: gain === null ? null : 1 },
  result: { steps, tokens: 1, losses: {}, heldOut: {}, train: {}, seconds: 1, device: '' },
});
const none = new Set<number>();
const never = (index: number): never => {
  throw new Error(`run ${index}`);
};

describe('the queue of a sweep', () => {
  it('gives what a closed tab left, then the queue, and nothing while it is paused', () => {
    const first = takeNext(sweepOf(), none);
    expect(first.task).toMatchObject({ kind: 'train', run: { index: 0 }, rungs: null });
    expect(takeNext(first.sweep, none).task).toMatchObject({ run: { index: 0 } });
    const second = takeNext(first.sweep, new Set([0]));
    expect(second.task).toMatchObject({ run: { index: 1 } });
    expect(takeNext({ ...second.sweep, state: 'paused' }, none).task.kind).toBe('done');
    const third = takeNext(second.sweep, new Set([0, 1]));
    expect(takeNext(third.sweep, new Set([0, 1, 2])).task.kind).toBe('wait');
    const over = [0, 1, 2].reduce((sweep, index) => withEnd(sweep, index, end(index)), third.sweep);
    expect(over.state).toBe('finished');
    expect(takeNext(over, none).task.kind).toBe('done');
  });

  it('keeps the weights of the best, of none or of all, as the plan says', () => {
    const ended = (keep?: SweepInput['keep']) =>
      [0.2, 0.5, null].reduce<SweepRecord>(
        (sweep, gain, index) => withEnd(sweep, index, { ...end(gain), run: `r${index}` }),
        sweepOf(keep ? { keep } : {}),
      );
    expect(runsToFree(ended())).toEqual(['r0', 'r2']);
    expect(runsToFree(ended('none'))).toEqual(['r0', 'r1', 'r2']);
    expect(runsToFree(ended('all'))).toEqual([]);
  });

  it('promotes a run that ended below its rung without training it', () => {
    // Rungs at 10, 20, 40 steps; the best has a budget of 10.
    const plan = {
      halving: { kind: 'successive-halving' as const, reduction: 2, steps: 10, retention: 0.95 },
      axes: [{ field: 'budget.steps', values: [10, 40] }],
    };
    let { sweep, task } = takeNext(sweepOf(plan), none);
    expect(task).toMatchObject({ run: { index: 0 }, rungs: { at: [], until: 10 } });
    sweep = withEnd(sweep, 0, end(1, 10));
    ({ sweep, task } = takeNext(sweep, none));
    expect(task).toMatchObject({ run: { index: 1 }, rungs: { at: [10, 20], until: 10 } });
    sweep = withEnd(sweep, 1, { ...end(0.5, 10), state: 'planned' });
    ({ sweep, task } = takeNext(sweep, none));
    expect(task.kind).toBe('done');
    expect(sweep).toMatchObject({
      state: 'finished',
      runs: [
        { state: 'finished', rung: 2 },
        { state: 'stopped', rung: 0 },
      ],
    });
  });

  it('is edited while it runs, but for what has begun', () => {
    const { sweep } = takeNext(sweepOf(), none);
    const moved = edited(sweep, { kind: 'order', indices: [2, 1] }, never);
    expect(moved.runs.map(({ index }) => index)).toEqual([0, 2, 1]);
    expect(() => edited(sweep, { kind: 'drop', indices: [0] }, never)).toThrow('run 0');
    const dropped = edited(moved, { kind: 'drop', indices: [1, 2] }, never);
    const over = withEnd(dropped, 0, end(1));
    expect(over.state).toBe('finished');
    expect(edited(over, { kind: 'restore', indices: [2] }, never)).toMatchObject({
      state: 'paused',
      runs: [{}, { index: 2, state: 'planned' }, {}],
    });
    const added = edited(over, { kind: 'add', setting: { 'schedule.peakLr': 5e-4 }, seeds: [1, 2] }, never);
    expect(added.runs.slice(3)).toMatchObject([
      { index: 3, seed: 1, state: 'planned', recipe: { schedule: { peakLr: 5e-4 } } },
      { index: 4, seed: 2 },
    ]);
    expect(() => edited(over, { kind: 'add', setting: { nowhere: 1 }, seeds: [1] }, never)).toThrow(/nowhere/);
  });
});

it('a result has curves of at most 60 points, with the first and the last, and the wall time that its windows tell', () => {
  const ids = base.channels.map(({ id }) => id);
  const each = <T>(value: T) => Object.fromEntries(ids.map((id) => [id, value]));
  const rows = Array.from({ length: 500 }, (_, at) => ({
    ...{ step: at + 1, lr: 0, gradNorm: 1, stepMs: 20, tokens: at, total: 1, count: each(1) },
    loss: each(at === 499 ? null : at),
  }));
  const evaluation = (step: number, loss: number) => ({ step, retention: null, channels: each({ loss, tokens: 10, bytes: 20 }) });
  const record = { recipe: base, base: null, step: 500, tokens: 9, device: 'wasm', state: 'finished' as const };
  const { result, judged, base: before } = resultOf(record, { rows, evaluations: [evaluation(0, 3), evaluation(500, 2)] }, 1);
  const { x, y } = result!.train[ids[0]!]!;
  expect(x).toHaveLength(60);
  expect([x[0], x.at(-1), y[0], y.at(-1)]).toEqual([1, 500, 0, null]);
  expect(result).toMatchObject({ seconds: 10, losses: each(2), steps: 500 });
  expect(judged).toEqual({ steps: 500, gain: 1, retention: Math.E });
  expect(before).toEqual(each(3));
});

it('channels of a table get their roles by name, by the person, or the last one is what was mixed in', () => {
  const roles = (header: string, given: Record<string, 'domain' | 'general'> = {}) => {
    const [one, other] = header.split(',');
    const table = readMeasuredRuns(`share_${one},share_${other},loss_${one},loss_${other}\n0.5,0.5,2,3\n`);
    return importedSweep(table, { id: 's', name: 't', createdAt: 0, roles: given }).channels.map(({ role }) => role);
  };
  expect(roles('python,pile')).toEqual(['domain', 'general']);
  expect(roles('通用,医疗')).toEqual(['general', 'domain']);
  expect(roles('a,b')).toEqual(['general', 'domain']);
  expect(roles('a,b', { b: 'general' })).toEqual(['general', 'general']);
});
