/** State of the runs page: the list, the opened run, and what is being done to a run. */
import { create } from 'zustand';
import type { Progress } from '../contract/progress';
import type { ExportType } from '../contract/run';
import { errorRecord, type ErrorRecord } from '../core/errors';
import type { CheckpointRecord, RunRecord } from '../core/run/types';
import { viewOf, type RunView } from '../core/run/view';
import { isOwnId, meetCorpora } from '../channels/channel';
import { openDevice } from '../lab/device-store';
import { lab } from '../lab/lab';
import { checkStorage } from '../lab/storage-store';
import { createExportStore } from '../ui/export-store';
import { exportName } from './run-facts';

export interface OpenRun {
  id: string;
  state: 'loading' | 'ready' | 'failed';
  error: ErrorRecord | null;
  /** Null until it is read. */
  view: RunView | null;
}

export interface RunsState {
  list: 'loading' | 'ready' | 'failed';
  listError: ErrorRecord | null;
  runs: RunRecord[];
  checkpoints: ReadonlyMap<string, CheckpointRecord[]>;
  storage: { used: number; quota: number } | null;
  opened: OpenRun | null;
  /** A run that is being brought back to training. */
  resuming: { run: string; progress: Progress | null } | null;
  /** The run that the dialog about more steps is open for. */
  extending: string | null;
  /** Of renaming, resuming and deleting, with the run it concerns. */
  failure: ErrorRecord | null;

  load(): Promise<void>;
  open(id: string): Promise<void>;
  close(): void;
  rename(id: string, name: string): Promise<void>;
  /** True once the run trains again: the desk then shows it. @param longer more steps for one that has ended, from a checkpoint of it */
  resume(id: string, longer?: { steps: number; from: number }): Promise<boolean>;
  /** True when the run is gone. */
  remove(id: string): Promise<boolean>;
  dismiss(): void;
}

export const useRuns = create<RunsState>()((set, get) => {
  return {
    list: 'loading',
    listError: null,
    runs: [],
    checkpoints: new Map(),
    storage: null,
    opened: null,
    resuming: null,
    extending: null,
    failure: null,

    async load() {
      try {
        const runs = await lab.library.runs();
        const saved = await Promise.all(runs.map(async (run) => [run.id, await lab.library.checkpoints(run.id)] as const));
        const newest = [...runs].sort((one, other) => other.createdAt - one.createdAt);
        // Names of a person's own channels; a bundled channel needs none.
        if (runs.some(({ recipe }) => recipe.channels.some(({ id }) => isOwnId(id)))) meetCorpora(await lab.corpus.list());
        set({ list: 'ready', listError: null, runs: newest, checkpoints: new Map(saved) });
        set({ storage: await lab.library.storage() });
        await checkStorage();
      } catch (error) {
        set({ list: 'failed', listError: errorRecord(error) });
      }
    },

    async open(id) {
      set({ opened: { id, state: 'loading', error: null, view: null } });
      const settle = (change: Partial<OpenRun>) => {
        const { opened } = get();
        if (opened?.id === id) set({ opened: { ...opened, ...change } });
      };
      try {
        settle({ state: 'ready', view: viewOf(await lab.library.feed(id)) });
      } catch (error) {
        settle({ state: 'failed', error: errorRecord(error) });
      }
    },
    close: () => set({ opened: null }),

    async rename(id, name) {
      const trimmed = name.trim().slice(0, 120);
      const run = get().runs.find((record) => record.id === id);
      if (!run || trimmed === '' || trimmed === run.name) return;
      const show = (shown: string) => set({ runs: get().runs.map((record) => (record.id === id ? { ...record, name: shown } : record)) });
      show(trimmed);
      try {
        await lab.library.renameRun(id, trimmed);
      } catch (error) {
        show(run.name);
        set({ failure: errorRecord(error) });
      }
    },

    async resume(id, longer) {
      if (get().resuming) return false;
      set({ resuming: { run: id, progress: null }, extending: null, failure: null });
      try {
        await openDevice();
        const onProgress = (progress: Progress) => set({ resuming: { run: id, progress } });
        if (longer) await lab.trainer.extend(id, longer.steps, longer.from, onProgress);
        else await lab.trainer.resume(id, onProgress);
        return true;
      } catch (error) {
        set({ failure: errorRecord(error) });
        return false;
      } finally {
        set({ resuming: null });
      }
    },

    async remove(id) {
      try {
        await lab.library.removeRun(id);
      } catch (error) {
        set({ failure: errorRecord(error) });
        return false;
      }
      const { runs, opened } = get();
      set({ runs: runs.filter((run) => run.id !== id), opened: opened?.id === id ? null : opened });
      await get().load();
      return true;
    },

    dismiss: () => set({ failure: null }),
  };
});

export const useRunExport = createExportStore<{ step: number; dtype: ExportType }>({
  name: (run, { step }) => exportName(useRuns.getState().runs.find((record) => record.id === run)?.name ?? run, step),
  zip: (run, { step, dtype }, onProgress) => lab.library.exportRun(run, step, dtype, onProgress),
  folder: (run, { step, dtype }, parent, name, onProgress) => lab.library.exportRunToFolder(run, step, dtype, parent, name, onProgress),
  cancel: () => lab.library.cancel('export'),
});
