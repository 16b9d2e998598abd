/** What the inside view looks at, and what of the picked weights could not be laid over A. */
import { create } from 'zustand';
import type { AttentionView, WeightChange, WeightsRef } from '../../contract/evaluation';
import { errorRecord, type ErrorRecord } from '../../core/errors';
import { lab } from '../../lab/lab';
import { weightsKey } from '../address';
import { pickedWeights, useMeasures } from '../measures-store';
import { useCompare, type Place } from '../store';
import { tokenLabels } from './token-labels';
import { mostShifted } from './shifts';

/** Longest text that is cut into labels; the worker shows at most 128 tokens. */
const LABELLED = 160;

interface InsideState {
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
  apart: { attention: Partial<Record<Place, ErrorRecord>>; weights: Partial<Record<Place, ErrorRecord>> };
  setText(text: string): void;
  look(layer: number, head: number): void;
  holdAgainst(versus: Exclude<Place, 'a'>): void;
  measureAttention(text: string): Promise<void>;
  measureWeights(): Promise<void>;
}

export const useInside = create<InsideState>()((set, get) => ({
  text: null,
  layer: 0,
  head: 0,
  versus: 'b',
  places: [],
  labels: [],
  tokens: null,
  apart: { attention: {}, weights: {} },
  setText: (text) => set({ text }),
  look: (layer, head) => set({ layer, head }),
  holdAgainst: (versus) => set({ versus }),

  measureAttention: (text) =>
    useMeasures.getState().measure('attention', async (weights) => {
      const { view, places, apart } = await attentionOfAlike(weights, text);
      const { labels, tokens } = await labelsOf(text, view);
      // The choice of a third outlives the third.
      const versus = weights.length > 2 ? get().versus : 'b';
      const tuned = view.models[places.indexOf(versus)];
      const most = tuned ? mostShifted(view.models[0]!, tuned, view.tokens.length) : { layer: 0, head: 0 };
      set({ places, labels, tokens, ...most, apart: { ...get().apart, attention: apart } });
      return { text, view };
    }),

  measureWeights: () =>
    useMeasures.getState().measure('weights', async ([base, ...tuned]) => {
      const found: Record<string, WeightChange[]> = {};
      const apart: Partial<Record<Place, ErrorRecord>> = {};
      for (const [at, weights] of tuned.entries()) {
        const place = PLACES[at + 1]!;
        const changes = await unlessApart(place, apart, 'tensor-shape', () => lab.trainer.weightChanges(base!, weights));
        if (changes) found[weightsKey(weights)] = changes;
      }
      set({ apart: { ...get().apart, weights: apart } });
      return found;
    }),
}));

const PLACES = ['a', 'b', 'c'] as const satisfies readonly Place[];

/** A's attention, and that of all others whose maps can be laid over it. */
async function attentionOfAlike(
  weights: readonly WeightsRef[],
  text: string,
): Promise<{ view: AttentionView; places: Place[]; apart: Partial<Record<Place, ErrorRecord>> }> {
  const apart: Partial<Record<Place, ErrorRecord>> = {};
  const measure = (places: readonly Place[]) =>
    lab.trainer.attention(
      places.map((place) => weights[PLACES.indexOf(place)]!),
      text,
    );
  const all = PLACES.slice(0, weights.length);
  // Most are of one shape: only when they are not is each tried by itself.
  const together = await unlessApart('a', {}, 'config-unsupported', () => measure(all));
  if (together) return { view: together, places: all, apart };
  for (const place of all.slice(1)) await unlessApart(place, apart, 'config-unsupported', () => measure(['a', place]));
  const places = all.filter((place) => !apart[place]);
  return { view: await measure(places), places, apart };
}

/** An error with this code is noted as what keeps the weights apart; any other is thrown. */
async function unlessApart<T>(
  place: Place,
  apart: Partial<Record<Place, ErrorRecord>>,
  code: ErrorRecord['code'],
  work: () => Promise<T>,
): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    const record = errorRecord(error);
    if (record.code !== code) throw error;
    apart[place] = record;
    return null;
  }
}

async function labelsOf(text: string, { tokens }: AttentionView): Promise<{ labels: string[]; tokens: number | null }> {
  const model = pickedWeights()[0]?.base;
  if (model === undefined || !useCompare.getState().models.some(({ id }) => id === model)) return { labels: tokens, tokens: null };
  const { spans, counts } = await lab.tokenizer.tokenize({ kind: 'model', model }, text, LABELLED);
  return { labels: tokenLabels(spans, tokens), tokens: counts.tokens + 1 };
}
