import { describe, expect, it } from 'vitest';
import type { CheckpointRecord, RunRecord } from '../core/run/types';
import { isResumable, diskUse } from './run-facts';

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
