/** State of the models page: the base models at hand, the model card that is open, and import and export of models. */
import { create } from 'zustand';
import type { ModelRecord } from '../contract/library';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { lab } from '../lab/lab';
import { askToKeep, checkStorage } from '../lab/storage-store';
import type { ExportType } from '../contract/run';
import { plainFileName } from '../core/text/file-name';
import { createExportStore } from '../ui/export-store';
import { createImportStore } from '../ui/import-store';
import { modelFiles, proposedModelName } from './import-check';

export interface Card {
  model: string;
  state: 'loading' | 'ready' | 'failed';
  text: string;
  error: ErrorRecord | null;
}

export interface ModelsState {
  list: 'loading' | 'ready' | 'failed';
  listError: ErrorRecord | null;
  models: ModelRecord[];
  card: Card | null;
  failure: ErrorRecord | null;

  load(): Promise<void>;
  openCard(model: string): Promise<void>;
  closeCard(): void;
  rename(id: string, name: string): Promise<void>;
  remove(id: string): Promise<void>;
  report(error: unknown): void;
  dismiss(): void;
}

export const useModels = create<ModelsState>()((set, get) => {
  return {
    list: 'loading',
    listError: null,
    models: [],
    card: null,
    failure: null,

    async load() {
      try {
        set({ models: await lab.library.models(), list: 'ready', listError: null });
        await checkStorage();
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

    async rename(id, name) {
      const trimmed = name.trim().slice(0, 60);
      const model = get().models.find((record) => record.id === id);
      if (!model || trimmed === '' || trimmed === model.name) return;
      const show = (shown: string) =>
        set({ models: get().models.map((record) => (record.id === id ? { ...record, name: shown } : record)) });
      show(trimmed);
      try {
        await lab.library.renameModel(id, trimmed);
      } catch (error) {
        show(model.name);
        set({ failure: errorRecord(error) });
      }
    },

    async remove(id) {
      try {
        await lab.library.removeModel(id);
        if (get().card?.model === id) set({ card: null });
        useModelImport.getState().forget(id);
        await get().load();
      } catch (error) {
        set({ failure: errorRecord(error) });
      }
    },
    report: (error) => set({ failure: errorRecord(error) }),
    dismiss: () => set({ failure: null }),
  };
});

export const useModelExport = createExportStore<ExportType>({
  name: (id) => plainFileName(useModels.getState().models.find((model) => model.id === id)?.name ?? id, 'model'),
  zip: (id, dtype, onProgress) => lab.library.exportModel(id, dtype, onProgress),
  folder: (id, dtype, parent, name, onProgress) => lab.library.exportModelToFolder(id, dtype, parent, name, onProgress),
  cancel: () => lab.library.cancel('export'),
});

export const useModelImport = createImportStore<ModelRecord>({
  choose: (_, { files }) => modelFiles(files),
  propose: (_, { files }) => proposedModelName(files),
  async run(files, name, onProgress) {
    await askToKeep();
    return lab.library.importModel(files, name, onProgress);
  },
  after: () => useModels.getState().load(),
  cancel: () => lab.library.cancel('import'),
});
