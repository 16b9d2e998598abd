/** Where a run writes itself down: record, history and checkpoints in the browser's storage. */
import type { CheckpointRecord, RunRecord } from '../../src/core/run/types';
import { listCheckpoints, pruneCheckpoints, saveCheckpoint, type CheckpointContent } from '../storage/checkpoints';
import { appendMetrics, type MetricLine } from '../storage/metrics';
import { updateRun } from '../storage/runs';

export type { MetricLine } from '../storage/metrics';
export type { CheckpointContent } from '../storage/checkpoints';

export interface RunJournal {
  /** Merges fields into the record. */
  update(fields: Partial<Omit<RunRecord, 'id' | 'createdAt'>>): Promise<void>;
  append(lines: readonly MetricLine[]): Promise<void>;
  /** Saves whole or not at all, drops periodic ones beyond `keep`, and lists what there is. */
  checkpoint(
    step: number,
    content: CheckpointContent,
    about: Pick<CheckpointRecord, 'reason' | 'evaluation'>,
    keep: number,
  ): Promise<CheckpointRecord[]>;
}

export function storedJournal(run: string): RunJournal {
  return {
    update: async (fields) => void (await updateRun(run, fields)),
    append: (lines) => appendMetrics(run, lines),
    async checkpoint(step, content, about, keep) {
      await saveCheckpoint(run, step, content, about);
      await pruneCheckpoints(run, keep);
      return listCheckpoints(run);
    },
  };
}
