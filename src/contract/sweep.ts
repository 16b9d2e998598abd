/** Sweeps: their records in the library, and the queue that trainers of all open tabs take runs from. */
import type { MeasuredTable } from '../core/laws/measured-runs';
import type { Decision, FitInput } from '../core/laws/decision';
import type { Goal } from '../core/laws/recommend';
import type { ChannelRole, Recipe } from '../core/recipe/schema';
import type { SweepPrediction, SweepRecord, SweepRun } from '../core/sweep/record';
import type { RangeTest, SuggestedRange, SweepInput } from '../core/sweep/schema';
import type { NoSurface, SurfaceGrid, SurfaceInput } from '../core/sweep/surface';
import type { OnProgress } from './progress';

/** Records, read and changed by any tab; each change is one transaction, so that no tab overwrites what another wrote. */
export interface StoredSweeps {
  /** Newest first. */
  sweeps(): Promise<SweepRecord[]>;
  /** Throws `sweep-missing`. */
  sweep(id: string): Promise<SweepRecord>;
  /** A draft with the plan's runs, and what was made of them already. Throws `sweep-invalid`, `recipe-invalid`. */
  createSweep(plan: SweepInput, kept?: KeptRuns): Promise<SweepRecord>;
  /** A finished sweep of a table's runs. @param roles of channels; of those that it leaves out they are guessed by name */
  importSweep(name: string, table: MeasuredTable, roles?: Record<string, ChannelRole>): Promise<SweepRecord>;
  renameSweep(id: string, name: string): Promise<void>;
  /**
   * Edits of the queue while it waits or runs: an order of the indices that have not begun, indices to drop or to put back, recipes to add.
   * Throws `sweep-missing`, `sweep-run-begun` of a run that is trained or has ended.
   */
  editSweep(id: string, edit: SweepEdit): Promise<SweepRecord>;
  /** With the runs of it that the library still has, but for one that another tab has open. Throws `sweep-running` while a tab trains one. */
  removeSweep(id: string): Promise<void>;
}

/** Results of runs of a plan, by their indices, that came about elsewhere: from an earlier call of the command line. */
export interface KeptRuns extends Pick<SweepRecord, 'base'> {
  runs: Pick<SweepRun, 'index' | 'state' | 'rung' | 'error' | 'result' | 'judged'>[];
}

export type SweepEdit =
  | { kind: 'order'; indices: number[] }
  | { kind: 'drop' | 'restore'; indices: number[] }
  /** Settings beside the plan's axes, as a setting of a planned run; each is trained with these seeds. A prediction stays with its runs, which no fit reads. */
  | { kind: 'add'; setting: SweepRecord['runs'][number]['setting']; seeds: number[]; prediction?: SweepPrediction };

/** What happens to sweeps, in this tab or another. */
export interface SweepNews {
  id: string;
  revision: number;
  removed: boolean;
}

/** This tab's trainer as a worker of the queue. */
export interface SweepControls {
  /**
   * Trains the runs of the sweep one after another, until none is left, it is paused, or this tab is told to leave. Resolves when the first run
   * has begun or nothing is left to do. Throws `run-locked` while another run trains in this tab, `sweep-missing`.
   */
  joinSweep(id: string): Promise<void>;
  /** This tab begins no other run of the sweep; the one it trains goes on unless `now`, which pauses the run with a checkpoint. */
  leaveSweep(now: boolean): Promise<void>;
  /** No tab begins another run; those under way are saved and set aside. */
  pauseSweep(id: string): Promise<void>;
  /**
   * A run whose rate rises from step to step; nothing of it is kept, and no run is written. Can be cancelled as an evaluation can (`cancel`).
   * Throws `run-locked`, `recipe-invalid`, `cancelled`.
   */
  rangeTest(recipe: Recipe, range: RangeTest, onProgress: OnProgress): Promise<RangeTestResult>;
  /** The sweep that this tab takes from. */
  joinedSweep(): Promise<string | null>;
  /** Called with each change of any sweep by any tab. One listener at a time. */
  listenSweeps(listener: (news: SweepNews) => void): Promise<void>;
}

/** Losses of the steps, nats per token of all channels, up to the first that is no number. */
export interface RangeTestResult {
  rates: number[];
  losses: number[];
  /** null where the loss never falls. */
  range: SuggestedRange | null;
}

/** Fits of laws, in a worker of their own: some seconds of arithmetic, which ending the worker cancels. */
export interface LawsApi {
  /** Fits once for the same runs, however often the goal changes. */
  decide(measured: FitInput, goal: Goal): Promise<Decision>;
  surface(input: SurfaceInput): Promise<SurfaceGrid | NoSurface>;
}
