/**
 * One kind of long work that a person can cancel. The work calls `signal.throwIfAborted()` between pieces, which throws the reason given
 * here: a StudioError `cancelled`, as the page sees it.
 */
import { StudioError } from '../../src/core/errors';

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
