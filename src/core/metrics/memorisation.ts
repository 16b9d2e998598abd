/**
 * Memorising (METHOD 6): is text that was trained on read better than text like it that was not, and by how much more than the
 * base does? The base has seen neither, so its gap is the difference of the texts themselves.
 */
import { bootstrap, ratioOfSums } from './bootstrap';
import type { DocumentSums, Estimate } from './channel-measure';

export interface MemorisationMeasure {
  rows: { seen: number; unseen: number };
  /** Loss on both by model, nats per token; the first model is the base. */
  seen: Estimate[];
  unseen: Estimate[];
  /** Loss on unseen − loss on seen text, by model. */
  gap: Estimate[];
  /** Gap of the model − gap of the base: what memorising adds. Null for the base. */
  memorised: (Estimate | null)[];
}

/** @param seen, unseen rows of one channel under each model, the same rows for all */
export function measureMemorisation(seen: readonly DocumentSums[], unseen: readonly DocumentSums[], seed: number): MemorisationMeasure {
  const sizes = [seen[0]?.tokens.length ?? 0, unseen[0]?.tokens.length ?? 0];
  const loss = (sums: DocumentSums, times: Float64Array) => ratioOfSums(times, sums.nll, sums.tokens);
  const figures = ([ofSeen, ofUnseen]: readonly Float64Array[]): number[] => {
    const low = seen.map((sums) => loss(sums, ofSeen!));
    const high = unseen.map((sums) => loss(sums, ofUnseen!));
    const gap = low.map((value, model) => high[model]! - value);
    return [...low, ...high, ...gap, ...gap.map((value) => value - gap[0]!)];
  };
  const values = figures(sizes.map((size) => new Float64Array(size).fill(1)));
  const intervals = bootstrap(sizes, figures, { seed });
  const models = seen.length;
  const part = (at: number): Estimate[] =>
    Array.from({ length: models }, (_, model) => ({ value: values[at * models + model]!, interval: intervals[at * models + model]! }));
  return {
    rows: { seen: sizes[0]!, unseen: sizes[1]! },
    seen: part(0),
    unseen: part(1),
    gap: part(2),
    memorised: part(3).map((estimate, model) => (model === 0 ? null : estimate)),
  };
}

/** Nats per token that seen text must be easier by, beyond the base's gap: 5 % of perplexity. */
export const MEMORISED_LINE = 0.05;

/** `yes` where the whole interval lies above the line, `no` where none of it does; `unclear` between, and without an interval. */
export type MemorisationVerdict = 'yes' | 'no' | 'unclear';

export function memorises({ interval }: Estimate): MemorisationVerdict {
  if (!interval) return 'unclear';
  return interval.low > MEMORISED_LINE ? 'yes' : interval.high <= MEMORISED_LINE ? 'no' : 'unclear';
}
