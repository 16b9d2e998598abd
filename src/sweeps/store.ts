/**
 * State of the page Sweeps: the list, kept up with what this and other tabs do, the sweep that is open, and this tab's trainer as a worker of
 * its queue. A tab that was closed or reloaded while it trained a sweep takes up its place again when the page is next opened.
 */
import { create } from 'zustand';
import type { SweepEdit, SweepNews } from '../contract/sweep';
import { errorRecord, type ErrorRecord } from '../core/errors';
import type { SweepRecord } from '../core/sweep/record';
import type { SweepInput } from '../core/sweep/schema';
import { meetCorpora } from '../channels/channel';
import { openDevice, reopenDevice, useTrainerSweep } from '../lab/device-store';
import { lab, onWorkerCrash } from '../lab/lab';
import { askToKeep } from '../lab/storage-store';
import { navigate } from '../ui/hash-location';

/** Parts of an open sweep, as the address names them. */
export const SECTIONS = ['plan', 'board', 'explore', 'decide'] as const;
export type Section = (typeof SECTIONS)[number];

export interface SweepsState {
  list: 'loading' | 'ready' | 'failed';
  listError: ErrorRecord | null;
  /** Newest first. */
  sweeps: SweepRecord[];
  /** Id of the sweep that is shown. */
  opened: string | null;
  /** Why the last thing done to a sweep failed. */
  failure: ErrorRecord | null;
  /** The sweep that a command is under way for, with the command. */
  busy: { id: string; command: 'join' | 'leave' | 'pause' } | null;

  load(): Promise<void>;
  /** Shows a sweep, in the address too. */
  open(id: string | null, section?: Section): void;
  /** Takes in a record that is newer than what is shown. */
  take(sweep: SweepRecord): void;
  /** Resolves with the draft; null where the plan was refused. */
  create(plan: SweepInput): Promise<SweepRecord | null>;
  rename(id: string, name: string): Promise<void>;
  edit(id: string, edit: SweepEdit): Promise<void>;
  remove(id: string): Promise<void>;
  /** This tab's trainer takes from the sweep's queue. */
  join(id: string): Promise<void>;
  /** @param now the run is saved and set aside, instead of trained to its end */
  leave(now: boolean): Promise<void>;
  pause(id: string): Promise<void>;
  dismiss(): void;
}

/** In the place of an id: a plan that is being made. */
export const NEW = 'new';
/** In the place of an id: a table of runs that were measured elsewhere is read. */
export const IMPORT = 'import';

/** The address of a sweep; without a section it shows the plan of a draft and the board of any other. */
export const sweepPath = (id: string | null, section?: Section): string =>
  `/sweeps${id === null ? '' : `/${id}`}${section === undefined ? '' : `?section=${section}`}`;

/** Key of sessionStorage: the sweep that this tab took from, so that a reload takes it up. */
const JOINED = 'crossfade.joined-sweep';

function remember(sweep: Pick<SweepRecord, 'id' | 'name'> | null): void {
  useTrainerSweep.setState({ sweep: sweep && { id: sweep.id, name: sweep.name } });
  try {
    if (sweep) sessionStorage.setItem(JOINED, sweep.id);
    else sessionStorage.removeItem(JOINED);
  } catch {
    // Where the page may store nothing a reload waits for a press.
  }
}

function remembered(): string | null {
  try {
    return sessionStorage.getItem(JOINED);
  } catch {
    return null;
  }
}

/** Milliseconds between two readings of one sweep whose news come faster. */
const READ_INTERVAL_MS = 400;
/** Milliseconds until a sweep that nobody trains is taken up: between two runs no tab holds one. */
const ORPHAN_MS = 2500;

/** Milliseconds until the trainer is asked again whether it has let a sweep go, of which it tells nobody. */
const LATER_MS = 1000;

/** Does a tab hold the lock of one of its runs? Their names are given in workers/storage/locks.ts. */
async function isTrained(sweep: string): Promise<boolean> {
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name }) => name?.startsWith(`crossfade:sweep:${sweep}:`));
}

/** Sweeps that a person has told this tab to leave: it takes none of them up by itself. */
const left = new Set<string>();
let listening = false;
let crashedAt = -Infinity;

export const useSweeps = create<SweepsState>()((set, get) => {
  const byId = (id: string) => get().sweeps.find((sweep) => sweep.id === id);
  const fail = (error: unknown) => set({ failure: errorRecord(error) });

  /** Sweeps whose record is being read; true: news came meanwhile. */
  const reading = new Map<string, boolean>();
  async function read(id: string): Promise<void> {
    if (reading.has(id)) return void reading.set(id, true);
    reading.set(id, false);
    try {
      get().take(await lab.library.sweep(id));
    } catch (error) {
      // Removed meanwhile: its own news say so.
      if (errorRecord(error).code !== 'sweep-missing') fail(error);
    }
    await new Promise((later) => setTimeout(later, READ_INTERVAL_MS));
    const again = reading.get(id);
    reading.delete(id);
    if (again) await read(id);
  }

  let later: ReturnType<typeof setTimeout> | undefined;
  async function whatIsJoined(): Promise<void> {
    const joined = await lab.trainer.joinedSweep();
    const sweep = joined === null ? null : byId(joined);
    if (joined !== null || useTrainerSweep.getState().sweep) remember(sweep ?? null);
    clearTimeout(later);
    if (joined !== null) later = setTimeout(() => void whatIsJoined().catch(fail), LATER_MS);
  }

  function hear({ id, revision, removed }: SweepNews): void {
    if (removed) set({ sweeps: get().sweeps.filter((sweep) => sweep.id !== id) });
    else if ((byId(id)?.revision ?? -1) < revision) void read(id);
    void whatIsJoined().catch(fail);
  }

  async function listen(): Promise<void> {
    if (listening) return;
    listening = true;
    await lab.trainer.listenSweeps(hear);
    onWorkerCrash((error) => {
      const { sweep } = useTrainerSweep.getState();
      if (error.values['worker'] !== 'trainer') return;
      const again = performance.now() - crashedAt > 30_000;
      crashedAt = performance.now();
      void reopenDevice()
        .then(() => lab.trainer.listenSweeps(hear))
        .then(() => (sweep && again ? get().join(sweep.id) : remember(null)))
        .catch(fail);
    });
  }

  /** A reload, or a tab that was closed or killed, left a sweep that runs: this tab goes on with it, unless another one does. */
  async function takeUp(): Promise<void> {
    await whatIsJoined();
    if (useTrainerSweep.getState().sweep) return;
    const running = get().sweeps.filter(({ id, state }) => state === 'running' && !left.has(id));
    const own = running.find(({ id }) => id === remembered());
    if (own) return get().join(own.id);
    const orphaned = async () => {
      for (const { id } of running) {
        const sweep = byId(id);
        if (sweep?.state === 'running' && !(await isTrained(id))) return sweep;
      }
      return null;
    };
    if (!(await orphaned())) return;
    await new Promise((later) => setTimeout(later, ORPHAN_MS));
    const orphan = await orphaned();
    if (orphan) await get().join(orphan.id);
  }

  async function command(id: string, name: NonNullable<SweepsState['busy']>['command'], act: () => Promise<unknown>): Promise<void> {
    if (get().busy) return;
    set({ busy: { id, command: name }, failure: null });
    try {
      await act();
      await whatIsJoined();
      await read(id);
    } catch (error) {
      fail(error);
    } finally {
      set({ busy: null });
    }
  }

  return {
    list: 'loading',
    listError: null,
    sweeps: [],
    opened: null,
    failure: null,
    busy: null,

    async load() {
      try {
        const sweeps = await lab.library.sweeps();
        meetCorpora(await lab.corpus.list());
        set({ list: 'ready', listError: null, sweeps, opened: get().opened ?? sweeps[0]?.id ?? null });
      } catch (error) {
        return set({ list: 'failed', listError: errorRecord(error) });
      }
      try {
        await listen();
        // What other tabs did since the list was read, while nobody listened yet.
        const now = await lab.library.sweeps();
        set({ sweeps: get().sweeps.filter(({ id }) => now.some((sweep) => sweep.id === id)) });
        for (const sweep of now) get().take(sweep);
        await takeUp();
      } catch (error) {
        fail(error);
      }
    },

    open(opened, section) {
      set({ opened });
      navigate(sweepPath(opened, section));
    },

    take(sweep) {
      const known = byId(sweep.id);
      if (known && known.revision >= sweep.revision) return;
      set({ sweeps: known ? get().sweeps.map((one) => (one.id === sweep.id ? sweep : one)) : [sweep, ...get().sweeps] });
    },

    async create(plan) {
      set({ failure: null });
      try {
        await askToKeep();
        const sweep = await lab.library.createSweep(plan);
        get().take(sweep);
        return sweep;
      } catch (error) {
        fail(error);
        return null;
      }
    },

    async rename(id, name) {
      const trimmed = name.trim().slice(0, 120);
      const before = byId(id)?.name;
      if (before === undefined || trimmed === '' || trimmed === before) return;
      const show = (shown: string) => set({ sweeps: get().sweeps.map((one) => (one.id === id ? { ...one, name: shown } : one)) });
      show(trimmed);
      try {
        await lab.library.renameSweep(id, trimmed);
      } catch (error) {
        show(before);
        fail(error);
      }
    },

    async edit(id, edit) {
      try {
        get().take(await lab.library.editSweep(id, edit));
      } catch (error) {
        fail(error);
      }
    },

    async remove(id) {
      try {
        await lab.library.removeSweep(id);
        const sweeps = get().sweeps.filter((sweep) => sweep.id !== id);
        set({ sweeps });
        if (get().opened === id) get().open(sweeps[0]?.id ?? null);
      } catch (error) {
        fail(error);
      }
    },

    join: (id) =>
      command(id, 'join', async () => {
        left.delete(id);
        await openDevice();
        await askToKeep();
        await lab.trainer.joinSweep(id);
        remember(byId(id) ?? null);
      }),
    async leave(now) {
      const { sweep } = useTrainerSweep.getState();
      if (!sweep) return;
      left.add(sweep.id);
      await command(sweep.id, 'leave', () => lab.trainer.leaveSweep(now));
    },
    pause: (id) => command(id, 'pause', () => lab.trainer.pauseSweep(id)),

    dismiss: () => set({ failure: null }),
  };
});
