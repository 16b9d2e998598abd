/** State of the models page: the base models at hand, the card that is open, and an import under way. */
import { create } from 'zustand';
import type { ModelRecord } from '../contract/library';
import type { Progress } from '../contract/progress';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { lab } from '../lab/lab';
import type { TakenFiles } from '../ui/FileDrop';
import { modelFiles, proposedModelName } from './import-check';

export interface Card {
  model: string;
  state: 'loading' | 'ready' | 'failed';
  text: string;
  error: ErrorRecord | null;
}

export interface ModelImport {
  files: File[];
  name: string;
  state: 'idle' | 'busy' | 'done' | 'failed';
  progress: Progress | null;
  error: ErrorRecord | null;
  made: ModelRecord | null;
}

export interface ModelsState {
  list: 'loading' | 'ready' | 'failed';
  listError: ErrorRecord | null;
  models: ModelRecord[];
  card: Card | null;
  importing: ModelImport;
  failure: { model: string; error: ErrorRecord } | null;

  load(): Promise<void>;
  openCard(model: string): Promise<void>;
  closeCard(): void;
  takeFiles(files: readonly File[], taken: TakenFiles): void;
  nameImport(name: string): void;
  importModel(): Promise<void>;
  cancelImport(): Promise<void>;
  resetImport(): void;
  remove(id: string): Promise<void>;
  report(model: string, error: unknown): void;
  dismiss(): void;
}

const NO_IMPORT: ModelImport = { files: [], name: '', state: 'idle', progress: null, error: null, made: null };

export const useModels = create<ModelsState>()((set, get) => {
  const importing = (change: Partial<ModelImport>) => set({ importing: { ...get().importing, ...change } });
  return {
    list: 'loading',
    listError: null,
    models: [],
    card: null,
    importing: NO_IMPORT,
    failure: null,

    async load() {
      try {
        set({ models: await lab.library.models(), list: 'ready', listError: null });
      } catch (error) {
        set({ list: 'failed', listError: errorRecord(error) });
      }
    },

    async openCard(model) {
      set({ card: { model, state: 'loading', text: '', error: null } });
      const settle = (change: Partial<Card>) => {
        const { card } = get();
        if (card?.model === model) set({ card: { ...card, ...change } });
      };
      try {
        settle({ text: await lab.library.modelCard(model), state: 'ready' });
      } catch (error) {
        settle({ state: 'failed', error: errorRecord(error) });
      }
    },
    closeCard: () => set({ card: null }),

    takeFiles(_, { files: taken }) {
      const { name, state } = get().importing;
      if (state === 'busy') return;
      try {
        const files = modelFiles(taken);
        set({ importing: { ...NO_IMPORT, files, name: name === '' ? proposedModelName(taken) : name } });
      } catch (error) {
        set({ importing: { ...NO_IMPORT, name, state: 'failed', error: errorRecord(error) } });
      }
    },
    nameImport: (name) => importing({ name }),

    async importModel() {
      const { files, name, state } = get().importing;
      if (files.length === 0 || name.trim() === '' || state === 'busy') return;
      importing({ state: 'busy', progress: null, error: null });
      try {
        const made = await lab.library.importModel(files, name.trim(), (progress) => importing({ progress }));
        set({ importing: { ...NO_IMPORT, state: 'done', made } });
        await get().load();
      } catch (error) {
        const record = errorRecord(error);
        // The files stay at hand: only the work was cancelled.
        if (record.code === 'cancelled') importing({ state: 'idle', progress: null });
        else importing({ state: 'failed', progress: null, error: record });
      }
    },
    cancelImport: () => lab.library.cancel('import'),
    resetImport: () => set({ importing: NO_IMPORT }),

    async remove(id) {
      try {
        await lab.library.removeModel(id);
        if (get().card?.model === id) set({ card: null });
        if (get().importing.made?.id === id) set({ importing: NO_IMPORT });
        await get().load();
      } catch (error) {
        set({ failure: { model: id, error: errorRecord(error) } });
      }
    },
    report: (model, error) => set({ failure: { model, error: errorRecord(error) } }),
    dismiss: () => set({ failure: null }),
  };
});
