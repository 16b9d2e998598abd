/** Writes checkpoints while training goes on: one at a time, each whole or not at all. */
import type { CheckpointRecord } from '../../src/core/run/types';
import type { AboutCheckpoint, CheckpointContent } from '../storage/checkpoints';
import type { RunStorage } from './metric-logger';

export type CheckpointReason = CheckpointRecord['reason'];

/** A checkpoint is replaced only by one whose reason weighs as much or more: pruning spares what a person saved and the end. */
const WEIGHT: Record<CheckpointReason, number> = { periodic: 0, pause: 0, start: 1, end: 2, person: 3 };

export class CheckpointWriter {
  private writing: Promise<void> = Promise.resolve();
  private fault: { error: unknown } | null = null;

  /**
   * @param stored the run's checkpoints so far
   * @param keep periodic ones that are kept
   * @param onChange called when one is complete, or could not be written
   */
  constructor(
    private readonly storage: RunStorage,
    private stored: CheckpointRecord[],
    private readonly keep: number,
    private readonly onChange: () => void,
  ) {}

  get checkpoints(): readonly CheckpointRecord[] {
    return this.stored;
  }

  /** The last one could not be written: `settle` tells why. */
  get failed(): boolean {
    return this.fault !== null;
  }

  has(step: number, reason: CheckpointReason): boolean {
    const saved = this.stored.find((checkpoint) => checkpoint.step === step);
    return saved !== undefined && WEIGHT[saved.reason] >= WEIGHT[reason];
  }

  /** Starts to write. Call after `settle`. */
  begin(step: number, content: CheckpointContent, about: AboutCheckpoint): void {
    this.writing = this.storage.checkpoint(step, content, about, this.keep).then(
      (checkpoints) => {
        this.stored = checkpoints;
        this.onChange();
      },
      (error: unknown) => {
        this.fault = { error };
        this.onChange();
      },
    );
  }

  /** Waits for the one being written. @throws what went wrong with it */
  async settle(): Promise<void> {
    await this.writing;
    const { fault } = this;
    this.fault = null;
    if (fault) throw fault.error;
  }

  /** Waits as `settle` does, and never throws. */
  idle(): Promise<void> {
    return this.writing;
  }
}
