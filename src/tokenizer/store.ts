/** State of the tokenizer page: the tokenizers at hand, which two are looked at, and the import of one. */
import { create } from 'zustand';
import type { CorpusRecord } from '../contract/corpus';
import type { ModelRecord } from '../contract/library';
import type { TokenizerRecord } from '../contract/tokenizer';
import { errorRecord, StudioError, type ErrorRecord } from '../core/errors';
import { lab } from '../lab/lab';
import { meetCorpora } from '../channels/channel';
import { createImportStore } from '../ui/import-store';
import { choicesOf, findChoice, tokenizerKey, type TokenizerChoice } from './refs';

export type Side = 'a' | 'b';
export const SIDES: readonly Side[] = ['a', 'b'];

export interface TokenizersState {
  list: 'loading' | 'ready' | 'failed';
  listError: ErrorRecord | null;
  models: ModelRecord[];
  corpora: CorpusRecord[];
  tokenizers: TokenizerRecord[];
  choices: TokenizerChoice[];
  /** Keys of the two tokenizers; b is null when one is looked at alone. */
  chosen: Record<Side, string | null>;
  failure: ErrorRecord | null;

  load(): Promise<void>;
  choose(side: Side, key: string | null): void;
  swap(): void;
  rename(id: string, name: string): Promise<void>;
  remove(id: string): Promise<void>;
  report(error: unknown): void;
  dismiss(): void;
}

export const useTokenizers = create<TokenizersState>()((set, get) => {
  return {
    list: 'loading',
    listError: null,
    models: [],
    corpora: [],
    tokenizers: [],
    choices: [],
    chosen: { a: null, b: null },
    failure: null,

    async load() {
      try {
        const [models, corpora, tokenizers] = await Promise.all([lab.library.models(), lab.corpus.list(), lab.tokenizer.list()]);
        meetCorpora(corpora);
        const choices = choicesOf(models, tokenizers);
        const { a, b } = get().chosen;
        const kept = { a: findChoice(choices, a)?.key ?? choices[0]?.key ?? null, b: findChoice(choices, b)?.key ?? null };
        set({ list: 'ready', listError: null, models, corpora, tokenizers, choices, chosen: kept });
      } catch (error) {
        set({ list: 'failed', listError: errorRecord(error) });
      }
    },

    choose: (side, key) => set({ chosen: { ...get().chosen, [side]: key } }),
    swap() {
      const { a, b } = get().chosen;
      if (b !== null) set({ chosen: { a: b, b: a } });
    },

    async rename(id, name) {
      try {
        await lab.tokenizer.rename(id, name);
        await get().load();
      } catch (error) {
        get().report(error);
      }
    },

    async remove(id) {
      try {
        await lab.tokenizer.remove(id);
        useTokenizerImport.getState().forget(id);
        await get().load();
      } catch (error) {
        get().report(error);
      }
    },
    report: (error) => set({ failure: errorRecord(error) }),
    dismiss: () => set({ failure: null }),
  };
});

/** The tokenizers looked at, A first; B only when it is another one. */
export function shownChoices({ choices, chosen }: Pick<TokenizersState, 'choices' | 'chosen'>): { side: Side; choice: TokenizerChoice }[] {
  return SIDES.flatMap((side) => {
    const choice = findChoice(choices, chosen[side]);
    return choice && (side === 'a' || choice.key !== chosen.a) ? [{ side, choice }] : [];
  });
}

const ACCEPTED = 'tokenizer.json';
/** Read instead where there is no tokenizer.json. */
const VOCABULARY = ['vocab.json', 'merges.txt'];

/**
 * Refuses files that no tokenizer.json is among before any is read; the worker checks the tokenizer itself.
 * @throws StudioError `file-missing`: several files without tokenizer.json and without vocab.json and merges.txt; `file-unsupported`: a single one that is not JSON
 */
function checkTokenizerFiles(files: readonly Pick<File, 'name'>[]): void {
  if (files.some(({ name }) => name === ACCEPTED)) return;
  if (VOCABULARY.every((wanted) => files.some(({ name }) => name === wanted))) return;
  const names = files.map(({ name }) => name).join(', ');
  if (files.length !== 1) throw new StudioError('file-missing', `${ACCEPTED} is missing`, { file: names, wanted: ACCEPTED });
  if (!names.toLowerCase().endsWith('.json'))
    throw new StudioError('file-unsupported', `${names} is no tokenizer.json`, { file: names, accepted: '.json' });
}

/** The folder's name, or the file's when it is more than "tokenizer". */
function proposedTokenizerName(files: readonly Pick<File, 'name' | 'webkitRelativePath'>[]): string {
  const folder = files[0]?.webkitRelativePath.split('/').at(-2) ?? '';
  const file = files.length === 1 ? files[0]!.name.replace(/\.json$/i, '') : '';
  return (folder || (file === 'tokenizer' ? '' : file)).slice(0, 60);
}

export const useTokenizerImport = createImportStore<TokenizerRecord>({
  choose(files) {
    if (files.length > 0) checkTokenizerFiles(files);
    return [...files];
  },
  propose: proposedTokenizerName,
  run: (files, name) => lab.tokenizer.importTokenizer(files, name),
  async after({ id }) {
    const { load, choose } = useTokenizers.getState();
    await load();
    // The new tokenizer is shown beside A at once.
    choose('b', tokenizerKey(id));
  },
});
