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
