/**
 * Sends live changes to the trainer without flooding it: moves within the interval are joined into one, and the last one
 * always goes out. A flush (pointer up) sends at once.
 */
import type { LiveSettings } from '../core/run/types';

export const SEND_INTERVAL_MS = 150;

export interface ChangeSender {
  push(change: Partial<LiveSettings>): void;
  flush(): void;
  /** Nothing waits and nothing is on its way. */
  idle(): boolean;
}

export function createChangeSender(send: (change: Partial<LiveSettings>) => Promise<unknown>): ChangeSender {
  let waiting: Partial<LiveSettings> | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let inFlight = 0;

  function out(): void {
    timer = null;
    if (!waiting) return;
    const change = waiting;
    waiting = null;
    inFlight += 1;
    void send(change).finally(() => (inFlight -= 1));
  }

  return {
    push(change) {
      waiting = { ...waiting, ...change };
      timer ??= setTimeout(out, SEND_INTERVAL_MS);
    },
    flush() {
      if (timer !== null) clearTimeout(timer);
      out();
    },
    idle: () => waiting === null && inFlight === 0,
  };
}
