/** One kind of long work that a person can cancel; the work looks at its signal between pieces. */
import { StudioError } from '../../src/core/errors';

export class Cancelling {
  private controller = new AbortController();

  /** Of the work that begins now. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Ends all work begun so far. */
  cancel(): void {
    this.controller.abort();
    this.controller = new AbortController();
  }
}

/** @throws StudioError `cancelled` */
export function stopIf(signal: AbortSignal): void {
  if (signal.aborted) throw new StudioError('cancelled', 'Cancelled');
}
