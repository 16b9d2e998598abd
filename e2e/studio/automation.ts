/** What the studio stores, asked through its handle for automation: exact figures, where the page shows rounded ones. */
import type { Page } from '@playwright/test';
import type { CheckpointRecord, EvaluationRow, MetricRow, RunRecord } from '../../src/core/run/types';
import type { LibraryApi } from '../../src/contract/library';

interface Handle {
  crossfade: { lab: { library: LibraryApi } };
}

export interface StoredRun {
  record: RunRecord;
  /** Logging windows without the wall time, which no two runs share. */
  rows: Omit<MetricRow, 'stepMs'>[];
  evaluations: EvaluationRow[];
  checkpoints: CheckpointRecord[];
}

/** Newest first. */
export async function storedRuns(page: Page): Promise<StoredRun[]> {
  const found = await page.evaluate(async () => {
    const { library } = (window as unknown as Handle).crossfade.lab;
    const runs = await library.runs();
    return Promise.all(
      runs.map(async (record) => ({ record, ...(await library.metrics(record.id)), checkpoints: await library.checkpoints(record.id) })),
    );
  });
  return found
    .map(({ rows, ...run }) => ({ ...run, rows: rows.map(({ stepMs: _stepMs, ...row }) => row) }))
    .sort((one, other) => other.record.createdAt - one.record.createdAt);
}

export async function latestRun(page: Page): Promise<StoredRun> {
  const [latest] = await storedRuns(page);
  if (!latest) throw new Error('No run is stored.');
  return latest;
}
