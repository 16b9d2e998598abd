/** The run's part of the trainer worker: one run at a time on the session's engine. */
import type { RunControls } from '../../src/contract/run';
import { StudioError } from '../../src/core/errors';
import type { RunMessage } from '../../src/core/run/feed';
import { MOST_LOSSES, type EngineSession } from '../runtime/engine-session';
import { extendRun, forkRun, resumeRun, startRun, type ReadyRun, type Studio } from './run-setup';

export function trainApi(session: EngineSession): RunControls {
  let current: (ReadyRun & { done: Promise<void> }) | null = null;
  /** The run shown to a listener that comes late: the current one, or the one that ended last. */
  let last: ReadyRun | null = null;
  let preparing = false;
  let listener: ((message: RunMessage) => void) | null = null;

  /** Times that a run went on by itself after its device was lost, since this tab's start of it. */
  const recovered = new Map<string, number>();

  session.holder = {
    refusal: () => (current ? locked() : null),
    deviceLost(error) {
      if (!current) return;
      const { id, loop, done } = current;
      const trained = loop.record.state === 'running' || loop.record.state === 'preparing';
      loop.fail(error);
      const times = recovered.get(id) ?? 0;
      recovered.set(id, times + 1);
      // A run that was paused waits for the person; so does one whose device keeps going.
      if (trained && times < MOST_LOSSES) void done.then(() => goOn(id));
    },
  };

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
    const run = current?.id ?? '';
    return new StudioError('run-locked', `Run "${run}" is training in this tab`, { run });
  }

  /** Makes room for another run: a paused one is let go, it has its checkpoint; a training one is in the way. */
  async function takeOver(make: (studio: Studio) => Promise<ReadyRun>): Promise<string> {
    if (preparing) throw locked();
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
      const ready = await make({ ...(await session.engine()), work: await session.work(), clock: session.clock, listener: send });
      const done = ready.loop.run().finally(() => {
        ready.lock.release();
        if (current?.id === ready.id) current = null;
      });
      current = { ...ready, done };
      last = ready;
      return ready.id;
    } finally {
      preparing = false;
    }
  }

  return {
    async listen(next) {
      listener = next;
      if (last) send(last.loop.whole());
    },

    start: (recipe, name, onProgress, chain) => takeOver((ready) => startRun(recipe, name, onProgress, ready, chain)),
    fork: (from, recipe, name, onProgress) => takeOver((ready) => forkRun(from, recipe, name, onProgress, ready)),

    async resume(run, onProgress) {
      if (current?.id === run) return current.loop.unpause();
      await takeOver((ready) => resumeRun(run, onProgress, ready));
    },

    async extend(run, steps, from, onProgress) {
      await takeOver((ready) => extendRun(run, { steps, from }, onProgress, ready));
    },

    pause: async () => current?.loop.pause(),
    unpause: async () => current?.loop.unpause(),
    step: async () => current?.loop.step(),

    async stop() {
      const stopping = current;
      await stopping?.loop.stop();
      await stopping?.done;
    },

    save: async (moments) => current?.loop.save(moments),
    change: async (settings) => current?.loop.change(settings),
  };
}
