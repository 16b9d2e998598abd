/**
 * A worker started by a worker, for work of many threads. The caller makes the Worker, because the bundler looks for
 * `new Worker(new URL(…))` as it stands.
 */
import { releaseProxy, wrap, type Remote } from 'comlink';

export class NestedWorker<T> {
  private readonly remote: Remote<T>;
  private readonly waiting = new Set<(error: Error) => void>();
  private death: Error | null = null;

  constructor(private readonly worker: Worker) {
    this.remote = wrap<T>(worker);
    worker.onerror = ({ message }) => {
      this.death = new Error(message || 'a nested worker died');
      for (const reject of this.waiting) reject(this.death);
    };
  }

  /** Calls a method. A worker that died answers nothing any more: what waits for it, and what is asked later, throws. */
  ask<R>(call: (remote: Remote<T>) => Promise<R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      if (this.death) return reject(this.death);
      this.waiting.add(reject);
      call(this.remote)
        .then(resolve, reject)
        .finally(() => this.waiting.delete(reject));
    });
  }

  close(): void {
    this.remote[releaseProxy]();
    this.worker.terminate();
  }
}
