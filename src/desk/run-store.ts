/**
 * The run on the desk: followed by its feed, with every command a person gives and the settings that are on their way to the trainer.
 */
import { create } from 'zustand';
import { persist } from 'zustand/middleware';
import type { Progress } from '../contract/progress';
import { AlertWatch } from '../core/diagnosis/alerts';
import { errorRecord, StudioError, type ErrorRecord } from '../core/errors';
import type { Recipe } from '../core/recipe/schema';
import type { RunMessage } from '../core/run/feed';
import { isActive as isActiveState, type LiveSettings, type RunRecord } from '../core/run/types';
import { FollowedRun, type RunView } from '../core/run/view';
import { keepAwake, raiseAlerts, useAttention } from '../lab/attention-store';
import { openDevice, reopenDevice, useTrainerSweep } from '../lab/device-store';
import { isFollowable, restoreFollows, useFollows } from '../lab/follow-store';
import { askToKeep } from '../lab/storage-store';
import { useDeskRun } from '../lab/desk-recipes';
import { lab, onWorkerCrash, storedRun } from '../lab/lab';
import { plainStorage } from '../ui/plain-storage';

/** The checkpoint of a run that a new one goes on from; null: it begins at the base. */
type Fork = { run: string; step: number } | null;

/** Milliseconds between two changes that a moving fader sends. */
export const SEND_INTERVAL_MS = 150;

export interface ChangeSender {
  push(change: Partial<LiveSettings>): void;
  flush(): void;
  /** Nothing waits and nothing is on its way. */
  idle(): boolean;
}

/**
 * Sends live changes to the trainer without flooding it: moves within the interval are joined into one, and the last one always goes
 * out. A flush (pointer up) sends at once.
 */
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

/** Key of the interrupted runs whose banner a person has dismissed. */

export interface RunStore {
  /** The run shown: the trainer's, else one from the library. */
  run: RunView | null;
  /** What a start or a resume is busy with. */
  progress: Progress | null;
  /** A start or a resume that has not resolved yet. */
  starting: boolean;
  error: ErrorRecord | null;
  /** Settings a person has moved to and the trainer has not confirmed yet. */
  draft: Partial<LiveSettings> | null;
  /** The run that is trained elsewhere and whose log this tab follows, where it is the one shown. */
  remote: string | null;
  /** A run that its tab left behind. */
  interrupted: RunRecord | null;

  /** Opens the engine and listens; once. */
  attach(): void;
  /** Shows the run that its tab left behind, with the offer to go on; without one, the last run. */
  findFormer(): Promise<void>;
  /** Shows a stored run, or one whose log this tab follows, unless one is training. */
  show(id: string): Promise<void>;
  /** Takes a run that is trained elsewhere off the desk; it is followed on. */
  takeOff(): Promise<void>;
  start(recipe: Recipe, name: string, fork: Fork): Promise<void>;
  startAndStep(recipe: Recipe, name: string, fork: Fork): Promise<void>;
  resume(run: string): Promise<void>;
  dismissInterrupted(): void;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  step(): Promise<void>;
  stop(): Promise<void>;
  save(): Promise<void>;
  /** A checkpoint without the optimizer's moments: a third of the space. */
  saveWeights(): Promise<void>;
  /** A live change; `final` on pointer up. */
  change(settings: Partial<LiveSettings>, final: boolean): void;
  flush(): void;
  report(error: unknown): void;
  dismiss(): void;
}

export const isActive = (run: RunView | null): boolean => run !== null && isActiveState(run.state);

/** Interrupted runs that a person does not want to hear of again. */
const useDismissed = create(
  persist((): { ids: string[] } => ({ ids: [] }), {
    name: 'crossfade.dismissed-runs',
    storage: plainStorage(
      { ids: [] as string[] },
      (json) => {
        const stored: unknown = JSON.parse(json);
        return { ids: Array.isArray(stored) ? stored.filter((id) => typeof id === 'string') : [] };
      },
      ({ ids }) => JSON.stringify(ids),
    ),
  }),
);

let attached = false;
const watch = new AlertWatch();

export const useRun = create<RunStore>((set, get) => {
  const sender = createChangeSender(async (change) => {
    const { remote } = get();
    try {
      await (remote === null ? lab.trainer.change(change) : lab.library.control(remote, { settings: change }));
    } catch (error) {
      set({ error: errorRecord(error), draft: null });
    }
  });

  async function command(act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      const record = errorRecord(error);
      if (record.code !== 'cancelled') set({ error: record });
      return false;
    }
  }

  let followed: FollowedRun | null = null;

  /** @returns false when a message is missing before this one */
  function receive(message: RunMessage): boolean {
    if (message.header) followed = new FollowedRun(message);
    else if (!followed?.apply(message)) return false;
    const run = followed.view;
    // A change elsewhere is on its way until the script has read its control file.
    const waits = useFollows.getState().follows[get().remote ?? '']?.waiting;
    const draft = sender.idle() && !waits ? null : get().draft;
    // Told once: a later message of a run that has failed does not bring back what was dismissed.
    const before = get().run;
    const told = before?.runId === run.runId && before.state === 'failed';
    set(run.error && run.state === 'failed' && !told ? { run, draft, error: run.error } : { run, draft });
    // What it asks for comes with windows, evaluations and ends. Runs of a sweep call nobody: its own rules end them.
    const news = run.train !== before?.train || run.retentionSeries !== before.retentionSeries || run.state !== before.state;
    if (news && !useTrainerSweep.getState().sweep) raiseAlerts(watch.look(run, useAttention.getState().rules));
    return true;
  }

  /** Counts the trainers listened to: a message that a dead one had still sent must not hide that it died. */
  let trainer = 0;

  async function listen(open: () => Promise<unknown>): Promise<void> {
    const own = ++trainer;
    const follow = (): Promise<void> =>
      lab.trainer.listen((message) => {
        if (own !== trainer) return;
        // What trains here goes before what is followed; what has ended here does not.
        if (get().remote !== null && !isActiveState(message.state)) return;
        set({ remote: null });
        if (!receive(message)) void command(follow);
      });
    await open();
    await follow();
  }

  async function listenRemote(id: string): Promise<void> {
    set({ remote: id, draft: null, error: null });
    try {
      await lab.library.listenFollowed(id, (message) => {
        if (get().remote === id && !receive(message)) void command(() => listenRemote(id));
      });
    } catch (error) {
      set({ remote: null });
      throw error;
    }
  }

  /** Of what is trained elsewhere only what its control file takes. */
  const order = (wish: { save?: true; stop?: true }, own: () => Promise<unknown>) => {
    const { remote } = get();
    return command(() => (remote === null ? own() : lab.library.control(remote, { settings: {}, ...wish })));
  };

  async function begin(act: () => Promise<unknown>): Promise<boolean> {
    set({ starting: true, progress: null, error: null, draft: null, interrupted: null, remote: null });
    useAttention.setState({ alerts: [] });
    const done = await command(async () => {
      await openDevice();
      await askToKeep();
      await act();
    });
    set({ starting: false, progress: null });
    return done;
  }

  /** What was trained last stands on the desk again; a run that another tab trains is that tab's. */
  async function showLast(runs: readonly RunRecord[]): Promise<void> {
    const [last] = runs.filter(({ state }) => !isActiveState(state)).sort((a, b) => b.updatedAt - a.updatedAt);
    // A run that cannot be read is the Runs page's to tell of.
    const run = last ? await storedRun(last.id).catch(() => null) : null;
    if (run && !get().run && !get().starting) set({ run });
  }

  const onProgress = (progress: Progress) => set({ progress });
  const start = (recipe: Recipe, name: string, fork: Fork) =>
    fork ? lab.trainer.fork(fork, recipe, name, onProgress) : lab.trainer.start(recipe, name, onProgress);

  return {
    run: null,
    progress: null,
    starting: false,
    error: null,
    draft: null,
    remote: null,
    interrupted: null,

    attach() {
      if (attached) return;
      attached = true;
      void command(() => listen(openDevice));
      onWorkerCrash((error) => {
        const { run } = get();
        set({ error: errorRecord(error), starting: false, progress: null, draft: null });
        if (error.values['worker'] !== 'trainer') return;
        if (run && isActive(run)) set({ run: { ...run, state: 'interrupted' } });
        void command(() => listen(reopenDevice));
      });
    },
    async findFormer() {
      await command(async () => {
        const dismissed = new Set(useDismissed.getState().ids);
        const runs = await lab.library.runs();
        const [latest] = runs
          .filter((run) => run.state === 'interrupted' && !run.imported && !dismissed.has(run.id))
          .sort((a, b) => b.updatedAt - a.updatedAt);
        if (get().run || get().starting) return;
        if (latest) {
          set({ interrupted: latest });
          await get().show(latest.id);
        } else await showLast(runs);
      });
    },
    async show(id) {
      await command(async () => {
        const record = await lab.library.run(id);
        if (isFollowable(record)) await restoreFollows([record]);
        const run = await storedRun(id);
        if (get().remote === null && isActive(get().run)) return;
        if (get().starting || get().remote === id) return;
        if (isActive(run) && run.remote) return listenRemote(id);
        // This tab's trainer has no active run, so another tab's has: its transport must not be offered here.
        if (isActive(run)) throw new StudioError('run-locked', `Run "${run.name}" is open in another tab`, { run: run.name });
        set({ run, remote: null });
      });
    },
    async takeOff() {
      set({ remote: null, run: null, draft: null });
      await get().findFormer();
    },
    async start(recipe, name, fork) {
      await begin(() => start(recipe, name, fork));
    },
    async startAndStep(recipe, name, fork) {
      if (await begin(() => start(recipe, name, fork))) await command(() => lab.trainer.step());
    },
    async resume(run) {
      await begin(() => lab.trainer.resume(run, onProgress));
    },
    dismissInterrupted() {
      const { interrupted } = get();
      if (interrupted) useDismissed.setState(({ ids }) => ({ ids: [...ids.slice(-50), interrupted.id] }));
      set({ interrupted: null });
    },
    pause: async () => void (await command(() => lab.trainer.pause())),
    unpause: async () => void (await command(() => lab.trainer.unpause())),
    step: async () => void (await command(() => lab.trainer.step())),
    stop: async () => void (await order({ stop: true }, () => lab.trainer.stop())),
    save: async () => void (await order({ save: true }, () => lab.trainer.save())),
    saveWeights: async () => void (await command(() => lab.trainer.save(false))),
    change(settings, final) {
      set({ draft: { ...get().draft, ...settings } });
      sender.push(settings);
      if (final) sender.flush();
    },
    flush: () => sender.flush(),
    report: (error) => set({ error: errorRecord(error) }),
    dismiss: () => set({ error: null }),
  };
});

useRun.subscribe(({ run }) => useDeskRun.setState({ run }));
useRun.subscribe(({ run, starting, remote }) =>
  keepAwake('run', starting || (remote === null && (run?.state === 'preparing' || run?.state === 'running'))),
);
