/** The list of domain terms, kept in this browser, and the measure of the loss inside them. */
import { create } from 'zustand';
import { defaultTerms } from '../../core/corpus/settings';
import { lab } from '../../lab/lab';
import { chosenChannels, prepareTexts, useMeasures } from '../measures';
import { useCompare } from '../store';
import { termsOf } from './term-rows';

/** Loss inside the listed terms, in held-out text of the chosen channels, under all picked weights. */

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

/** Does nothing without a term or a channel. */
export async function measureTerms(): Promise<void> {
  const { documentsPerChannel: documents } = useCompare.getState();
  const channels = chosenChannels();
  const terms = termsOf(useTermList.getState().text);
  if (channels.length === 0 || terms.length === 0) return;
  await useMeasures.getState().measure('terms', async (weights, onProgress) => {
    await prepareTexts(channels, onProgress);
    return { measure: await lab.trainer.measureTerms(weights, channels, terms, documents, onProgress), channels, terms, documents };
  });
}
