/** The worker's side of the border: what a `*.worker.ts` entry exposes, and work that the page can cancel. */
import { StudioError, crossErrors } from '../../src/core/errors';
import { expose as comlinkExpose, transferHandlers } from 'comlink';

/**
 * One kind of long work that a person can cancel. The work calls `signal.throwIfAborted()` between pieces, which throws the reason given
 * here: a StudioError `cancelled`, as the page sees it.
 */
export class Cancelling {
  private controller = new AbortController();

  /** Of the work that begins now. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Ends all work begun so far. @param reason what it throws */
  cancel(reason = new StudioError('cancelled', 'Cancelled')): void {
    this.controller.abort(reason);
    this.controller = new AbortController();
  }
}

/**
 * `expose(api)` and nothing else stands in a `*.worker.ts` entry. Whatever the api
 * throws reaches the page as a StudioError with its code and values (src/lab/worker-client.ts is the other side).
 */
export function expose(api: object): void {
  crossErrors(transferHandlers);
  comlinkExpose(api);
}
