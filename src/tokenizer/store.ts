/** State of the tokenizer page: the tokenizers at hand, which two are looked at, and what is brought in. */
import { create } from 'zustand';
import type { CorpusRecord } from '../contract/corpus';
import type { ModelRecord } from '../contract/library';
import type { TokenizerRecord } from '../contract/tokenizer';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { lab } from '../lab/lab';
import { meetCorpora } from '../channels/channel';
import { checkTokenizerFiles, proposedTokenizerName } from './import-check';
import { choicesOf, findChoice, tokenizerKey, type TokenizerChoice } from './refs';

export type Side = 'a' | 'b';
export const SIDES: readonly Side[] = ['a', 'b'];

export interface TokenizerImport {
  files: File[];
  name: string;
  state: 'idle' | 'busy' | 'done' | 'failed';
  error: ErrorRecord | null;
  made: TokenizerRecord | null;
}

export interface TokenizersState {
  list: 'loading' | 'ready' | 'failed';
  listError: ErrorRecord | null;
  models: ModelRecord[];
  corpora: CorpusRecord[];
  tokenizers: TokenizerRecord[];
  choices: TokenizerChoice[];
  /** Keys of the two tokenizers; b is null when one is looked at alone. */
  chosen: Record<Side, string | null>;
  importing: TokenizerImport;
  failure: ErrorRecord | null;

  load(): Promise<void>;
  choose(side: Side, key: string | null): void;
  swap(): void;
  takeFiles(files: File[]): void;
  nameImport(name: string): void;
  importTokenizer(): Promise<void>;
  resetImport(): void;
  rename(id: string, name: string): Promise<void>;
  remove(id: string): Promise<void>;
  report(error: unknown): void;
  dismiss(): void;
}

const NO_IMPORT: TokenizerImport = { files: [], name: '', state: 'idle', error: null, made: null };

export const useTokenizers = create<TokenizersState>()((set, get) => {
  const importing = (change: Partial<TokenizerImport>) => set({ importing: { ...get().importing, ...change } });
  return {
    list: 'loading',
    listError: null,
    models: [],
    corpora: [],
    tokenizers: [],
    choices: [],
    chosen: { a: null, b: null },
    importing: NO_IMPORT,
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

    takeFiles(files) {
      if (files.length === 0 || get().importing.state === 'busy') return;
      const { name } = get().importing;
      try {
        checkTokenizerFiles(files);
        set({ importing: { ...NO_IMPORT, files, name: name === '' ? proposedTokenizerName(files) : name } });
      } catch (error) {
        set({ importing: { ...NO_IMPORT, name, state: 'failed', error: errorRecord(error) } });
      }
    },
    nameImport: (name) => importing({ name }),

    async importTokenizer() {
      const { files, name, state } = get().importing;
      if (files.length === 0 || name.trim() === '' || state === 'busy') return;
      importing({ state: 'busy', error: null });
      try {
        const made = await lab.tokenizer.importTokenizer(files, name.trim());
        set({ importing: { ...NO_IMPORT, state: 'done', made } });
        await get().load();
        // What was just brought in is what a person wants to see.
        get().choose('b', tokenizerKey(made.id));
      } catch (error) {
        importing({ state: 'failed', error: errorRecord(error) });
      }
    },
    resetImport: () => set({ importing: NO_IMPORT }),

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
        if (get().importing.made?.id === id) set({ importing: NO_IMPORT });
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
