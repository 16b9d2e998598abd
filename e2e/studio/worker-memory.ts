/** Memory of one of the page's workers, live objects and array buffers, asked by the protocol of the developer tools (Chromium). */
import type { CDPSession, Page } from '@playwright/test';

export class WorkerMemory {
  private readonly waiting = new Map<number, (result: unknown) => void>();
  private next = 1;
  private samples: number[] = [];

  private constructor(
    private readonly cdp: CDPSession,
    private readonly session: string,
  ) {
    cdp.on('Target.receivedMessageFromTarget', ({ sessionId, message }) => {
      const { id, result } = JSON.parse(message) as { id?: number; result?: unknown };
      if (sessionId === session && id !== undefined) this.waiting.get(id)?.(result);
    });
  }

  /** @param name part of the worker's address; it must have started */
  static async of(page: Page, name: string): Promise<WorkerMemory> {
    const cdp = await page.context().newCDPSession(page);
    const session = await new Promise<string>((resolve, reject) => {
      setTimeout(() => reject(new Error(`No worker ${name}`)), 10_000);
      cdp.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
        if (targetInfo.url.includes(name)) resolve(sessionId);
      });
      void cdp.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
    });
    return new WorkerMemory(cdp, session);
  }

  /** Bytes that are alive now: garbage is collected first. */
  async live(): Promise<number> {
    await this.ask('HeapProfiler.collectGarbage');
    const usage = (await this.ask('Runtime.getHeapUsage')) as { usedSize: number; backingStorageSize?: number };
    return usage.usedSize + (usage.backingStorageSize ?? 0);
  }

  /** Largest of all samples that were taken while `work` ran, and their number. */
  async peakDuring(work: Promise<unknown>, every = 300): Promise<{ peak: number; samples: number }> {
    this.samples = [];
    let running = true;
    const end = () => (running = false);
    work.then(end, end);
    while (running) {
      this.samples.push(await this.live());
      await new Promise((resolve) => setTimeout(resolve, every));
    }
    await work;
    return { peak: Math.max(...this.samples), samples: this.samples.length };
  }

  private ask(method: string): Promise<unknown> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, resolve);
      const message = JSON.stringify({ id, method });
      this.cdp.send('Target.sendMessageToTarget', { sessionId: this.session, message }).catch(reject);
    }).finally(() => this.waiting.delete(id));
  }
}
