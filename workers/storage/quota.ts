/** The browser's storage quota: what is used and free, and the error for a full disk. */
import { StudioError } from '../../src/core/errors';

export function isQuotaError(error: unknown): boolean {
  return error instanceof Error && error.name === 'QuotaExceededError';
}

export async function quotaError(neededBytes: number): Promise<StudioError> {
  const { usage = 0, quota = 0 } = await navigator.storage.estimate();
  const available = Math.max(0, quota - usage);
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
