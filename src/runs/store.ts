/** State of the runs page: the list, the opened run, and what is being done to a run. */
import { create } from 'zustand';
import type { Progress } from '../contract/progress';
import { errorRecord, type ErrorRecord } from '../core/errors';
import type { CheckpointRecord, RunRecord } from '../core/run/types';
import { viewOf, type RunView } from '../core/run/view';
import { isOwnId, meetCorpora } from '../channels/channel';
import { openDevice } from '../lab/device-store';
import { lab } from '../lab/lab';
import { exportName } from './run-facts';

export interface OpenRun {
  id: string;
  state: 'loading' | 'ready' | 'failed';
  error: ErrorRecord | null;
  /** Null until it is read. */
  view: RunView | null;
}

export type ExportType = 'F32' | 'F16' | 'BF16';

export interface RunExport {
  run: string;
  progress: Progress | null;
  error: ErrorRecord | null;
  /** The finished zip's address and name, until the dialog closes. */
  file: { url: string; name: string; bytes: number } | null;
  /** The folder that was written, and the one that it lies in. */
  folder: { name: string; parent: string } | null;
  busy: boolean;
}

export interface RunsState {
  list: 'loading' | 'ready' | 'failed';
  listError: ErrorRecord | null;
  runs: RunRecord[];
  checkpoints: ReadonlyMap<string, CheckpointRecord[]>;
  storage: { used: number; quota: number } | null;
  opened: OpenRun | null;
  exporting: RunExport | null;
  /** A run that is being brought back to training. */
  resuming: { run: string; progress: Progress | null } | null;
  /** Of renaming, resuming and deleting, with the run it concerns. */
  failure: { run: string; error: ErrorRecord } | null;

  load(): Promise<void>;
  open(id: string): Promise<void>;
  close(): void;
  rename(id: string, name: string): Promise<void>;
  /** True once the run trains again: the desk then shows it. */
  resume(id: string): Promise<boolean>;
  /** True when the run is gone. */
  remove(id: string): Promise<boolean>;
  beginExport(id: string): void;
  exportRun(step: number, dtype: ExportType): Promise<void>;
  /** Asks for a folder on the disk and writes a new one into it. */
  exportToFolder(step: number, dtype: ExportType): Promise<void>;
  cancelExport(): Promise<void>;
  endExport(): void;
  dismiss(): void;
}

export const useRuns = create<RunsState>()((set, get) => {
  const nameOf = (id: string): string => get().runs.find((record) => record.id === id)?.name ?? id;

  /** Of exports; the dialog's closing ends one. What an earlier one still tells is not of the dialog that is open now. */
  let turns = 0;

  /** One export at a time; what `work` made is shown as long as its dialog is open. */
  async function begin(work: (run: string, onProgress: (progress: Progress) => void) => Promise<Partial<RunExport>>): Promise<void> {
    const begun = get().exporting;
    if (!begun || begun.busy) return;
    const { run } = begun;
    const turn = (turns += 1);
    const settle = (change: Partial<RunExport>) => {
      const { exporting: shown } = get();
      if (shown && turn === turns) set({ exporting: { ...shown, ...change } });
    };
    release(begun);
    settle({ busy: true, error: null, file: null, folder: null, progress: null });
    try {
      settle(await work(run, (progress) => settle({ progress })));
    } catch (error) {
      const record = errorRecord(error);
      if (record.code !== 'cancelled') settle({ error: record });
    } finally {
      settle({ busy: false, progress: null });
    }
  }

  return {
    list: 'loading',
    listError: null,
    runs: [],
    checkpoints: new Map(),
    storage: null,
    opened: null,
    exporting: null,
    resuming: null,
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
        set({ failure: { run: id, error: errorRecord(error) } });
      }
    },

    async resume(id) {
      if (get().resuming) return false;
      set({ resuming: { run: id, progress: null }, failure: null });
      try {
        await openDevice();
        await lab.trainer.resume(id, (progress) => set({ resuming: { run: id, progress } }));
        return true;
      } catch (error) {
        set({ failure: { run: id, error: errorRecord(error) } });
        return false;
      } finally {
        set({ resuming: null });
      }
    },

    async remove(id) {
      try {
        await lab.library.removeRun(id);
      } catch (error) {
        set({ failure: { run: id, error: errorRecord(error) } });
        return false;
      }
      const { runs, opened } = get();
      set({ runs: runs.filter((run) => run.id !== id), opened: opened?.id === id ? null : opened });
      await get().load();
      return true;
    },

    beginExport: (run) => set({ exporting: { run, progress: null, error: null, file: null, folder: null, busy: false } }),

    exportRun: (step, dtype) =>
      begin(async (run, onProgress) => {
        const blob = await lab.library.exportRun(run, step, dtype, onProgress);
        // The dialog may have been closed meanwhile: nobody would ever let go of the address.
        if (get().exporting?.run !== run) return {};
        return { file: { url: URL.createObjectURL(blob), name: `${exportName(nameOf(run), step)}.zip`, bytes: blob.size } };
      }),

    exportToFolder: (step, dtype) =>
      begin(async (run, onProgress) => {
        const parent = await pickFolder();
        if (!parent) return {};
        const name = await lab.library.exportRunToFolder(run, step, dtype, parent, exportName(nameOf(run), step), onProgress);
        return { folder: { name, parent: parent.name } };
      }),

    cancelExport: () => lab.library.cancel('export'),

    endExport() {
      const begun = get().exporting;
      if (begun) release(begun);
      if (begun?.busy) {
        turns += 1;
        void lab.library.cancel('export');
      }
      set({ exporting: null });
    },
    dismiss: () => set({ failure: null }),
  };
});

function release(exporting: RunExport): void {
  if (exporting.file) URL.revokeObjectURL(exporting.file.url);
}

/** The browser's File System Access API, which Chromium has. */
type Picker = (options: { id: string; mode: 'readwrite' }) => Promise<FileSystemDirectoryHandle>;

const picker = (): Picker | undefined => (globalThis as { showDirectoryPicker?: Picker }).showDirectoryPicker;

export function canPickFolder(): boolean {
  return picker() !== undefined;
}

/** A folder on the disk to write into; null when the person cancels. The browser itself asks for permission. */
async function pickFolder(): Promise<FileSystemDirectoryHandle | null> {
  try {
    return (await picker()?.({ id: 'crossfade-export', mode: 'readwrite' })) ?? null;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return null;
    throw error;
  }
}
