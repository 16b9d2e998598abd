/** State of an import of files, the same for corpora, models and tokenizers: chosen files, name, progress, outcome. */
import { create, type StoreApi, type UseBoundStore } from 'zustand';
import type { Progress } from '../contract/progress';
import { errorRecord, type ErrorRecord } from '../core/errors';
import type { TakenFiles } from './FileDrop';

export interface ImportState<Made> {
  files: File[];
  /** As typed; proposed from the files where nothing was typed. */
  name: string;
  state: 'idle' | 'busy' | 'done' | 'failed';
  progress: Progress | null;
  error: ErrorRecord | null;
  /** What the last import made. */
  made: Made | null;

  /** Files dropped or picked; refused files show an error and leave the name. */
  take(files: readonly File[], taken: TakenFiles): void;
  setName(name: string): void;
  /** Runs the import of the chosen files; without files or a name, or while one runs, nothing happens. */
  submit(): Promise<void>;
  /** null where an import takes no time. */
  cancel: (() => Promise<void>) | null;
  reset(): void;
  /** Something is no longer there: if the last import made it, the outcome goes. */
  forget(id: string): void;
}

export interface ImportSource<Made> {
  /**
   * Picks what is imported out of the chosen files, before anything is read.
   * @throws StudioError for files of another kind
   */
  choose(files: readonly File[], taken: TakenFiles): File[];
  /** A first name for it, at most 60 characters; "" for none. */
  propose(files: readonly File[], taken: TakenFiles): string;
  run(files: File[], name: string, onProgress: (progress: Progress) => void): Promise<Made>;
  /** After success: lists what is there again. */
  after(made: Made): Promise<void>;
  cancel?(): Promise<void>;
}

const NOTHING = { files: [], name: '', state: 'idle', progress: null, error: null, made: null } as const;

export function createImportStore<Made extends { id: string }>({
  choose,
  propose,
  run,
  after,
  cancel,
}: ImportSource<Made>): UseBoundStore<StoreApi<ImportState<Made>>> {
  return create<ImportState<Made>>()((set, get) => ({
    ...NOTHING,
    files: [],

    take(given, taken) {
      const { name, state } = get();
      if (state === 'busy') return;
      try {
        const files = choose(given, taken);
        if (files.length > 0) set({ ...NOTHING, files, name: name === '' ? propose(given, taken) : name });
      } catch (error) {
        set({ ...NOTHING, files: [], name, state: 'failed', error: errorRecord(error) });
      }
    },
    setName: (name) => set({ name }),

    async submit() {
      const { files, name, state } = get();
      if (files.length === 0 || name.trim() === '' || state === 'busy') return;
      set({ state: 'busy', progress: null, error: null });
      try {
        const made = await run(files, name.trim(), (progress) => set({ progress }));
        set({ ...NOTHING, files: [], state: 'done', made });
        await after(made);
      } catch (error) {
        const record = errorRecord(error);
        // The files stay chosen: only the work was cancelled.
        if (record.code === 'cancelled') set({ state: 'idle', progress: null });
        else set({ state: 'failed', progress: null, error: record });
      }
    },
    cancel: cancel ?? null,
    reset: () => set({ ...NOTHING, files: [] }),
    forget: (id) => get().made?.id === id && get().reset(),
  }));
}
