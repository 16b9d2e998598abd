/** A person's commands, kept until the loop reaches a place where they may act. */
interface Waiting {
  work: () => Promise<void>;
  resolve: () => void;
  reject: (error: unknown) => void;
}

export class CommandQueue {
  private waiting: Waiting[] = [];
  private closed = false;
  private rouse: (() => void) | null = null;

  /** Settles when the command has acted. On a run that has ended nothing is left to do, and it settles at once. */
  add(work: () => Promise<void>): Promise<void> {
    if (this.closed) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.waiting.push({ work, resolve, reject });
      this.wake();
    });
  }

  /** Runs all that wait. What a command throws goes to whoever gave it. */
  async runAll(): Promise<void> {
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) await next.work().then(next.resolve, next.reject);
  }

  /** Until a command comes. */
  async wait(): Promise<void> {
    if (this.waiting.length > 0) return;
    await new Promise<void>((resolve) => (this.rouse = resolve));
  }

  wake(): void {
    this.rouse?.();
    this.rouse = null;
  }

  close(): void {
    this.closed = true;
    for (const { resolve } of this.waiting.splice(0)) resolve();
    this.wake();
  }
}
