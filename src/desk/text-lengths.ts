/** Tokens of the training texts on the desk under the recipe's base, as far as they are tokenized. */
import { create } from 'zustand';
import type { TokenizedCorpus } from '../contract/tokenizer';

interface TextLengths {
  /** Model whose tokenizer counted. */
  base: string | null;
  /** Corpus id → tokens of its training text. */
  train: Readonly<Record<string, number>>;
  know(base: string, corpora: readonly TokenizedCorpus[]): void;
}

export const useTextLengths = create<TextLengths>((set, get) => ({
  base: null,
  train: {},
  know(base, corpora) {
    const counted = Object.fromEntries(corpora.map(({ corpus, tokens }) => [corpus, tokens.train]));
    set({ base, train: get().base === base ? { ...get().train, ...counted } : counted });
  },
}));
