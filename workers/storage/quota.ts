/** The browser's storage quota: what is used and free, and the errors for a full disk and for storage that is blocked. */
import { StudioError } from '../../src/core/errors';

export function isQuotaError(error: unknown): boolean {
  return error instanceof Error && error.name === 'QuotaExceededError';
}

/** `quota` with the bytes needed and, where the browser's figure can be true, those available. */
export async function quotaError(neededBytes: number): Promise<StudioError> {
  const { usage = 0, quota = 0 } = await navigator.storage.estimate();
  const available = Math.max(0, quota - usage);
  // Chromium reports 10 GiB free whatever the disk has, so as not to tell sites apart from it.
  if (available >= neededBytes) return new StudioError('quota', `The disk is full: ${neededBytes} bytes needed`, { needed: neededBytes });
  return new StudioError('quota', `The browser's storage is full: ${neededBytes} bytes needed, ${available} available`, {
    needed: neededBytes,
    available,
  });
}

/** Bytes that this origin uses, and its quota. */
export async function storageEstimate(): Promise<{ used: number; quota: number }> {
  const { usage = 0, quota = 0 } = await navigator.storage.estimate();
  return { used: usage, quota };
}

/** @throws StudioError `quota` where the browser says that so many bytes more do not fit */
export async function checkRoom(needed: number): Promise<void> {
  const { used, quota } = await storageEstimate();
  if (quota > 0 && needed > quota - used) throw await quotaError(needed);
}

/** Errors of a browser that refuses storage; without a secure context its objects are undefined. */
const BLOCKED: ReadonlySet<string> = new Set([
  ...['SecurityError', 'InvalidStateError', 'NotAllowedError', 'UnknownError', 'NotFoundError'],
  ...['TypeError', 'ReferenceError'],
]);

/**
 * `storage-blocked` for an error of opening the private file system or IndexedDB: a private window, site data that is blocked, or a page
 * without a secure context, where neither exists. Other errors come back as they are.
 */
export function blockedError(error: unknown): unknown {
  if (!(error instanceof Error && BLOCKED.has(error.name))) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new StudioError('storage-blocked', `The browser stores nothing: ${detail}`, { detail });
}
