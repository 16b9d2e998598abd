/** Who has its turn in the trainer's thread (`Clock.yield`) and on its engine (`EngineLock`). */

/** Time and yielding; tests bring their own. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Epoch milliseconds. */
  date(): number;
  /** Lets messages and other tasks have their turn. */
  yield(): Promise<void>;
}

/** Yields through a MessageChannel: setTimeout waits at least 4 ms once nested. */
export function workerClock(): Clock {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return {
    now: () => performance.now(),
    date: () => Date.now(),
    yield: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        port2.postMessage(null);
      }),
  };
}

/**
 * Turns on the one engine: training steps, evaluation batches and generated tokens take it in the order they asked, so none
 * starves another and no two overlap.
 */
export class EngineLock {
  private tail: Promise<void> = Promise.resolve();

  /** Runs `work` alone, after all that asked before. */
  async run<T>(work: () => Promise<T> | T): Promise<T> {
    const before = this.tail;
    let release!: () => void;
    this.tail = new Promise((resolve) => (release = resolve));
    await before;
    try {
      return await work();
    } finally {
      release();
    }
  }
}
