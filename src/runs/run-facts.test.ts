import { describe, expect, it } from 'vitest';
import type { CheckpointRecord, RunRecord } from '../core/run/types';
import { exampleRecipe } from '../core/run/example-run';
import { diskUse, EVERY_RUN, isResumable, listedRuns, runColumns, stepOfPath, weightFiles } from './run-facts';

const run = (id: string, state: RunRecord['state'], step: number) => ({ id, state, step, recipe: { budget: { steps: 100 } } }) as RunRecord;
const checkpoint = (runId: string, bytes: number): CheckpointRecord => ({
  runId,
  step: 1,
  at: 0,
  bytes,
  reason: 'periodic',
  evaluation: null,
});

describe('diskUse', () => {
  it('sums a run’s checkpoints, largest first', () => {
    const rows = diskUse(
      [run('a', 'finished', 100), run('b', 'stopped', 5)],
      new Map([
        ['a', [checkpoint('a', 5)]],
        ['b', [checkpoint('b', 4), checkpoint('b', 7)]],
      ]),
    );
    expect(rows.map((row) => [row.run.id, row.checkpoints, row.bytes])).toEqual([
      ['b', 2, 11],
      ['a', 1, 5],
    ]);
  });
});

describe('isResumable', () => {
  it('needs a checkpoint, an end, and steps left', () => {
    const saved = [checkpoint('a', 1)];
    expect(isResumable(run('a', 'interrupted', 40), saved)).toBe(true);
    expect(isResumable(run('a', 'interrupted', 40), [])).toBe(false);
    expect(isResumable(run('a', 'running', 40), saved)).toBe(false);
    expect(isResumable(run('a', 'finished', 100), saved)).toBe(false);
    expect(isResumable(run('a', 'failed', 100), saved)).toBe(false);
  });
});

describe('runs that are looked for', () => {
  const evaluation = (zh: number, domain: number) => ({
    step: 0,
    retention: null,
    channels: { zh: { loss: zh, tokens: 1, bytes: 1 }, domain: { loss: domain, tokens: 1, bytes: 1 } },
  });
  const kept = (id: string, zh: number, more: Partial<RunRecord> = {}): RunRecord => ({
    ...run(id, 'finished', 100),
    ...{ name: id, createdAt: 5, tokens: 10, device: '', recipe: exampleRecipe, base: evaluation(3, 4), latest: evaluation(zh, 3.5) },
    ...more,
  });
  const runs = [
    kept('first', 3.01, { note: 'warm start', tags: ['law'], starred: true }),
    kept('second', 3.2),
    kept('third', 3, { archived: true }),
  ];
  const found = (filter: Partial<typeof EVERY_RUN>) =>
    listedRuns(runs, { ...EVERY_RUN, ...filter }, () => 'Golden ratio').map(({ id }) => id);

  it('are found by words, tags and comparisons of columns; the archive is asked for', () => {
    expect(found({})).toEqual(['first', 'second']);
    expect(found({ archived: true })).toEqual(['first', 'second', 'third']);
    expect(found({ starred: true })).toEqual(['first']);
    expect(found({ text: 'WARM' })).toEqual(['first']);
    expect(found({ text: '#law golden' })).toEqual(['first']);
    // e^(3 − 3.01) is 0.990, e^(3 − 3.2) is 0.819.
    expect(found({ text: 'retention>0.95' })).toEqual(['first']);
    expect(found({ text: 'loss_zh>=3.2' })).toEqual(['second']);
    expect(found({ text: 'nowhere' })).toEqual([]);
  });

  it('are rows of a table, with what their history tells', () => {
    const curve = { x: [0, 10, 20], y: [3, 2.8, 3.01] };
    const result = { steps: 20, tokens: 10, losses: { zh: 3.01 }, heldOut: { zh: curve }, train: {}, seconds: 1, device: '' };
    const columns = runColumns(runs, new Map([['first', { result, base: { zh: 3 } }]]), 15);
    const values = (id: string) => columns.find((column) => column.id === id)?.values;
    expect(values('loss_zh_min')).toEqual([2.8, 3.2, 3]);
    expect(values('loss_zh_at')).toEqual([2.8, null, null]);
    expect(values('tags')).toEqual(['law', null, null]);
    expect(values('began')).toEqual([5, 5, 5]);
  });
});

describe('weights of a run from elsewhere', () => {
  const files = (...names: string[]) => names.map((name) => ({ name }));
  it('are those of a model, without what the trainer keeps beside them', () => {
    const given = files('model.safetensors', 'optimizer.bin', 'random_states_0.pkl', 'cursor.json', 'config.json');
    expect(weightFiles(given).map(({ name }) => name)).toEqual(['model.safetensors', 'config.json']);
    expect(weightFiles(files('pytorch_model.bin', 'optimizer.bin'))).toHaveLength(1);
  });
  it.each([
    [['__0_0.distcp', '.metadata'], 'accelerate merge-weights'],
    [['bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt', 'mp_rank_00_model_states.pt'], 'zero_to_fp32.py'],
  ])('%j: that lie apart by process are told with what joins them', (names, command) => {
    expect(() => weightFiles(files(...names))).toThrow(
      expect.objectContaining({
        code: 'weights-sharded',
        values: expect.objectContaining({ command: expect.stringContaining(command) as string }) as object,
      }) as Error,
    );
  });
  it.each([
    ['run/checkpoints/200/model.safetensors', 200],
    ['checkpoint-1500/model.safetensors', 1500],
    ['24/model.safetensors', 24],
    ['global_step80/zero.pt', 80],
    ['final/model-00001-of-00002.safetensors', null],
  ])('%s: step %s', (path, step) => expect(stepOfPath(path)).toBe(step));
});
