/**
 * This tab as a worker of a sweep's queue: takes a run off the record, trains it as an ordinary run, writes down what it gave, frees its
 * weights, and takes the next. What is taken is under a Web Lock of its own until the tab is done with it, so no run is trained twice, and a
 * run that is recorded as in training without such a lock was left by a tab that is gone: whoever takes next resumes it. The queue knows
 * neither engine nor storage; both are given to it.
 */
import type { SweepNews } from '../../src/contract/sweep';
import { errorRecord, type ErrorCode, type ErrorRecord, type StudioError } from '../../src/core/errors';
import type { Recipe } from '../../src/core/recipe/schema';
import type { RunRecord } from '../../src/core/run/types';
import {
  resultOf,
  runName,
  runsToFree,
  takeNext,
  withDeleted,
  withEnd,
  withFault,
  type RunEnd,
  type Rungs,
  type Task,
} from '../../src/core/sweep/queue';
import type { SweepRecord, SweepRun } from '../../src/core/sweep/record';
import { removeCheckpointsAfter } from '../storage/checkpoints';
import { exclusively, lockRun, lockSweepRun, takenOfSweep, type RunLock } from '../storage/locks';
import { records } from '../storage/records';
import { readMetrics, runOfSweep, type RunMetrics } from '../storage/runs';
import { changeSweep, onSweepNews, readSweep } from '../storage/sweeps';

/** The tab's engine, as far as the queue asks. */
export interface SweepTrainer {
  /** Times that a run goes on by itself after its device was lost. */
  readonly mostLosses: number;
  /** Why nothing can be trained here now; null when it can. */
  refusal(): StudioError | null;
  begin(recipe: Recipe, name: string, sweep: NonNullable<RunRecord['sweep']>, rungs: Rungs | null): Promise<string>;
  goOn(run: string, rungs: Rungs | null): Promise<void>;
  /** Settles when the run that was begun last has ended, is halted at its rung or was set aside, and has let the engine go. */
  outcome(): Promise<{ record: RunRecord; halted: boolean }>;
  /** Saves the run that trains, and lets it go. */
  setAside(): Promise<void>;
}

export interface SweepStore {
  read(id: string): Promise<SweepRecord>;
  change: typeof changeSweep;
  /** Indices that tabs have taken. */
  taken(id: string): Promise<Set<number>>;
  take(id: string, index: number): Promise<RunLock | null>;
  exclusively<T>(id: string, work: () => Promise<T>): Promise<T>;
  /** The run that was begun for an index, where its tab was closed before it could say so. */
  begunRun(id: string, index: number): Promise<string | null>;
  metrics(run: string): Promise<RunMetrics>;
  /** Removes the checkpoints of runs. */
  free(runs: readonly string[]): Promise<void>;
  onNews(listener: (news: SweepNews) => void): () => void;
}

const browserSweeps: SweepStore = {
  read: readSweep,
  change: changeSweep,
  taken: takenOfSweep,
  take: lockSweepRun,
  exclusively: (id, work) => exclusively(`queue:${id}`, work),
  begunRun: runOfSweep,
  metrics: (run) => readMetrics(run),
  async free(runs) {
    const kept = new Set((await (await records()).getAllKeys('checkpoints')).map(([run]) => run));
    for (const run of runs.filter((id) => kept.has(id))) {
      const lock = await lockRun(run).catch(() => null);
      // Open in another tab: freed after the next run.
      if (lock) await removeCheckpointsAfter(run, -1).finally(() => lock.release());
    }
  },
  onNews: onSweepNews,
};

/** Faults of a run's own settings: it failed, and the others go on. Whatever else happens is one of the machine, and pauses the sweep. */
const OWN_FAULTS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'loss-not-finite',
  'gradient-not-finite',
  'recipe-invalid',
  'channel-empty',
  'precision-unsupported',
]);

/** Milliseconds after which a tab that waits looks again: a tab that dies tells nobody. */
const LOOK_EVERY = 1000;

interface Session {
  id: string;
  /** after: when its run has ended; now: with the run set aside. */
  leaving: 'after' | 'now' | null;
  /** Runs that another tab has open as runs of their own; tried again after a while. */
  open: Set<number>;
  /** The first run has begun, or nothing is left to do. */
  begun: Promise<void>;
  begin: () => void;
  done: Promise<void>;
  rouse: () => void;
}

export class SweepQueue {
  private session: Session | null = null;

  constructor(
    private readonly trainer: SweepTrainer,
    private readonly store: SweepStore = browserSweeps,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Id of the sweep that this tab takes from, also while its last run trains. */
  get joined(): string | null {
    return this.session?.id ?? null;
  }

  /** @throws StudioError `sweep-missing`, `run-locked` */
  async join(id: string): Promise<void> {
    if (this.session?.leaving === 'now') await this.session.done;
    if (this.session?.id === id) {
      this.session.leaving = null;
      return this.session.begun;
    }
    const refusal = this.trainer.refusal();
    if (refusal) throw refusal;
    let begin!: () => void;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const session: Session = { id, leaving: null, open: new Set(), begun, begin, done: Promise.resolve(), rouse: () => undefined };
    this.session = session;
    try {
      await this.store.change(id, (sweep) => ({
        sweep: sweep.state === 'draft' || sweep.state === 'paused' ? { ...sweep, state: 'running' } : sweep,
        value: null,
      }));
    } catch (error) {
      this.session = null;
      begin();
      throw error;
    }
    session.done = this.work(session);
    await Promise.race([begun, session.done]);
  }

  async leave(now: boolean): Promise<void> {
    const { session } = this;
    if (!session) return;
    session.leaving = now ? 'now' : (session.leaving ?? 'after');
    session.rouse();
    if (!now) return;
    await this.trainer.setAside();
    await session.done;
  }

  /** @throws StudioError `sweep-missing` */
  async pause(id: string): Promise<void> {
    await this.store.change(id, (sweep) => ({ sweep: sweep.state === 'running' ? { ...sweep, state: 'paused' } : sweep, value: null }));
    if (this.session?.id === id) await this.leave(true);
  }

  private async work(session: Session): Promise<void> {
    const { id } = session;
    const stop = this.store.onNews((news) => {
      if (news.id !== id) return;
      session.rouse();
      void this.heed(session, news).catch(() => undefined);
    });
    try {
      while (session.leaving === null) {
        const { sweep, task, lock } = await this.take(session);
        if (task.kind === 'done') break;
        if (task.kind === 'train' && lock) {
          await this.train(session, sweep, task)
            .catch((error: unknown) => this.fail(session, task.run, null, errorRecord(error)))
            .finally(() => lock.release());
          continue;
        }
        session.begin();
        await Promise.race([
          new Promise<void>((resolve) => (session.rouse = resolve)),
          new Promise<void>((resolve) => setTimeout(resolve, LOOK_EVERY)),
        ]);
        session.open.clear();
      }
    } catch {
      // The record is gone, or cannot be written: what was trained is in the library, and whoever joins next goes on from there.
    } finally {
      stop();
      this.session = null;
      session.begin();
    }
  }

  /** Another tab has paused the sweep, or removed it. */
  private async heed(session: Session, { id, removed }: SweepNews): Promise<void> {
    const state = removed ? 'paused' : (await this.store.read(id)).state;
    if (state === 'paused' && this.session === session && session.leaving !== 'now') await this.leave(true);
  }

  private take(session: Session): Promise<{ sweep: SweepRecord; task: Task; lock: RunLock | null }> {
    const { id, open } = session;
    return this.store.exclusively(id, async () => {
      const taken = new Set([...(await this.store.taken(id)), ...open]);
      const { sweep, value: task } = await this.store.change(id, (record) => {
        const next = takeNext(record, taken);
        return { sweep: next.sweep, value: next.task };
      });
      return { sweep, task, lock: task.kind === 'train' ? await this.store.take(id, task.run.index) : null };
    });
  }

  private async train(session: Session, sweep: SweepRecord, { run, rungs }: Extract<Task, { kind: 'train' }>): Promise<void> {
    const { id } = session;
    const { index } = run;
    const started = this.now();
    let begun = run.run ?? (await this.store.begunRun(id, index));
    for (let losses = 0; ; losses++) {
      try {
        begun = await this.start(sweep, run, begun, rungs);
      } catch (error) {
        const fault = errorRecord(error);
        if (fault.code === 'run-locked' && begun !== null) session.open.add(index);
        // A person has deleted it in the library: it is not made again unless it is put back.
        else if (fault.code === 'run-missing')
          await this.store.change(id, (record) => ({ sweep: withDeleted(record, index, fault), value: null }));
        else await this.fail(session, run, begun, fault);
        return;
      }
      const trained = begun;
      await this.store.change(id, (record) => ({ sweep: withRunId(record, index, trained), value: null }));
      session.begin();
      if (session.leaving === 'now') await this.trainer.setAside();
      const { record, halted } = await this.trainer.outcome();
      const { state, error } = record;
      if (state === 'failed' && error?.code === 'device-lost' && losses < this.trainer.mostLosses && session.leaving !== 'now') continue;
      // Set aside: it stays in training, and is resumed by who takes it next.
      if (state === 'paused' && !halted && !error) return;
      if (state === 'paused' && !halted) return this.fail(session, run, begun, error!);
      if (state === 'failed' && !OWN_FAULTS.has(error!.code)) return this.fail(session, run, begun, error!);
      const seconds = (run.result?.seconds ?? 0) + (this.now() - started) / 1000;
      const ended = halted ? 'planned' : state === 'finished' || state === 'failed' ? state : 'stopped';
      await this.end(id, index, { state: ended, run: begun, error, ...resultOf(record, await this.store.metrics(begun), seconds) });
      return;
    }
  }

  /** Goes on with what was begun, or begins. @returns the run's id */
  private async start(sweep: SweepRecord, run: SweepRun, begun: string | null, rungs: Rungs | null): Promise<string> {
    if (begun === null) return this.trainer.begin(run.recipe!, runName(sweep, run), { id: sweep.id, index: run.index }, rungs);
    await this.trainer.goOn(begun, rungs);
    return begun;
  }

  /** @param begun null where it is not known */
  private async fail(session: Session, run: SweepRun, begun: string | null, error: ErrorRecord): Promise<void> {
    if (OWN_FAULTS.has(error.code)) {
      const judged = { steps: 0, gain: null, retention: null };
      await this.end(session.id, run.index, { state: 'failed', run: begun, error, result: null, judged, base: null });
      return;
    }
    session.leaving ??= 'after';
    await this.store.change(session.id, (record) => ({ sweep: withFault(record, run.index, begun, error), value: null }));
  }

  private async end(id: string, index: number, end: RunEnd): Promise<void> {
    const { sweep } = await this.store.change(id, (record) => ({ sweep: withEnd(record, index, end), value: null }));
    // A result is none the worse for weights that could not be removed; the next end tries again.
    await this.store.free(runsToFree(sweep)).catch(() => undefined);
  }
}

const withRunId = (sweep: SweepRecord, index: number, run: string): SweepRecord =>
  sweep.runs.some((one) => one.index === index && one.run !== run)
    ? { ...sweep, runs: sweep.runs.map((one) => (one.index === index ? { ...one, run } : one)) }
    : sweep;
