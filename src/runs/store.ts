/** State of the runs page: the list, the opened run, and what is being done to a run. */
import { create } from 'zustand';
import type { Progress } from '../contract/progress';
import { errorRecord, type ErrorRecord } from '../core/errors';
import type { CheckpointRecord, EvaluationRow, RunRecord, RunSnapshot } from '../core/run/types';
import { openDevice } from '../lab/device-store';
import { lab } from '../lab/lab';
import { pickFolder } from './folder-picker';

export interface OpenRun {
  id: string;
  state: 'loading' | 'ready' | 'failed';
  error: ErrorRecord | null;
  snapshot: RunSnapshot | null;
  evaluations: EvaluationRow[];
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
        set({ list: 'ready', listError: null, runs: newest, checkpoints: new Map(saved) });
        set({ storage: await lab.library.storage() });
      } catch (error) {
        set({ list: 'failed', listError: errorRecord(error) });
      }
    },

    async open(id) {
      set({ opened: { id, state: 'loading', error: null, snapshot: null, evaluations: [] } });
      const settle = (change: Partial<OpenRun>) => {
        const { opened } = get();
        if (opened?.id === id) set({ opened: { ...opened, ...change } });
      };
      try {
        const [snapshot, metrics] = await Promise.all([lab.library.snapshot(id), lab.library.metrics(id)]);
        settle({ state: 'ready', snapshot, evaluations: metrics.evaluations });
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

/** A name that every file system takes, without an ending. */
function exportName(run: string, step: number): string {
  const plain = run.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '');
  return `${plain === '' ? 'run' : plain}-step-${step}`;
}
