/** Milliseconds between two cancels of the same work. */
const PAUSE_MS = 50;

/**
 * Cancels work that goes through several calls of workers. A cancel that arrives between two of them ends neither, so it is repeated until
 * the work has ended.
 */
export async function cancelUntil(ended: () => boolean, cancel: () => Promise<unknown>): Promise<void> {
  while (!ended()) {
    await cancel();
    await new Promise((later) => setTimeout(later, PAUSE_MS));
  }
}
