/** What can be refused before a file is read: its kind, its emptiness, the lack of a name. The worker checks the text itself. */
import { StudioError, errorRecord, type ErrorRecord } from '../core/errors';
import { create } from 'zustand';
import type { CorpusRecord } from '../contract/corpus';
import type { Progress } from '../contract/progress';
import type { ChannelRole } from '../core/recipe/schema';
import { lab } from '../lab/lab';
import { meetCorpora } from '../channels/channel';

export const TEXT_EXTENSIONS = ['.txt', '.md', '.jsonl'] as const;

/** @throws StudioError `file-unsupported` naming the first file of another kind, `text-empty` naming the first empty one */
export function checkTextFiles(files: readonly Pick<File, 'name' | 'size'>[]): void {
  for (const { name, size } of files) {
    if (!TEXT_EXTENSIONS.some((extension) => name.toLowerCase().endsWith(extension)))
      throw new StudioError('file-unsupported', `${name} is not a text file of a known kind`, {
        file: name,
        accepted: TEXT_EXTENSIONS.join(', '),
      });
    if (size === 0) throw new StudioError('text-empty', `${name} holds no text`, { file: name });
  }
}

/** A first proposal for the corpus's name: the file's, without its ending. */
export function proposedName(files: readonly Pick<File, 'name'>[]): string {
  const first = files[0]?.name ?? '';
  return first.replace(/\.[^.]+$/, '').slice(0, 60);
}

/** State of the corpus page: the channels' texts, a look into one of them, and an import under way. */
export type Split = 'train' | 'heldOut';

export interface Look {
  corpus: string;
  split: Split;
  state: 'loading' | 'ready' | 'failed';
  documents: string[];
  error: ErrorRecord | null;
}

export interface Import {
  files: File[];
  name: string;
  role: ChannelRole;
  state: 'idle' | 'busy' | 'done' | 'failed';
  progress: Progress | null;
  error: ErrorRecord | null;
  /** The corpus just made. */
  made: CorpusRecord | null;
}

export interface CorpusState {
  list: 'loading' | 'ready' | 'failed';
  listError: ErrorRecord | null;
  corpora: CorpusRecord[];
  look: Look | null;
  importing: Import;
  failure: { corpus: string; error: ErrorRecord } | null;

  load(): Promise<void>;
  lookInto(corpus: string, split: Split): Promise<void>;
  endLook(): void;
  takeFiles(files: File[]): void;
  describeImport(change: Partial<Pick<Import, 'name' | 'role'>>): void;
  importFiles(): Promise<void>;
  cancelImport(): Promise<void>;
  resetImport(): void;
  remove(id: string): Promise<void>;
  dismiss(): void;
}

/** Documents shown of a split: enough for an impression. */
const LOOK_COUNT = 12;
const NO_IMPORT: Import = { files: [], name: '', role: 'domain', state: 'idle', progress: null, error: null, made: null };

export const useCorpora = create<CorpusState>()((set, get) => {
  const importing = (change: Partial<Import>) => set({ importing: { ...get().importing, ...change } });
  return {
    list: 'loading',
    listError: null,
    corpora: [],
    look: null,
    importing: NO_IMPORT,
    failure: null,

    async load() {
      try {
        const corpora = await lab.corpus.list();
        meetCorpora(corpora);
        set({ corpora, list: 'ready', listError: null });
      } catch (error) {
        set({ list: 'failed', listError: errorRecord(error) });
      }
    },

    async lookInto(corpus, split) {
      set({ look: { corpus, split, state: 'loading', documents: [], error: null } });
      const settle = (change: Partial<Look>) => {
        const { look } = get();
        if (look?.corpus === corpus && look.split === split) set({ look: { ...look, ...change } });
      };
      try {
        settle({ documents: await lab.corpus.sample(corpus, split, LOOK_COUNT), state: 'ready' });
      } catch (error) {
        settle({ state: 'failed', error: errorRecord(error) });
      }
    },
    endLook: () => set({ look: null }),

    takeFiles(files) {
      if (files.length === 0 || get().importing.state === 'busy') return;
      const { name, role } = get().importing;
      try {
        checkTextFiles(files);
        set({ importing: { ...NO_IMPORT, files, role, name: name === '' ? proposedName(files) : name } });
      } catch (error) {
        set({ importing: { ...NO_IMPORT, role, name, state: 'failed', error: errorRecord(error) } });
      }
    },
    describeImport: (change) => importing(change),

    async importFiles() {
      const { files, name, role, state } = get().importing;
      if (files.length === 0 || name.trim() === '' || state === 'busy') return;
      importing({ state: 'busy', progress: null, error: null });
      try {
        const made = await lab.corpus.importFiles(files, { name: name.trim(), role }, (progress) => importing({ progress }));
        set({ importing: { ...NO_IMPORT, state: 'done', made } });
        await get().load();
      } catch (error) {
        const record = errorRecord(error);
        if (record.code === 'cancelled') importing({ state: 'idle', progress: null });
        else importing({ state: 'failed', progress: null, error: record });
      }
    },
    cancelImport: () => lab.corpus.cancel(),
    resetImport: () => set({ importing: NO_IMPORT }),

    async remove(id) {
      try {
        await lab.corpus.remove(id);
        if (get().look?.corpus === id) set({ look: null });
        if (get().importing.made?.id === id) set({ importing: NO_IMPORT });
        await get().load();
      } catch (error) {
        set({ failure: { corpus: id, error: errorRecord(error) } });
      }
    },
    dismiss: () => set({ failure: null }),
  };
});
