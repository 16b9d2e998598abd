/** The corpora at hand, a look into one of them, and an import in one step. */
import { StudioError, errorRecord, type ErrorRecord } from '../core/errors';
import { create } from 'zustand';
import type { CorpusRecord } from '../contract/corpus';
import type { CorpusSpecialTokens } from '../contract/tokenizer';
import type { ChannelRole } from '../core/recipe/schema';
import { lab } from '../lab/lab';
import { meetCorpora } from '../channels/channel';
import { createImportStore } from '../ui/import-store';

export const TEXT_EXTENSIONS = ['.txt', '.md', '.jsonl'] as const;

/** @throws StudioError `file-unsupported` naming the first file of another kind, `text-empty` naming the first empty one */
export function checkTextFiles(files: readonly Pick<File, 'name' | 'size'>[]): void {
  for (const { name, size } of files) {
    const unpacked = name.toLowerCase().replace(/\.(?:gz|zst)$/, '');
    if (!TEXT_EXTENSIONS.some((extension) => unpacked.endsWith(extension)))
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
  return first
    .replace(/\.(?:gz|zst)$/i, '')
    .replace(/\.[^.]+$/, '')
    .slice(0, 60);
}

/** State of the corpus page: the channels' texts, a look into one of them, and an import under way. */
type Split = 'train' | 'heldOut';

export interface Look {
  corpus: string;
  split: Split;
  state: 'loading' | 'ready' | 'failed';
  documents: string[];
  error: ErrorRecord | null;
}

export interface CorpusState {
  list: 'loading' | 'ready' | 'failed';
  listError: ErrorRecord | null;
  corpora: CorpusRecord[];
  look: Look | null;
  /** Special tokens written out in a text, by corpus, of those that were searched. */
  special: Record<string, CorpusSpecialTokens>;
  /** Of the corpus that is being imported. */
  importRole: ChannelRole;
  failure: ErrorRecord | null;

  load(): Promise<void>;
  lookInto(corpus: string, split: Split): Promise<void>;
  endLook(): void;
  searchSpecial(corpus: string): Promise<void>;
  setImportRole(role: ChannelRole): void;
  remove(id: string): Promise<void>;
  dismiss(): void;
}

/** Documents shown of a split: enough for an impression. */
const LOOK_COUNT = 12;

export const useCorpora = create<CorpusState>()((set, get) => {
  return {
    list: 'loading',
    listError: null,
    corpora: [],
    look: null,
    special: {},
    importRole: 'domain',
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

    async searchSpecial(corpus) {
      try {
        const found = await lab.tokenizer.specialTokens(corpus);
        set({ special: { ...get().special, [corpus]: found } });
      } catch {
        // A text that cannot be read says so where it is used.
      }
    },

    setImportRole: (importRole) => set({ importRole }),

    async remove(id) {
      try {
        await lab.corpus.remove(id);
        if (get().look?.corpus === id) set({ look: null });
        useCorpusImport.getState().forget(id);
        await get().load();
      } catch (error) {
        set({ failure: errorRecord(error) });
      }
    },
    dismiss: () => set({ failure: null }),
  };
});

export const useCorpusImport = createImportStore<CorpusRecord>({
  choose(files) {
    checkTextFiles(files);
    return [...files];
  },
  propose: proposedName,
  run: (files, name, onProgress) => lab.corpus.importFiles(files, { name, role: useCorpora.getState().importRole }, onProgress),
  after: () => useCorpora.getState().load(),
  cancel: () => lab.corpus.cancel('import'),
});
// The next import starts from the usual role; refused files keep the chosen one.
useCorpusImport.subscribe(({ files, state }) => {
  if (files.length === 0 && state !== 'failed') useCorpora.setState({ importRole: 'domain' });
});
