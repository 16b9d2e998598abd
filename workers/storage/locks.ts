/** One writer per run across all tabs of the browser, by Web Locks: a tab that dies gives its lock back. */
import { StudioError } from '../../src/core/errors';

export interface RunLock {
  release(): void;
}

const lockName = (runId: string): string => `crossfade:run:${runId}`;

/** Takes the run's lock or throws `run-locked` at once. */
export function lockRun(runId: string): Promise<RunLock> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(lockName(runId), { ifAvailable: true }, (lock) => {
        if (!lock) throw new StudioError('run-locked', `Run "${runId}" is being written by another tab`, { run: runId });
        return new Promise<void>((release) => resolve({ release }));
      })
      .catch(reject);
  });
}

/** Ids of the runs that some tab is writing now. */
export async function lockedRuns(): Promise<Set<string>> {
  const { held = [] } = await navigator.locks.query();
  const prefix = lockName('');
  return new Set(held.flatMap(({ name }) => (name?.startsWith(prefix) ? [name.slice(prefix.length)] : [])));
}

/** Runs `work` alone under this name, waiting for its turn (tokenizing the same corpus in two tabs, …). */
export function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  return navigator.locks.request(`crossfade:${name}`, work);
}
