/** Tokens of the training texts on the desk under the recipe's base, as far as they are tokenized. */
import { create } from 'zustand';
import type { TokenizedCorpus } from '../contract/tokenizer';

interface TextLengths {
  /** Model whose tokenizer counted. */
  base: string | null;
  /** Corpus id → tokens of its training text. */
  train: Readonly<Record<string, number>>;
  /** Of corpora of records. */
  records: Readonly<Record<string, NonNullable<TokenizedCorpus['records']>>>;
  know(base: string, corpora: readonly TokenizedCorpus[]): void;
}

export const useTextLengths = create<TextLengths>((set, get) => ({
  base: null,
  train: {},
  records: {},
  know(base, corpora) {
    const counted = Object.fromEntries(corpora.map(({ corpus, tokens }) => [corpus, tokens.train]));
    const found = Object.fromEntries(corpora.flatMap(({ corpus, records }) => (records ? [[corpus, records]] : [])));
    const same = get().base === base;
    set({ base, train: same ? { ...get().train, ...counted } : counted, records: same ? { ...get().records, ...found } : found });
  },
}));
