/** A run's history and record on their way to storage: gathered, and written about once a second while it trains. */
import { errorRecord } from '../../src/core/errors';
import type { RunHistory } from '../../src/core/run/snapshot';
import type { EvaluationRow, MetricRow, RunEvent, RunRecord } from '../../src/core/run/types';
import type { Clock } from '../runtime/clock';
import type { MetricLine, RunJournal } from './run-journal';

/** Milliseconds. */
const WRITE_EVERY = 1000;

export class RunDiary {
  private lines: MetricLine[] = [];
  private writtenAt = 0;

  constructor(
    private readonly record: RunRecord,
    private readonly history: RunHistory,
    private readonly journal: RunJournal,
    private readonly clock: Clock,
  ) {}

  addRow(row: MetricRow): void {
    this.history.addRow(row);
    this.lines.push({ kind: 'window', ...row });
  }

  addEvaluation(row: EvaluationRow): void {
    this.history.addEvaluation(row);
    this.lines.push({ kind: 'evaluation', ...row });
  }

  addEvent(event: RunEvent['event']): void {
    const entry: RunEvent = { event, step: this.record.step, at: this.clock.date() };
    this.history.addEvent(entry);
    this.lines.push({ kind: 'event', ...entry });
  }

  get due(): boolean {
    return this.clock.now() - this.writtenAt >= WRITE_EVERY;
  }

  /** @returns false when the disk is full: what could not be written waits, and the record carries the error */
  async write(): Promise<boolean> {
    const { record, lines } = this;
    this.writtenAt = this.clock.now();
    try {
      await this.journal.append(lines);
      this.lines = this.lines.slice(lines.length);
      const { state, stopReason, error, step, tokens, base, latest, device } = record;
      await this.journal.update({ state, stopReason, error, step, tokens, base, latest, device });
      return true;
    } catch (error) {
      const fault = errorRecord(error);
      if (fault.code !== 'quota') throw error;
      record.error = fault;
      return false;
    }
  }
}
