/** The run on the desk: fed by the trainer's snapshots, and every command a person gives. */
import { create } from 'zustand';
import type { Progress } from '../contract/progress';
import { errorRecord, StudioError, type ErrorRecord } from '../core/errors';
import type { Recipe } from '../core/recipe/schema';
import type { LiveSettings, RunRecord, RunSnapshot, RunState } from '../core/run/types';
import { openDevice, reopenDevice } from '../lab/device-store';
import { lab, onWorkerCrash } from '../lab/lab';
import { createChangeSender } from './change-sender';

const DISMISSED = 'crossfade.dismissed-runs';

export interface RunStore {
  /** The run shown: the trainer's, else one from the library. */
  snapshot: RunSnapshot | null;
  /** What a start or a resume is busy with. */
  progress: Progress | null;
  /** A start or a resume that has not resolved yet. */
  starting: boolean;
  error: ErrorRecord | null;
  /** Settings a person has moved to and the trainer has not confirmed yet. */
  draft: Partial<LiveSettings> | null;
  /** A run that its tab left behind. */
  interrupted: RunRecord | null;

  /** Opens the engine and listens; once. */
  attach(): void;
  findInterrupted(): Promise<void>;
  /** Shows a stored run, unless one is training. */
  show(run: string): Promise<void>;
  start(recipe: Recipe, name: string): Promise<void>;
  startAndStep(recipe: Recipe, name: string): Promise<void>;
  resume(run: string): Promise<void>;
  dismissInterrupted(): void;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  step(): Promise<void>;
  stop(): Promise<void>;
  save(): Promise<void>;
  /** A live change; `final` on pointer up. */
  change(settings: Partial<LiveSettings>, final: boolean): void;
  flush(): void;
  report(error: unknown): void;
  dismiss(): void;
}

const ACTIVE: ReadonlySet<RunState> = new Set(['preparing', 'running', 'paused']);

export const isActive = (snapshot: RunSnapshot | null): boolean => snapshot !== null && ACTIVE.has(snapshot.state);

function dismissedRuns(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(DISMISSED) ?? '[]');
    return Array.isArray(stored) ? stored.filter((id) => typeof id === 'string') : [];
  } catch {
    return [];
  }
}

let attached = false;

export const useRun = create<RunStore>((set, get) => {
  const sender = createChangeSender(async (change) => {
    try {
      await lab.trainer.change(change);
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

  function receive(snapshot: RunSnapshot): void {
    const draft = sender.idle() ? null : get().draft;
    set(snapshot.error && snapshot.state === 'failed' ? { snapshot, draft, error: snapshot.error } : { snapshot, draft });
  }

  /** Counts the trainers listened to: what a dead one had still sent must not overwrite that it died. */
  let trainer = 0;

  async function listen(open: () => Promise<unknown>): Promise<void> {
    const own = ++trainer;
    await open();
    await lab.trainer.listen((snapshot) => {
      if (own === trainer) receive(snapshot);
    });
  }

  async function begin(act: () => Promise<unknown>): Promise<boolean> {
    set({ starting: true, progress: null, error: null, draft: null, interrupted: null });
    const done = await command(async () => {
      await openDevice();
      await act();
    });
    set({ starting: false, progress: null });
    return done;
  }

  const onProgress = (progress: Progress) => set({ progress });

  return {
    snapshot: null,
    progress: null,
    starting: false,
    error: null,
    draft: null,
    interrupted: null,

    attach() {
      if (attached) return;
      attached = true;
      void command(() => listen(openDevice));
      onWorkerCrash((error) => {
        const { snapshot } = get();
        set({ error: errorRecord(error), starting: false, progress: null, draft: null });
        if (error.values['worker'] !== 'trainer') return;
        if (snapshot && isActive(snapshot)) set({ snapshot: { ...snapshot, state: 'interrupted' } });
        void command(() => listen(reopenDevice));
      });
    },
    async findInterrupted() {
      await command(async () => {
        const dismissed = new Set(dismissedRuns());
        const runs = await lab.library.runs();
        const [latest] = runs
          .filter((run) => run.state === 'interrupted' && !dismissed.has(run.id))
          .sort((a, b) => b.updatedAt - a.updatedAt);
        if (!latest || get().snapshot || get().starting) return;
        set({ interrupted: latest });
        await get().show(latest.id);
      });
    },
    async show(run) {
      await command(async () => {
        const snapshot = await lab.library.snapshot(run);
        if (isActive(get().snapshot) || get().starting) return;
        // This tab's trainer has no active run, so another tab's has: its transport must not be offered here.
        if (isActive(snapshot))
          throw new StudioError('run-locked', `Run "${snapshot.name}" is open in another tab`, { run: snapshot.name });
        set({ snapshot });
      });
    },
    async start(recipe, name) {
      await begin(() => lab.trainer.start(recipe, name, onProgress));
    },
    async startAndStep(recipe, name) {
      if (await begin(() => lab.trainer.start(recipe, name, onProgress))) await command(() => lab.trainer.step());
    },
    async resume(run) {
      await begin(() => lab.trainer.resume(run, onProgress));
    },
    dismissInterrupted() {
      const { interrupted } = get();
      if (interrupted) localStorage.setItem(DISMISSED, JSON.stringify([...dismissedRuns().slice(-50), interrupted.id]));
      set({ interrupted: null });
    },
    pause: async () => void (await command(() => lab.trainer.pause())),
    unpause: async () => void (await command(() => lab.trainer.unpause())),
    step: async () => void (await command(() => lab.trainer.step())),
    stop: async () => void (await command(() => lab.trainer.stop())),
    save: async () => void (await command(() => lab.trainer.save())),
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
