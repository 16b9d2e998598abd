/** Logs a run: metric rows, evaluations and events go into its feed at once and to storage about once a second, with its record. */
import { errorRecord, StudioError } from '../../src/core/errors';
import type { LoggedEvent } from '../../src/core/run/events';
import type { RunFeed } from '../../src/core/run/feed';
import type { CheckpointRecord, EvaluationRow, MetricRow, RunRecord } from '../../src/core/run/types';
import type { Clock } from '../runtime/turns';
import { listCheckpoints, pruneCheckpoints, saveCheckpoint, type AboutCheckpoint, type CheckpointContent } from '../storage/checkpoints';
import { appendMetrics, type MetricLine, updateRun } from '../storage/runs';

/** Where a run's record, history and checkpoints are kept. All throw StudioError `quota` when the disk is full. */
export interface RunStorage {
  /** Merges fields into the record. */
  update(fields: Partial<Omit<RunRecord, 'id' | 'createdAt'>>): Promise<void>;
  append(lines: readonly MetricLine[]): Promise<void>;
  /** Saves whole or not at all, drops periodic ones beyond `keep`, and lists what there is. */
  checkpoint(step: number, content: CheckpointContent, about: AboutCheckpoint, keep: number): Promise<CheckpointRecord[]>;
}

/** In the browser: IndexedDB and the origin's private files. Throws `storage-lost` where these were removed under the run. */
export function browserStorage(run: string): RunStorage {
  return {
    update: (fields) => whileKept(run, async () => void (await updateRun(run, fields))),
    append: (lines) => whileKept(run, () => appendMetrics(run, lines)),
    checkpoint: (step, content, about, keep) =>
      whileKept(run, async () => {
        await saveCheckpoint(run, step, content, about);
        await pruneCheckpoints(run, keep);
        return listCheckpoints(run);
      }),
  };
}

/** What the browser's storage throws when its files or its database are gone while they are used. */
const GONE: ReadonlySet<string> = new Set(['NotFoundError', 'InvalidStateError', 'AbortError']);

async function whileKept<T>(run: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const gone = error instanceof StudioError ? error.code === 'run-missing' : error instanceof DOMException && GONE.has(error.name);
    throw gone ? new StudioError('storage-lost', `What was stored of run "${run}" is gone`, { run }) : error;
  }
}

/** Milliseconds between two writes while a run trains. */
const WRITE_EVERY = 1000;

type Untimed<Event> = Event extends unknown ? Omit<Event, 'step' | 'at'> : never;

export class MetricLogger {
  private lines: MetricLine[] = [];
  private writtenAt = 0;

  constructor(
    private readonly record: RunRecord,
    private readonly feed: RunFeed,
    private readonly storage: RunStorage,
    private readonly clock: Clock,
  ) {}

  addRow(row: MetricRow): void {
    this.feed.addRow(row);
    this.lines.push({ kind: 'window', ...row });
  }

  addEvaluation(row: EvaluationRow): void {
    this.feed.addEvaluation(row);
    this.lines.push({ kind: 'evaluation', ...row });
  }

  /** An event that happens now, at the run's step. */
  addEvent(event: Untimed<LoggedEvent>): void {
    const timed = { ...event, step: this.record.step, at: this.clock.date() } as LoggedEvent;
    this.feed.addEvent(timed);
    this.lines.push({ kind: 'event', ...timed });
  }

  /** Is the last write long enough ago? */
  get due(): boolean {
    return this.clock.now() - this.writtenAt >= WRITE_EVERY;
  }

  /** @returns false when the disk is full: lines not written are kept for the next write, and the record carries the error */
  async write(): Promise<boolean> {
    const { record, lines } = this;
    this.writtenAt = this.clock.now();
    try {
      await this.storage.append(lines);
      this.lines = this.lines.slice(lines.length);
      const { state, stopReason, error, step, tokens, base, latest, device } = record;
      await this.storage.update({ state, stopReason, error, step, tokens, base, latest, device });
      return true;
    } catch (error) {
      const fault = errorRecord(error);
      if (fault.code !== 'quota') throw error;
      record.error = fault;
      return false;
    }
  }
}
