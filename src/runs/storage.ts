/** What runs hold on disk, and what of it could go without losing a run: checkpoints before the last, and settled runs. */
import type { CheckpointRecord, RunRecord, RunState } from '../core/run/types';

export interface RunStorage {
  run: RunRecord;
  checkpoints: number;
  bytes: number;
}

/** Largest first. */
export function runStorage(runs: readonly RunRecord[], checkpoints: ReadonlyMap<string, CheckpointRecord[]>): RunStorage[] {
  return runs
    .map((run) => {
      const saved = checkpoints.get(run.id) ?? [];
      return { run, checkpoints: saved.length, bytes: saved.reduce((sum, checkpoint) => sum + checkpoint.bytes, 0) };
    })
    .sort((one, other) => other.bytes - one.bytes);
}

const ACTIVE: readonly RunState[] = ['preparing', 'running', 'paused'];

/** A run whose trainer holds it now: it can be opened, not deleted. */
export function isActive(state: RunState): boolean {
  return ACTIVE.includes(state);
}

/** Can go on from its last checkpoint: it ended before its budget, and something was kept. */
export function isResumable(run: RunRecord, checkpoints: readonly CheckpointRecord[] | undefined): boolean {
  return !isActive(run.state) && run.state !== 'finished' && (checkpoints?.length ?? 0) > 0 && run.step < run.recipe.budget.steps;
}
