/** The list of terms as the person left it, kept in this browser. */
import { create } from 'zustand';
import { defaultTerms } from '../../core/corpus/default-terms';

const STORED = 'crossfade.terms';
const DEFAULT = Object.values(defaultTerms).flat().join('\n');

interface TermListState {
  /** One term a line. */
  text: string;
  isDefault: boolean;
  setText(text: string): void;
  reset(): void;
}

export const useTermList = create<TermListState>()((set) => {
  const keep = (text: string) => {
    set({ text, isDefault: text === DEFAULT });
    try {
      localStorage.setItem(STORED, text);
    } catch {
      // Larger than what a page may keep: the list then holds for this visit.
    }
  };
  const text = localStorage.getItem(STORED) ?? DEFAULT;
  return { text, isDefault: text === DEFAULT, setText: keep, reset: () => keep(DEFAULT) };
});
