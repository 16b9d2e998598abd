/** The view that explains predictions: one text for its first three questions, what each asks beside it, and the calls that answer them. */
import { create } from 'zustand';
import type { AttributionMethod } from '../../contract/evaluation';
import { lab } from '../../lab/lab';
import { chosenChannels, prepareTexts, useMeasures, type Measures } from '../measures';
import { useCompare } from '../store';

export const QUESTIONS = ['attribution', 'counterfactual', 'lens', 'layers'] as const;
export type Question = (typeof QUESTIONS)[number];
export const METHODS = ['integrated', 'gradient', 'occlusion', 'local'] as const satisfies readonly AttributionMethod[];

interface ExplainState {
  question: Question;
  /** null: the example in the page's language. */
  text: string | null;
  /** What is explained behind the text; empty: the likeliest token. */
  target: string;
  method: AttributionMethod;
  /** The words that are replaced, where they stand if not at their first place, and what stands for them. */
  part: string;
  at: number | null;
  replacement: string;
  /** Index of the model whose layers are read out. */
  model: number;
  ask(change: Partial<Pick<ExplainState, 'question' | 'text' | 'target' | 'method' | 'part' | 'at' | 'replacement' | 'model'>>): void;
}

export const useExplain = create<ExplainState>()((set) => ({
  question: 'attribution',
  text: null,
  target: '',
  method: 'integrated',
  part: '',
  at: null,
  replacement: '',
  model: 1,
  ask: (change) => set(change),
}));

/** Where the part to replace stands in the text; null where it does not. */
export function placeOf(text: string, part: string, at: number | null): { from: number; to: number } | null {
  const from = at !== null && text.startsWith(part, at) ? at : text.indexOf(part);
  return part === '' || from < 0 ? null : { from, to: from + part.length };
}

/** Answers the question that is open. Does nothing where something it needs is missing. @param text the person's, or the example */
export async function answer(text: string): Promise<void> {
  const { question, target, part, at, replacement } = useExplain.getState();
  const { measure } = useMeasures.getState();
  if (question === 'attribution')
    return measure('attribution', async (weights, onProgress) => ({
      ...{ text, target },
      view: await lab.trainer.explainToken(weights, text, target, onProgress),
    }));
  if (question === 'lens')
    return measure('lens', async (weights, onProgress) => ({ text, view: await lab.trainer.logitLens(weights, text, onProgress) }));
  if (question === 'counterfactual') {
    const place = placeOf(text, part, at);
    if (!place) return;
    const change = { text, ...place, replacement };
    return measure('counterfactual', async (weights, onProgress) => ({
      change,
      view: await lab.trainer.counterfactual(weights, change, onProgress),
    }));
  }
  const channels = chosenChannels();
  const { documentsPerChannel } = useCompare.getState();
  return measure('layers', async (weights, onProgress) => {
    await prepareTexts(channels, onProgress);
    return lab.trainer.probeLayers(weights, channels, documentsPerChannel, onProgress);
  });
}

/** Mean loss of the next token by layer, embeddings first. */
export const lensLosses = ({ layers }: Measures['lens']['view']['models'][number]): (number | null)[] =>
  layers.map((cells) => {
    const losses = cells.flatMap(({ loss }) => loss ?? []);
    return losses.length === 0 ? null : losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  });
