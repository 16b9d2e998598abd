/** What can be read off a run's record and its checkpoints: whether it can go on, what it holds on the disk, where it is compared. */
import type { RunExportType } from '../contract/run';
import { isTrackerFormat } from '../core/trackers/tracked-run';
import { plainFileName } from '../core/text/file-name';
import { isActive, type CheckpointRecord, type RunRecord } from '../core/run/types';

/** Can go on from its last checkpoint: it ended before its budget, and something was kept. */
export function isResumable(run: RunRecord, checkpoints: readonly CheckpointRecord[] | undefined): boolean {
  return !isActive(run.state) && run.state !== 'finished' && (checkpoints?.length ?? 0) > 0 && run.step < run.recipe.budget.steps;
}

/** Can be given more steps: it has ended by its budget, and something was kept. */
export function isExtendable(run: RunRecord, checkpoints: readonly CheckpointRecord[]): boolean {
  return !isActive(run.state) && run.step >= run.recipe.budget.steps && checkpoints.length > 0;
}

export interface DiskUse {
  run: RunRecord;
  checkpoints: number;
  bytes: number;
}

/** What the checkpoints of each run hold, largest first. */
export function diskUse(runs: readonly RunRecord[], checkpoints: ReadonlyMap<string, CheckpointRecord[]>): DiskUse[] {
  return runs
    .map((run) => {
      const saved = checkpoints.get(run.id) ?? [];
      return { run, checkpoints: saved.length, bytes: saved.reduce((sum, checkpoint) => sum + checkpoint.bytes, 0) };
    })
    .sort((one, other) => other.bytes - one.bytes);
}

/** The compare page's address: the run's base against a checkpoint of it. */
export function comparePath(run: RunRecord, step: number): string {
  return `/compare?a=model:${encodeURIComponent(run.recipe.base)}&b=run:${encodeURIComponent(run.id)}@${step}`;
}

/** A file name without its ending that every file system takes. */
export function exportName(run: string, step: number, type: RunExportType, average = false): string {
  return `${plainFileName(run, 'run')}-${isTrackerFormat(type) ? type : `step-${step}${average ? '-average' : ''}`}`;
}
