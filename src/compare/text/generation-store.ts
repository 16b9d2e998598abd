/**
 * What the picked weights write. Several prompts, each written on by A, B and the third with the same seed and sampling, as it comes; and pairs of texts
 * that a person judges blind, in an order that the seed draws, whose verdicts are kept with what was measured of the weights.
 */
import { create } from 'zustand';
import type { GenerateOptions } from '../../contract/evaluation';
import type { ErrorRecord } from '../../core/errors';
import { drawPairs, type BlindPair } from '../../core/metrics/preference';
import { lab } from '../../lab/lab';
import { PLACES, type Place } from '../address';
import { pickedWeights, useMeasures } from '../measures';
import { useCompare } from '../store';

export interface Continuation {
  text: string;
  state: 'waiting' | 'writing' | 'done' | 'stopped';
}

export interface Prompt {
  id: number;
  text: string;
  /** The text that the continuations belong to: the prompt may have been changed since. */
  prompted: string;
  /** Of places that were asked to write. */
  continuations: Partial<Record<Place, Continuation>>;
}

type Sampling = Omit<GenerateOptions, 'prompt'>;

interface GenerationState {
  sampling: Sampling;
  /** At least one. */
  prompts: Prompt[];
  /** With the prompt that it befell. */
  failure: { prompt: number; error: ErrorRecord } | null;
  setSampling(change: Partial<Sampling>): void;
  setPrompt(id: number, text: string): void;
  /** Into the first empty prompt, else as a new one. */
  addPrompt(text: string): void;
  removePrompt(id: number): void;
  generate(): Promise<void>;
}

/** Prompts to begin with, by their words. */
export const EXAMPLES = ['medical', 'treatment', 'medicalZh', 'speech', 'poemZh', 'code'] as const;

/** A page of them is enough, and each takes its time. */
export const MOST_PROMPTS = 12;

/** Milliseconds between two looks of a text that is being written: tokens come faster than a page should be drawn. */
const PACE = 80;

/** Passes on the latest text at most once a PACE. */
function paced(show: (text: string) => void): (text: string) => void {
  let latest = '';
  let waiting = false;
  return (text) => {
    latest = text;
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      show(latest);
    }, PACE);
  };
}

let ids = 0;
const emptyPrompt = (text = ''): Prompt => ({ id: (ids += 1), text, prompted: '', continuations: {} });

export const useGeneration = create<GenerationState>()((set, get) => {
  const change = (id: number, make: (prompt: Prompt) => Partial<Prompt>) =>
    set({ prompts: get().prompts.map((prompt) => (prompt.id === id ? { ...prompt, ...make(prompt) } : prompt)) });
  const write = (id: number, place: Place, part: Partial<Continuation>) =>
    change(id, ({ continuations }) => ({
      continuations: { ...continuations, [place]: { text: '', state: 'waiting', ...continuations[place], ...part } },
    }));
  const stateOf = (id: number, place: Place) => get().prompts.find((prompt) => prompt.id === id)?.continuations[place]?.state;

  return {
    sampling: { seed: 1, temperature: 0.8, topP: 0.95, topK: 40, maxTokens: 64 },
    prompts: [emptyPrompt()],
    failure: null,

    setSampling: (part) => set({ sampling: { ...get().sampling, ...part } }),
    setPrompt: (id, text) => change(id, () => ({ text })),
    addPrompt(text) {
      const { prompts } = get();
      const blank = text === '' ? undefined : prompts.find((prompt) => prompt.text.trim() === '');
      if (blank) change(blank.id, () => ({ text }));
      else if (prompts.length < MOST_PROMPTS) set({ prompts: [...prompts, emptyPrompt(text)] });
    },
    removePrompt(id) {
      const prompts = get().prompts.filter((prompt) => prompt.id !== id);
      set({ prompts: prompts.length > 0 ? prompts : [emptyPrompt()] });
    },

    async generate() {
      let at = 0;
      await useCompare.getState().engage(
        'generate',
        async () => {
          const { sampling } = get();
          const { address } = useCompare.getState();
          const picked = pickedWeights();
          const places = PLACES.slice(0, picked.length);
          const asked = get().prompts.filter(({ text }) => text.trim() !== '');
          set({
            failure: null,
            prompts: get().prompts.map((prompt) =>
              prompt.text.trim() === ''
                ? { ...prompt, prompted: '', continuations: {} }
                : {
                    ...prompt,
                    prompted: prompt.text,
                    continuations: Object.fromEntries(places.map((place) => [place, { text: '', state: 'waiting' }])),
                  },
            ),
          });
          const here = () => useCompare.getState().address === address;
          try {
            for (const [turn, prompt] of asked.entries()) {
              at = prompt.id;
              // Two models stay on the device: to and fro, each prompt begins with those that the last one ended with.
              for (const place of turn % 2 === 0 ? places : places.toReversed()) {
                write(prompt.id, place, { state: 'writing' });
                const show = paced((text) => {
                  if (here() && stateOf(prompt.id, place) === 'writing') write(prompt.id, place, { text });
                });
                let text = '';
                const options = { ...sampling, prompt: prompt.text };
                const whole = await lab.trainer.generate(picked[places.indexOf(place)]!.weights, options, (piece) => {
                  text += piece;
                  show(text);
                });
                if (!here()) return;
                write(prompt.id, place, { text: whole, state: 'done' });
              }
            }
          } catch (error) {
            if (here())
              for (const { id } of asked)
                for (const place of places) if (stateOf(id, place) !== 'done') write(id, place, { state: 'stopped' });
            throw error;
          }
        },
        (error) => set({ failure: { prompt: at, error } }),
      );
    },
  };
});

// Whatever was written belongs to the weights that wrote it.
useCompare.subscribe((state, before) => {
  if (state.address === before.address) return;
  const { prompts } = useGeneration.getState();
  useGeneration.setState({ failure: null, prompts: prompts.map((prompt) => ({ ...prompt, prompted: '', continuations: {} })) });
});

export interface BlindComparison {
  seed: number;
  temperature: number;
  models: number;
  pairs: BlindPair[];
  /** Who wrote what was told, after the last verdict or before. */
  revealed: boolean;
}

interface BlindState {
  /** Pairs to write. */
  count: number;
  setCount(count: number): void;
}

export const useBlind = create<BlindState>()((set) => ({ count: 20, setCount: (count) => set({ count }) }));

/**
 * Writes the pairs after the page's prompts, each prompt as often; a former comparison is dropped. Where the likeliest token is always taken a
 * prompt gives one text a model, so there are no more pairs than different ones.
 * @param examples prompts where the page has none
 */
export async function writePairs(examples: readonly string[]): Promise<void> {
  const { sampling, prompts: own } = useGeneration.getState();
  const asked = own.map(({ text }) => text).filter((text) => text.trim() !== '');
  const prompts = asked.length > 0 ? asked : examples;
  await useMeasures.getState().measure('human', async (weights, onProgress) => {
    const pairings = (weights.length * (weights.length - 1)) / 2;
    const { count } = useBlind.getState();
    const drawn = drawPairs(weights.length, sampling.temperature === 0 ? Math.min(count, prompts.length * pairings) : count, sampling.seed);
    const pairs: BlindPair[] = [];
    /** How often a pairing has been asked: its prompts take turns. */
    const turns = new Map<string, number>();
    for (const [at, models] of drawn.entries()) {
      const pairing = [...models].sort().join();
      const turn = turns.get(pairing) ?? 0;
      turns.set(pairing, turn + 1);
      const prompt = prompts[turn % prompts.length]!;
      const texts: string[] = [];
      for (const model of models) {
        onProgress({ phase: 'write', item: '', done: 2 * at + texts.length, total: 2 * drawn.length });
        texts.push(await lab.trainer.generate(weights[model]!, { ...sampling, prompt, seed: sampling.seed + turn }, () => undefined));
      }
      pairs.push({ prompt, models, texts: texts as [string, string], verdict: null });
    }
    return { seed: sampling.seed, temperature: sampling.temperature, models: weights.length, pairs, revealed: false };
  });
}

const change = (make: (human: BlindComparison) => Partial<BlindComparison>): void =>
  useMeasures.setState(({ results }) =>
    results.human ? { results: { ...results, human: { ...results.human, ...make(results.human) } } } : {},
  );

/** Index of the pair that is judged next; −1 when all are. */
export const nextPair = ({ pairs }: BlindComparison): number => pairs.findIndex(({ verdict }) => verdict === null);

/** The last verdict reveals who wrote what. */
export function judge(verdict: NonNullable<BlindPair['verdict']>): void {
  change((human) => {
    const at = nextPair(human);
    const pairs = human.pairs.map((pair, index) => (index === at ? { ...pair, verdict } : pair));
    return human.revealed || at < 0 ? {} : { pairs, revealed: pairs.every((pair) => pair.verdict !== null) };
  });
}

export function takeBack(): void {
  change((human) => {
    const last = human.pairs.findLastIndex(({ verdict }) => verdict !== null);
    return human.revealed ? {} : { pairs: human.pairs.map((pair, at) => (at === last ? { ...pair, verdict: null } : pair)) };
  });
}

/** Ends it with the verdicts that there are. */
export const reveal = (): void => change(() => ({ revealed: true }));
