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

  /** Ends all work begun so far. */
  cancel(): void {
    this.controller.abort(new StudioError('cancelled', 'Cancelled'));
    this.controller = new AbortController();
  }
}
