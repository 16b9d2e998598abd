/**
 * Threads that run chunks of a kernel. The engine's thread publishes one job at a time in a small shared block and works on it
 * too; a chunk goes to whoever claims it first. Chunks never depend on who runs them, so results don't either.
 *
 * One word says everything that must change at once: number of the job (16 bits), its chunks (8), the next unclaimed (8). A
 * thread reads the word, then the job, then claims by compare-and-swap: had the job changed meanwhile, the claim fails.
 */

/** Most chunks of a job. */
export const CHUNK_LIMIT = 255;

/** A kernel: its own arguments, then chunk and scratch. */
export type Kernel = (...args: number[]) => void;

const WORD = 0;
const DONE = 1;
const KERNEL = 2;
const COUNT = 3;
const SLEEPERS = 4;
const FAILED = 5;
const CLOSED = 6;
const WAITING = 7;
const ARGUMENTS = 32;
/** Polls before a thread goes to sleep: tens of microseconds, about what waking it costs. */
const PATIENCE = 20_000;

/** A page's own thread must not block (tests run there). */
const mayBlock = !('document' in globalThis);

export class Job {
  private readonly state: Int32Array;
  /** Scratch of thread 0, bytes a thread, then the kernel's arguments. */
  private readonly numbers: Float64Array;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(4 * ARGUMENTS + 8 * ARGUMENTS)) {
    this.state = new Int32Array(memory, 0, ARGUMENTS);
    this.numbers = new Float64Array(memory, 4 * ARGUMENTS, ARGUMENTS);
  }

  publish(kernel: number, chunks: number, args: readonly number[], scratch: number, scratchSize: number): void {
    const { state, numbers } = this;
    numbers[0] = scratch;
    numbers[1] = scratchSize;
    for (let i = 0; i < args.length; i++) numbers[i + 2] = args[i]!;
    state[KERNEL] = kernel;
    state[COUNT] = args.length;
    Atomics.store(state, DONE, 0);
    const number = ((Atomics.load(state, WORD) >>> 16) + 1) & 0xffff;
    Atomics.store(state, WORD, (number << 16) | (chunks << 8));
    if (Atomics.load(state, SLEEPERS) > 0) Atomics.notify(state, WORD);
  }

  /** Runs chunks until none is unclaimed. */
  work(kernels: readonly Kernel[], thread: number): void {
    const { state, numbers } = this;
    let word = Atomics.load(state, WORD);
    while (unclaimed(word)) {
      const kernel = kernels[state[KERNEL]!];
      const scratch = numbers[0]! + thread * numbers[1]!;
      const args = Array.from(numbers.subarray(2, 2 + state[COUNT]!));
      let found: number;
      while ((found = Atomics.compareExchange(state, WORD, word, word + 1)) === word) {
        try {
          kernel!(...args, word & 0xff, scratch);
        } catch (error) {
          Atomics.store(state, FAILED, 1);
          console.error(error);
        }
        Atomics.add(state, DONE, 1);
        if (Atomics.load(state, WAITING)) Atomics.notify(state, DONE);
        word++;
        if (!unclaimed(word)) return;
      }
      // Someone else claimed this chunk, or published another job: read it again.
      word = found;
    }
  }

  /** Waits until all chunks are done. @throws when a kernel trapped on any thread */
  finish(chunks: number): void {
    const { state } = this;
    for (let polls = 0; polls < PATIENCE && Atomics.load(state, DONE) < chunks; polls++);
    if (Atomics.load(state, DONE) < chunks) {
      // Whoever has the last chunk was taken off its core; leave it this one.
      Atomics.store(state, WAITING, 1);
      let done: number;
      while ((done = Atomics.load(state, DONE)) < chunks) if (mayBlock) Atomics.wait(state, DONE, done);
      Atomics.store(state, WAITING, 0);
    }
    if (Atomics.exchange(state, FAILED, 0)) throw new Error('A CPU kernel failed; the console says how');
  }

  /** Serves jobs until the team is closed. For threads that may block. */
  serve(kernels: readonly Kernel[], thread: number): void {
    const { state } = this;
    while (!Atomics.load(state, CLOSED)) {
      this.work(kernels, thread);
      const idle = Atomics.load(state, WORD);
      let polls = 0;
      while (polls < PATIENCE && Atomics.load(state, WORD) === idle) polls++;
      if (polls < PATIENCE) continue;
      Atomics.add(state, SLEEPERS, 1);
      // Returns at once when the word has changed since it was read.
      if (!unclaimed(idle)) Atomics.wait(state, WORD, idle);
      Atomics.sub(state, SLEEPERS, 1);
    }
  }

  close(): void {
    Atomics.store(this.state, CLOSED, 1);
    Atomics.store(this.state, WORD, 0);
    Atomics.notify(this.state, WORD);
  }
}

function unclaimed(word: number): boolean {
  return (word & 0xff) < ((word >>> 8) & 0xff);
}

/** The module's kernels in a fixed order, and their names. */
export function kernelNames(module: WebAssembly.Module): string[] {
  return WebAssembly.Module.exports(module)
    .filter(({ kind }) => kind === 'function')
    .map(({ name }) => name)
    .sort();
}

export async function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<Kernel[]> {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  return kernelNames(module).map((name) => exports[name] as Kernel);
}

/** What a thread is started with. */
export interface ThreadStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  job: SharedArrayBuffer;
  thread: number;
}
