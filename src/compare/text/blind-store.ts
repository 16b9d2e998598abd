/**
 * A person's blind comparison of what the picked weights write: pairs of texts after the same prompt by the same random numbers, in an order that
 * a seed draws; verdicts are kept with what was measured of the weights.
 */
import { create } from 'zustand';
import { drawPairs, type BlindPair } from '../../core/metrics/preference';
import { lab } from '../../lab/lab';
import { useMeasures } from '../measures';
import { useGeneration } from './generation-store';

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
