/** Web Locks: one writer per run across all tabs of this browser. The browser releases the locks of a tab that closes or crashes. */
import { StudioError } from '../../src/core/errors';

export interface RunLock {
  release(): void;
}

const lockName = (runId: string): string => `crossfade:run:${runId}`;
const sweepLockName = (sweep: string, index: number | ''): string => `crossfade:sweep:${sweep}:${index}`;

/** Takes the run's lock without waiting. Throws `run-locked` when another tab has it. */
export async function lockRun(runId: string): Promise<RunLock> {
  const lock = await take(lockName(runId));
  if (!lock) throw new StudioError('run-locked', `Run "${runId}" is being written by another tab`, { run: runId });
  return lock;
}

/** Of a run of a sweep, from the moment that a tab takes it off the queue until it is done with it. Null when another tab has it. */
export const lockSweepRun = (sweep: string, index: number): Promise<RunLock | null> => take(sweepLockName(sweep, index));

/** Ids of the runs whose lock a tab holds now. */
export const lockedRuns = (): Promise<Set<string>> => heldWith(lockName(''));

/** Indices of the sweep's runs that tabs have taken. */
export const takenOfSweep = async (sweep: string): Promise<Set<number>> =>
  new Set([...(await heldWith(sweepLockName(sweep, '')))].map(Number));

function take(name: string): Promise<RunLock | null> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, { ifAvailable: true }, (lock) => {
        if (!lock) return resolve(null);
        return new Promise<void>((release) => resolve({ release }));
      })
      .catch(reject);
  });
}

/** What follows the prefix in the names of the locks that are held. */
async function heldWith(prefix: string): Promise<Set<string>> {
  const { held = [] } = await navigator.locks.query();
  return new Set(held.flatMap(({ name }) => (name?.startsWith(prefix) ? [name.slice(prefix.length)] : [])));
}

/** Runs `work` while holding a lock of this name, waiting for it: two tabs do not tokenize the same corpus at once. */
export function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  return navigator.locks.request(`crossfade:${name}`, work);
}
