/** The list of domain terms, kept in this browser, and the measure of the loss inside them. */
import { create } from 'zustand';
import { persist } from 'zustand/middleware';
import { defaultTerms } from '../../core/corpus/settings';
import { lab } from '../../lab/lab';
import { plainStorage } from '../../ui/plain-storage';
import { chosenChannels, prepareTexts, useMeasures } from '../measures';
import { useCompare } from '../store';
import { termsOf } from './term-rows';

const DEFAULT = Object.values(defaultTerms).flat().join('\n');

interface TermListState {
  /** One term a line. */
  text: string;
  isDefault: boolean;
  setText(text: string): void;
  reset(): void;
}

const listOf = (text: string) => ({ text, isDefault: text === DEFAULT });

export const useTermList = create<TermListState>()(
  persist((set) => ({ ...listOf(DEFAULT), setText: (text) => set(listOf(text)), reset: () => set(listOf(DEFAULT)) }), {
    name: 'crossfade.terms',
    partialize: ({ text }) => listOf(text),
    storage: plainStorage(listOf(DEFAULT), listOf, ({ text }) => text),
  }),
);

/** Loss inside the listed terms, in held-out text of the chosen channels, under all picked weights. Does nothing without a term or a channel. */
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
