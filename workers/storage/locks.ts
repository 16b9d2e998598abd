/** Web Locks: one writer per run across all tabs of this browser. The browser releases the locks of a tab that closes or crashes. */
import { StudioError } from '../../src/core/errors';

export interface RunLock {
  release(): void;
}

const lockName = (runId: string): string => `crossfade:run:${runId}`;

/** Takes the run's lock without waiting. Throws `run-locked` when another tab has it. */
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

/** Ids of the runs whose lock a tab holds now. */
export async function lockedRuns(): Promise<Set<string>> {
  const { held = [] } = await navigator.locks.query();
  const prefix = lockName('');
  return new Set(held.flatMap(({ name }) => (name?.startsWith(prefix) ? [name.slice(prefix.length)] : [])));
}

/** Runs `work` while holding a lock of this name, waiting for it: two tabs do not tokenize the same corpus at once. */
export function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  return navigator.locks.request(`crossfade:${name}`, work);
}
