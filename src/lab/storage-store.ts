/**
 * Whether the browser lets the studio keep anything (private windows and blocked site data do not), whether it promised not to remove
 * it when the disk is short (`navigator.storage.persist`), and whether something that was kept is gone.
 */
import { create } from 'zustand';
import { errorRecord, StudioError, type ErrorRecord } from '../core/errors';
import { lab } from './lab';

export interface StorageState {
  /** `storage-blocked`, where nothing can be kept. */
  blocked: ErrorRecord | null;
  /** What was kept at an earlier time is gone. */
  lost: boolean;
  /** The browser's answer; null before it was asked. */
  persisted: boolean | null;
}

export const useStorage = create<StorageState>(() => ({ blocked: null, lost: false, persisted: null }));

/** Key of localStorage: the mark of what is kept (workers/storage/mark.ts). */
const KEY = 'crossfade.kept';
/** The same in this visit, should localStorage be emptied with the rest. */
let known: string | null = null;

/** Compares the mark with the one from before. At the start, and when lists are read. */
export async function checkStorage(): Promise<void> {
  try {
    // Pages store nothing here themselves, but a browser that refuses them refuses the workers too.
    await navigator.storage.getDirectory();
    known ??= localStorage.getItem(KEY);
    useStorage.setState({ blocked: null });
    // Nothing was kept yet: the library's worker need not start for that.
    if (known === null) return;
    const mark = await lab.library.storageMark(false);
    useStorage.setState({ lost: mark !== known, persisted: await navigator.storage.persisted() });
  } catch (error) {
    const record = errorRecord(error);
    if (record.code !== 'internal' && record.code !== 'storage-blocked') return;
    const { detail = record.message } = record.values;
    useStorage.setState({ blocked: errorRecord(new StudioError('storage-blocked', `Nothing can be stored: ${detail}`, { detail })) });
  }
}

/** Before the first model or run is kept: asks the browser not to remove it, and remembers that something is here. Never rejects. */
export async function askToKeep(): Promise<void> {
  try {
    const mark = await lab.library.storageMark(true);
    if (mark !== null && mark !== known) {
      known = mark;
      localStorage.setItem(KEY, mark);
      useStorage.setState({ lost: false });
    }
    // A browser may ask the person; nothing waits for the answer.
    if (useStorage.getState().persisted !== true)
      void navigator.storage.persist().then(
        (persisted) => useStorage.setState({ persisted }),
        () => useStorage.setState({ persisted: false }),
      );
  } catch {
    // What is kept next says itself why it cannot be.
  }
}

/** The person has read that something is gone. */
export function acceptLoss(): void {
  known = null;
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Nothing is stored there then.
  }
  useStorage.setState({ lost: false });
}
