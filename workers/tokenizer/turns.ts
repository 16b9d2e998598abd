/** Cooperative scheduling: long work in a worker pauses at intervals, so that the thread can handle messages such as a cancel. */

/** Longest time of uninterrupted work. */
const MILLISECONDS = 30;

export class Turns {
  private since = performance.now();

  constructor(private readonly signal: AbortSignal | undefined) {}

  /** Whether it is time to pause: `if (turns.due()) await turns.take()`. */
  due(): boolean {
    return performance.now() - this.since >= MILLISECONDS;
  }

  /** Lets the thread handle its messages. @throws StudioError `cancelled` */
  async take(): Promise<void> {
    await turn();
    this.signal?.throwIfAborted();
    this.since = performance.now();
  }
}

/** Resolves after the thread has handled waiting messages. A MessageChannel, because nested `setTimeout` calls wait at least 4 ms. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
