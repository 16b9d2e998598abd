/** A person's own text under the chosen tokenizers: tokenized as it is typed, the last text always wins. */
import { create } from 'zustand';
import type { TokenizedText } from '../contract/tokenizer';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { lab } from '../lab/lab';
import type { TokenizerChoice } from './refs';
import type { Side } from './store';

/** Tokens drawn of a text; all are counted. */
export const MOST_DRAWN = 2000;
/** Characters tokenized of a text: a novel. */
export const MOST_CHARACTERS = 1_000_000;

export interface TokenizedSide {
  /** Of the choice it belongs to. */
  key: string;
  state: 'busy' | 'ready' | 'failed';
  result: TokenizedText | null;
  error: ErrorRecord | null;
}

interface TextState {
  text: string;
  sides: Record<Side, TokenizedSide | null>;
  setText(text: string): void;
  /** Tokenizes the text on one side; null empties it. */
  look(side: Side, choice: TokenizerChoice | null): Promise<void>;
}

export const useTokenText = create<TextState>()((set, get) => {
  const latest: Record<Side, number> = { a: 0, b: 0 };
  return {
    text: '',
    sides: { a: null, b: null },
    setText: (text) => set({ text }),

    async look(side, choice) {
      const asked = (latest[side] += 1);
      const write = (value: TokenizedSide | null) => {
        if (latest[side] === asked) set({ sides: { ...get().sides, [side]: value } });
      };
      if (choice === null) return write(null);
      const { key, ref } = choice;
      const before = get().sides[side];
      // The former picture stays until the new one is there, so that typing does not flicker.
      write({ key, state: 'busy', result: before?.key === key ? before.result : null, error: null });
      try {
        const result = await lab.tokenizer.tokenize(ref, get().text.slice(0, MOST_CHARACTERS), MOST_DRAWN);
        write({ key, state: 'ready', result, error: null });
      } catch (error) {
        write({ key, state: 'failed', result: null, error: errorRecord(error) });
      }
    },
  };
});
