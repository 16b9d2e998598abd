/**
 * State of the views into the model. Inside: what it looks at, its two measures, and which of the picked weights are incompatible with A. Explain: one text
 * for its first three questions, what each asks beside it, and the calls that answer them.
 */
import { create } from 'zustand';
import type { AttentionView, AttributionMethod, WeightsRef } from '../../contract/evaluation';
import { errorRecord, type ErrorRecord } from '../../core/errors';
import type { ParameterChange } from '../../core/metrics/model-change';
import { lab } from '../../lab/lab';
import { PLACES, weightsKey, type Place } from '../address';
import { chosenChannels, pickedWeights, prepareTexts, useMeasures, type Measures } from '../measures';
import { useCompare } from '../store';
import { mostShifted, tokenLabels } from './attention';

/** Longest text that is cut into labels; the worker shows at most 128 tokens. */
const LABELLED = 160;

export interface InternalsState {
  /** null: the example in the page's language. */
  text: string | null;
  layer: number;
  head: number;
  /** The tuned weights that A is held against. */
  versus: Exclude<Place, 'a'>;
  /** Of the attention's result: whose maps it holds, in its order. */
  places: Place[];
  /** Of each token on the axes; the first is the start of the text. */
  labels: string[];
  /** Tokens of the whole text with its start; null where the tokenizer is gone. */
  tokens: number | null;
  /** Weights that are of another shape than A, with what differs. */
  incompatible: { attention: Partial<Record<Place, ErrorRecord>>; weights: Partial<Record<Place, ErrorRecord>> };
  setText(text: string): void;
  look(layer: number, head: number): void;
  holdAgainst(versus: Exclude<Place, 'a'>): void;
  measureAttention(text: string): Promise<void>;
  measureWeights(): Promise<void>;
}

export const useInternals = create<InternalsState>()((set, get) => ({
  text: null,
  layer: 0,
  head: 0,
  versus: 'b',
  places: [],
  labels: [],
  tokens: null,
  incompatible: { attention: {}, weights: {} },
  setText: (text) => set({ text }),
  look: (layer, head) => set({ layer, head }),
  holdAgainst: (versus) => set({ versus }),

  measureAttention: (text) =>
    useMeasures.getState().measure('attention', async (weights) => {
      const { view, places, incompatible } = await attentionOfAlike(weights, text);
      const { labels, tokens } = await labelsOf(text, view);
      // The choice of a third outlives the third.
      const versus = weights.length > 2 ? get().versus : 'b';
      const tuned = view.models[places.indexOf(versus)];
      const most = tuned ? mostShifted(view.models[0]!, tuned, view.tokens.length) : { layer: 0, head: 0 };
      set({ places, labels, tokens, ...most, incompatible: { ...get().incompatible, attention: incompatible } });
      return { text, view };
    }),

  measureWeights: () =>
    useMeasures.getState().measure('weights', async ([base, ...tuned]) => {
      const found: Record<string, ParameterChange[]> = {};
      const incompatible: Partial<Record<Place, ErrorRecord>> = {};
      for (const [at, weights] of tuned.entries()) {
        const place = PLACES[at + 1]!;
        const changes = await unlessIncompatible(place, incompatible, 'tensor-shape', () => lab.trainer.weightChanges(base!, weights));
        if (changes) found[weightsKey(weights)] = changes;
      }
      set({ incompatible: { ...get().incompatible, weights: incompatible } });
      return found;
    }),
}));

/** A's attention, and that of all others whose maps can be laid over it. */
async function attentionOfAlike(
  weights: readonly WeightsRef[],
  text: string,
): Promise<{ view: AttentionView; places: Place[]; incompatible: Partial<Record<Place, ErrorRecord>> }> {
  const incompatible: Partial<Record<Place, ErrorRecord>> = {};
  const measure = (places: readonly Place[]) =>
    lab.trainer.attention(
      places.map((place) => weights[PLACES.indexOf(place)]!),
      text,
    );
  const all = PLACES.slice(0, weights.length);
  // Most are of one shape: only when they are not is each tried by itself.
  const together = await unlessIncompatible('a', {}, 'config-unsupported', () => measure(all));
  if (together) return { view: together, places: all, incompatible };
  for (const place of all.slice(1)) await unlessIncompatible(place, incompatible, 'config-unsupported', () => measure(['a', place]));
  const places = all.filter((place) => !incompatible[place]);
  return { view: await measure(places), places, incompatible };
}

/** An error with this code is noted as what makes the weights incompatible; any other is thrown. */
async function unlessIncompatible<T>(
  place: Place,
  incompatible: Partial<Record<Place, ErrorRecord>>,
  code: ErrorRecord['code'],
  work: () => Promise<T>,
): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    const record = errorRecord(error);
    if (record.code !== code) throw error;
    incompatible[place] = record;
    return null;
  }
}

async function labelsOf(text: string, { tokens }: AttentionView): Promise<{ labels: string[]; tokens: number | null }> {
  const model = pickedWeights()[0]?.base;
  if (model === undefined || !useCompare.getState().models.some(({ id }) => id === model)) return { labels: tokens, tokens: null };
  const { spans, counts } = await lab.tokenizer.tokenize({ kind: 'model', model }, text, LABELLED);
  return { labels: tokenLabels(spans, tokens), tokens: counts.tokens + 1 };
}

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
