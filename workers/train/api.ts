/** The run's part of the trainer worker: one run at a time on the session's engine, begun by a page or by a sweep's queue. */
import type { RunControls } from '../../src/contract/run';
import type { SweepControls } from '../../src/contract/sweep';
import { StudioError } from '../../src/core/errors';
import type { RunMessage } from '../../src/core/run/feed';
import { MOST_LOSSES, type EngineSession } from '../runtime/engine-session';
import { onSweepNews, sweepToTrain } from '../storage/sweeps';
import { measureSpeed, testRange } from './range-test';
import { extendRun, forkRun, resumeRun, startRun, type ReadyRun, type Studio } from './run-setup';
import { SweepQueue, type SweepTrainer } from './sweep-queue';

type CurrentRun = ReadyRun & { done: Promise<void> };

export function trainApi(session: EngineSession): RunControls & SweepControls {
  let current: CurrentRun | null = null;
  /** The run shown to a listener that comes late: the current one, or the one that ended last. */
  let last: CurrentRun | null = null;
  let preparing = false;
  let listener: ((message: RunMessage) => void) | null = null;

  /** Times that a run went on by itself after its device was lost, since this tab's start of it. */
  const recovered = new Map<string, number>();

  session.holder = {
    // Also between two runs of a sweep, which are to be trained by the same engine.
    refusal: () => (current || queue.joined !== null ? locked() : null),
    deviceLost(error) {
      if (!current) return;
      const { id, loop, done } = current;
      const trained = loop.record.state === 'running' || loop.record.state === 'preparing';
      loop.fail(error);
      const times = recovered.get(id) ?? 0;
      recovered.set(id, times + 1);
      // A run that was paused waits for the person; so does one whose device keeps going. A sweep's queue goes on with its own.
      if (trained && times < MOST_LOSSES && queue.joined === null) void done.then(() => goOn(id));
    },
  };

  /** The run as a page shows it: one that was paused and then let go waits for a resume, as the library says too. */
  function shown({ id, loop }: CurrentRun): RunMessage {
    const whole = loop.whole();
    return current?.id !== id && whole.state === 'paused' ? { ...whole, state: 'interrupted' } : whole;
  }

  /** From the last checkpoint, on the device opened anew or on what takes its place. A fault is the failed run's, which says it already. */
  async function goOn(id: string): Promise<void> {
    await takeOver((studio) => resumeRun(id, () => undefined, studio)).catch(() => undefined);
  }

  function send(message: RunMessage): void {
    // A proxied listener answers with a promise; a page that went away must not end the run.
    const answer: unknown = listener?.(message);
    if (answer instanceof Promise) answer.catch(() => undefined);
  }

  function locked(): StudioError {
    const run = current?.id ?? last?.id ?? '';
    return new StudioError('run-locked', `Run "${run}" is training in this tab`, { run });
  }

  /**
   * Makes room for other work: a paused run is let go, it has its checkpoint; a training one is in the way, and so is a sweep.
   * @param bySweep the work is the sweep's own
   */
  async function withRoom<T>(work: (studio: Studio) => Promise<T>, bySweep = false): Promise<T> {
    if (preparing || (queue.joined !== null && !bySweep)) throw locked();
    preparing = true;
    try {
      if (current) {
        const { loop, done } = current;
        const { state } = loop.record;
        if (state === 'running' || state === 'preparing') throw locked();
        if (state === 'paused') loop.leave();
        await done;
      }
      await session.models.clear();
      return await work({ ...(await session.engine()), work: await session.work(), clock: session.clock, listener: send });
    } finally {
      preparing = false;
    }
  }

  const takeOver = (make: (studio: Studio) => Promise<ReadyRun>, bySweep = false): Promise<string> =>
    withRoom(async (studio) => {
      const ready = await make(studio);
      const done = ready.loop.run().finally(() => {
        ready.lock.release();
        if (current?.id === ready.id) current = null;
        if (last && last.id === ready.id && last.loop.record.state === 'paused') send(shown(last));
      });
      last = current = { ...ready, done };
      return ready.id;
    }, bySweep);

  const sweepTrainer: SweepTrainer = {
    mostLosses: MOST_LOSSES,
    refusal: () => (preparing || queue.joined !== null || (current && current.loop.record.state !== 'paused') ? locked() : null),
    begin: (recipe, name, sweep, rungs) => takeOver((studio) => startRun(recipe, name, () => undefined, studio, { sweep }, rungs), true),
    async goOn(run, rungs) {
      await takeOver((studio) => resumeRun(run, () => undefined, studio, rungs), true);
    },
    async outcome() {
      const { loop, done } = last!;
      await loop.parked();
      // One that is halted, or that a fault has paused, waits for nobody; one that has ended is not touched.
      if (loop.record.state === 'paused') loop.leave();
      await done;
      return { record: loop.record, halted: loop.halted };
    },
    async setAside() {
      if (!current) return;
      const { loop, done } = current;
      await loop.pause();
      if (loop.record.state === 'paused') loop.leave();
      await done;
    },
  };
  const queue = new SweepQueue(sweepTrainer);
  let newsEnds: () => void = () => undefined;

  return {
    async listen(next) {
      listener = next;
      if (last) send(shown(last));
    },

    start: (recipe, name, onProgress, chain) => takeOver((ready) => startRun(recipe, name, onProgress, ready, chain && { chain })),
    fork: (from, recipe, name, onProgress) => takeOver((ready) => forkRun(from, recipe, name, onProgress, ready)),

    async resume(run, onProgress) {
      if (current?.id === run) return current.loop.unpause();
      // Trained by itself it would be compared with runs that nobody could have changed by hand.
      const sweep = await sweepToTrain(run);
      if (sweep !== null) return queue.join(sweep);
      await takeOver((ready) => resumeRun(run, onProgress, ready));
    },

    async extend(run, steps, from, onProgress) {
      await takeOver((ready) => extendRun(run, { steps, from }, onProgress, ready));
    },

    // Between a sweep's runs no run could be held: the sweep itself is paused, in all tabs.
    pause: async () => (queue.joined === null ? current?.loop.pause() : queue.pause(queue.joined)),
    unpause: async () => current?.loop.unpause(),
    step: async () => current?.loop.step(),

    async stop() {
      const stopping = current;
      await stopping?.loop.stop();
      await stopping?.done;
    },

    save: async (moments) => current?.loop.save(moments),
    async change(settings) {
      // A run of a sweep is what its recipe says, or the sweep would compare what it does not tell.
      if (queue.joined !== null) throw locked();
      await current?.loop.change(settings);
    },

    joinSweep: (id) => queue.join(id),
    leaveSweep: (now) => queue.leave(now),
    pauseSweep: (id) => queue.pause(id),
    joinedSweep: async () => queue.joined,
    async listenSweeps(next) {
      newsEnds();
      newsEnds = onSweepNews((news) => {
        const answer: unknown = next(news);
        if (answer instanceof Promise) answer.catch(() => undefined);
      });
    },
    measureSpeed: (recipe, onProgress) => withRoom((studio) => measureSpeed(recipe, onProgress, studio)),
    rangeTest: (recipe, range, onProgress) => withRoom((studio) => testRange(recipe, range, onProgress, studio)),
  };
}
