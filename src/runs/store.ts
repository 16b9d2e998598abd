/** State of the runs page: the list, the opened run, and what is being done to a run. */
import { create } from 'zustand';
import type { Progress } from '../contract/progress';
import type { RunExportType } from '../contract/run';
import { errorRecord, StudioError, type ErrorRecord } from '../core/errors';
import type { Recipe } from '../core/recipe/schema';
import type { Chain } from '../core/run/lifelong';
import { isTrackerFormat } from '../core/trackers/tracked-run';
import { isActive, type CheckpointRecord, type RunMarks, type RunRecord } from '../core/run/types';
import type { RunView } from '../core/run/view';
import { isOwnId, meetCorpora } from '../channels/channel';
import { openDevice } from '../lab/device-store';
import { keepAwake } from '../lab/attention-store';
import { isFollowable, restoreFollows, useFollows } from '../lab/follow-store';
import { lab, storedRun } from '../lab/lab';
import { runEnd } from '../lab/run-end';
import { checkStorage } from '../lab/storage-store';
import { createExportStore } from '../ui/export-store';
import { EVERY_RUN, exportName, isResumable, type RunFilter } from './run-facts';

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
  /** Runs that are drawn on one chart, in the order in which they were chosen; null until a run is read. */
  overlaid: ReadonlyMap<string, RunView | null>;
  /** A run that is being brought back to training. */
  resuming: { run: string; progress: Progress | null } | null;
  /** The run that the dialog about more steps is open for. */
  extending: string | null;
  /** The checkpoint that the dialog about a fork is open for. */
  forking: { run: string; step: number } | null;
  /** The run whose note and tags are being written. */
  marking: string | null;
  filter: RunFilter;
  /** The dialog that reads in logs is open; `busy` while it reads. */
  importing: { busy: boolean; error: ErrorRecord | null } | null;
  /** The dialog about following a log is open. */
  following: boolean;
  /** A chain whose stages are trained one after another by this tab, and the stage it is at. */
  chaining: { id: string; stage: number; progress: Progress | null } | null;
  /** Of renaming, resuming and deleting, with the run it concerns. */
  failure: ErrorRecord | null;

  load(): Promise<void>;
  open(id: string): Promise<void>;
  close(): void;
  /** Puts a run on the chart of several, or takes it away. */
  overlay(id: string): Promise<void>;
  /** Reads a run that is under way anew: its line in the list, and where it is open. */
  refresh(id: string): Promise<void>;
  /** Reads the runs on the chart that are under way again. */
  refreshOverlaid(): Promise<void>;
  rename(id: string, name: string): Promise<void>;
  mark(id: string, marks: RunMarks): Promise<void>;
  /** True once the run trains again: the desk then shows it. @param longer more steps for one that has ended, from a checkpoint of it */
  resume(id: string, longer?: { steps: number; from: number }): Promise<boolean>;
  /** True once the fork trains. */
  fork(from: { run: string; step: number }, recipe: Recipe, name: string): Promise<boolean>;
  /** Trains what stages of the chain have not ended; settles when all have, or one stopped or failed. */
  runChain(chain: Pick<Chain, 'id' | 'name' | 'plan'>): Promise<void>;
  /** Reads in logs of training elsewhere, and opens the first of them. */
  importLogs(files: { file: File; path: string }[]): Promise<void>;
  /** True when the run is gone. */
  remove(id: string): Promise<boolean>;
  dismiss(): void;
}

/** Model id of a stage's last weights: an adapter is merged into them. */
async function keptAfter(run: RunRecord | undefined, chain: string, onProgress: (progress: Progress) => void): Promise<string> {
  if (!run) throw new StudioError('run-missing', 'A stage of the chain has no run', { run: chain });
  return (await lab.library.keepRun(run.id, run.step, run.name, onProgress)).id;
}

export const useRuns = create<RunsState>()((set, get) => {
  const readOverlaid = async (ids: readonly string[]) => {
    for (const id of ids) {
      try {
        const view = await storedRun(id);
        // Taken away meanwhile, it stays away.
        if (get().overlaid.has(id)) set({ overlaid: new Map(get().overlaid).set(id, view) });
      } catch (error) {
        set({ failure: errorRecord(error), overlaid: new Map([...get().overlaid].filter(([other]) => other !== id)) });
      }
    }
  };
  return {
    list: 'loading',
    listError: null,
    runs: [],
    checkpoints: new Map(),
    storage: null,
    opened: null,
    overlaid: new Map(),
    resuming: null,
    extending: null,
    forking: null,
    importing: null,
    following: false,
    marking: null,
    filter: EVERY_RUN,
    chaining: null,
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
        if (runs.some(isFollowable)) await restoreFollows(runs);
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
        settle({ state: 'ready', view: await storedRun(id) });
      } catch (error) {
        settle({ state: 'failed', error: errorRecord(error) });
      }
    },
    close: () => set({ opened: null }),

    async overlay(id) {
      const { overlaid } = get();
      if (overlaid.has(id)) return set({ overlaid: new Map([...overlaid].filter(([other]) => other !== id)) });
      set({ overlaid: new Map(overlaid).set(id, null) });
      await readOverlaid([id]);
    },
    async refresh(id) {
      try {
        const record = await lab.library.run(id);
        set({ runs: get().runs.map((run) => (run.id === id ? record : run)) });
        if (get().opened?.id !== id || get().opened?.state !== 'ready') return;
        const view = await storedRun(id);
        const { opened } = get();
        if (opened?.id === id) set({ opened: { ...opened, view } });
      } catch (error) {
        // It was deleted meanwhile, or its log is written anew this moment: the next look tells.
        if (errorRecord(error).code !== 'run-missing') set({ failure: errorRecord(error) });
      }
    },
    refreshOverlaid: () => readOverlaid([...get().overlaid].flatMap(([id, view]) => (view && isActive(view.state) ? [id] : []))),

    async importLogs(files) {
      if (files.length === 0 || get().importing?.busy) return;
      set({ importing: { busy: true, error: null } });
      try {
        const [first] = await lab.library.importLogs(files);
        set({ importing: null });
        await get().load();
        if (first) await get().open(first.id);
      } catch (error) {
        set({ importing: { busy: false, error: errorRecord(error) } });
      }
    },

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

    async mark(id, marks) {
      const show = (shown: (record: RunRecord) => RunRecord) =>
        set({ runs: get().runs.map((record) => (record.id === id ? shown(record) : record)) });
      const before = get().runs.find((record) => record.id === id);
      if (!before) return;
      show((record) => ({ ...record, ...marks }));
      try {
        const { note, tags, starred, archived } = await lab.library.markRun(id, marks);
        show((record) => ({
          ...record,
          ...(note === undefined ? {} : { note }),
          ...(tags === undefined ? {} : { tags }),
          ...(starred === undefined ? {} : { starred }),
          ...(archived === undefined ? {} : { archived }),
        }));
      } catch (error) {
        show(() => before);
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

    async fork(from, recipe, name) {
      if (get().resuming) return false;
      set({ resuming: { run: from.run, progress: null }, forking: null, failure: null });
      try {
        await openDevice();
        await lab.trainer.fork(from, recipe, name, (progress) => set({ resuming: { run: from.run, progress } }));
        return true;
      } catch (error) {
        set({ failure: errorRecord(error) });
        return false;
      } finally {
        set({ resuming: null });
      }
    },

    async runChain({ id, name, plan }) {
      if (get().chaining) return;
      set({ chaining: { id, stage: 0, progress: null }, failure: null });
      try {
        const { chainsOf, firstBase, stageEnded, stageRecipe } = await import('../core/run/lifelong');
        await openDevice();
        for (let stage = 0; stage < plan.stages.length; stage++) {
          const onProgress = (progress: Progress | null) => set({ chaining: { id, stage, progress } });
          onProgress(null);
          const chain = chainsOf(await lab.library.runs()).find((one) => one.id === id);
          let run = chain?.runs[stage];
          if (run && stageEnded(run)) continue;
          if (run && isResumable(run, await lab.library.checkpoints(run.id))) await lab.trainer.resume(run.id, onProgress);
          else if (!run || !isActive(run.state)) {
            const base = stage === 0 ? firstBase(plan) : await keptAfter(chain?.runs[stage - 1], name, onProgress);
            const started = await lab.trainer.start(stageRecipe(plan, stage, base), `${name} · ${stage + 1}`, onProgress, {
              id,
              name,
              stage,
              plan,
            });
            run = await lab.library.run(started);
          }
          onProgress(null);
          await get().load();
          run = await runEnd(run.id);
          await get().load();
          if (!stageEnded(run)) return;
        }
      } catch (error) {
        set({ failure: errorRecord(error) });
      } finally {
        set({ chaining: null });
        await get().load();
      }
    },

    async remove(id) {
      try {
        await lab.library.removeRun(id);
      } catch (error) {
        set({ failure: errorRecord(error) });
        return false;
      }
      const { runs, opened, overlaid } = get();
      set({
        runs: runs.filter((run) => run.id !== id),
        opened: opened?.id === id ? null : opened,
        overlaid: new Map([...overlaid].filter(([other]) => other !== id)),
      });
      await get().load();
      return true;
    },

    dismiss: () => set({ failure: null }),
  };
});

export const useRunExport = createExportStore<{ step: number; average: boolean; dtype: RunExportType }>({
  name: (run, { step, average, dtype }) =>
    exportName(useRuns.getState().runs.find((record) => record.id === run)?.name ?? run, step, dtype) +
    (average && !isTrackerFormat(dtype) ? '-average' : ''),
  zip: (run, { step, average, dtype }, onProgress) => lab.library.exportRun(run, step, dtype, onProgress, average),
  folder: (run, { step, average, dtype }, parent, name, onProgress) =>
    lab.library.exportRunToFolder(run, step, dtype, parent, name, onProgress, average),
  cancel: () => lab.library.cancel('export'),
});

// What a followed log brings is shown as it comes.
useFollows.subscribe(({ follows }, before) => {
  const { list, refresh } = useRuns.getState();
  if (list !== 'ready') return;
  for (const status of Object.values(follows)) {
    const known = before.follows[status.run];
    if (known && (known.newsAt !== status.newsAt || known.state !== status.state || known.answer !== status.answer))
      void refresh(status.run);
  }
});

useRuns.subscribe(({ chaining }) => keepAwake('chain', chaining !== null));
