/** State of the page Sweeps: the list, kept up with what this and other tabs do, and the sweep that is open. */
import { create } from 'zustand';
import type { SweepRecord } from '../core/sweep/record';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { lab } from '../lab/lab';

export interface SweepsState {
  list: 'loading' | 'ready' | 'failed';
  listError: ErrorRecord | null;
  /** Newest first. */
  sweeps: SweepRecord[];
  /** Id of the sweep that is shown. */
  opened: string | null;
  /** Why the last thing done to a sweep failed. */
  failure: ErrorRecord | null;

  load(): Promise<void>;
  open(id: string | null): void;
  /** Takes in a record that is newer than what is shown. */
  take(sweep: SweepRecord): void;
  dismiss(): void;
}

export const useSweeps = create<SweepsState>()((set, get) => ({
  list: 'loading',
  listError: null,
  sweeps: [],
  opened: null,
  failure: null,

  async load() {
    try {
      const sweeps = await lab.library.sweeps();
      set({ list: 'ready', listError: null, sweeps, opened: get().opened ?? sweeps[0]?.id ?? null });
    } catch (error) {
      set({ list: 'failed', listError: errorRecord(error) });
    }
  },

  open: (opened) => set({ opened }),

  take(sweep) {
    const known = get().sweeps.find(({ id }) => id === sweep.id);
    if (known && known.revision >= sweep.revision) return;
    set({ sweeps: known ? get().sweeps.map((one) => (one.id === sweep.id ? sweep : one)) : [sweep, ...get().sweeps] });
  },

  dismiss: () => set({ failure: null }),
}));
