/** Threads that measure rows: nested workers, or this thread alone. */
import { NestedWorker } from '../../rpc/nested-worker';
import { RowMeasurer, type FoundOverlap, type MeasureTask, type MeasuredBatch, type RowBatch } from './measure';
import type { OverlapTable, TextRuns } from './overlap';

export interface RowMember {
  open(task: MeasureTask): Promise<void>;
  measure(batch: RowBatch): Promise<MeasuredBatch>;
  shingles(texts: string[]): Promise<Uint32Array[]>;
  runs(texts: string[]): Promise<(TextRuns | null)[]>;
  lookFor(table: OverlapTable): Promise<void>;
  overlaps(texts: string[]): Promise<(FoundOverlap | null)[]>;
}

/** Batches given to each member at a time: one to work on, one to wait. */
const AHEAD = 2;

export class RowTeam {
  private turn = 0;

  constructor(
    private readonly members: readonly RowMember[],
    private readonly end: () => void = () => undefined,
  ) {}

  /** Batches that may be under way at the same time. */
  get width(): number {
    return AHEAD * this.members.length;
  }

  static async open(workers: number, task: MeasureTask): Promise<RowTeam> {
    const team = workers > 0 ? nested(workers) : new RowTeam([memberHere()]);
    try {
      await team.all((member) => member.open(task));
    } catch (error) {
      team.close();
      throw error;
    }
    return team;
  }

  /** Members take turns; batches are of about equal size, and their results are wanted in order. */
  next(): RowMember {
    return this.members[this.turn++ % this.members.length]!;
  }

  async all(work: (member: RowMember) => Promise<void>): Promise<void> {
    await Promise.all(this.members.map(work));
  }

  close(): void {
    this.end();
  }
}

/** Does its work in this thread. */
export function memberHere(): RowMember {
  let measurer: RowMeasurer;
  return {
    async open(task) {
      measurer = await RowMeasurer.open(task);
    },
    measure: async (batch) => measurer.measure(batch),
    shingles: async (texts) => measurer.shingles(texts),
    runs: async (texts) => measurer.runs(texts),
    lookFor: async (table) => measurer.lookFor(table),
    overlaps: async (texts) => measurer.overlaps(texts),
  };
}

function nested(count: number): RowTeam {
  const workers = Array.from({ length: count }, (_, at) => {
    const worker = new Worker(new URL('./row.worker.ts', import.meta.url), { type: 'module', name: `rows ${at + 1}` });
    return new NestedWorker<RowMember>(worker);
  });
  return new RowTeam(workers.map(memberThere), () => workers.forEach((worker) => worker.close()));
}

function memberThere(worker: NestedWorker<RowMember>): RowMember {
  return {
    open: (task) => worker.ask((member) => member.open(task)),
    measure: (batch) => worker.ask((member) => member.measure(batch)),
    shingles: (texts) => worker.ask((member) => member.shingles(texts)),
    runs: (texts) => worker.ask((member) => member.runs(texts)),
    lookFor: (table) => worker.ask((member) => member.lookFor(table)),
    overlaps: (texts) => worker.ask((member) => member.overlaps(texts)),
  };
}
