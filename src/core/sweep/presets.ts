/**
 * Sweeps that are planned with one press, and the learning-rate range test: one run whose rate rises from step to step, which shows where
 * training begins to act and where it breaks (Smith, 1506.01186).
 */
import { GOLDEN_RATIO } from '../mixture/mixture';
import type { Recipe } from '../recipe/schema';
import type { SweepInput } from './schema';

export type SweepPreset = 'golden-ratio' | 'learning-rate' | 'warmup' | 'share-and-rate';

/** Shares of the domain around the golden ratio 1 : 5. */
const SHARES = [0, 0.1, GOLDEN_RATIO, 0.25, 0.5, 1];
/** Factors of the base's peak learning rate, half a power of ten apart. */
const RATES = [0.1, 10 ** -0.5, 1, 10 ** 0.5, 10];
const WARMUPS = [0, 0.01, 0.03, 0.1, 0.3];

export const sweepPresets: Readonly<Record<SweepPreset, (base: Recipe) => SweepInput>> = {
  'golden-ratio': (base) => ({ version: 1, name: 'golden-ratio', base, axes: [{ field: 'domainShare', values: SHARES }] }),
  'learning-rate': (base) => ({ version: 1, name: 'learning-rate', base, axes: [{ field: 'schedule.peakLr', factors: RATES }] }),
  warmup: (base) => ({
    version: 1,
    name: 'warmup',
    base: { ...base, schedule: { ...base.schedule, warmup: { unit: 'ratio', value: 0 } } },
    axes: [{ field: 'schedule.warmup.value', values: WARMUPS }],
  }),
  'share-and-rate': (base) => ({
    version: 1,
    name: 'share-and-rate',
    base,
    axes: [
      { field: 'domainShare', values: [0.1, GOLDEN_RATIO, 0.25, 0.5] },
      { field: 'schedule.peakLr', factors: [0.1, 10 ** -0.5, 1, 10 ** 0.5] },
    ],
  }),
};

export interface RangeTest {
  /** Rates of the first and the last step. */
  low: number;
  high: number;
  steps: number;
}

/** Rates of the steps, evenly apart in their logarithm. Nothing of the run is kept: the weights are put back after it. */
export function rangeTestRates({ low, high, steps }: RangeTest): number[] {
  return Array.from({ length: steps }, (_, step) => low * (high / low) ** (steps > 1 ? step / (steps - 1) : 0));
}

export interface SuggestedRange {
  /** Rate at which the loss falls fastest. */
  steepest: number;
  /** Rate of the lowest loss. */
  lowest: number;
  /** Rate from which the loss is above what it began with, or no number; null where that was not reached. */
  breaks: number | null;
  /** Peak rates worth a sweep: from a tenth of the steepest to a third of the lowest or of where it breaks, and never across. */
  from: number;
  to: number;
}

/** How much of the smoothed loss is kept from step to step. */
const SMOOTHING = 0.9;
/** Rise above the first loss, as a part of the fall, that counts as broken. */
const BROKEN = 0.05;

/**
 * What a range test says. Losses are smoothed by a debiased exponential mean, since those of single batches jump.
 * @param losses of the steps, in the order of the rates; @returns null where the loss never falls
 */
export function suggestRange(rates: readonly number[], losses: readonly number[]): SuggestedRange | null {
  const smooth: number[] = [];
  let sum = 0;
  let weight = 0;
  for (const loss of losses) {
    if (!Number.isFinite(loss)) break;
    sum = SMOOTHING * sum + (1 - SMOOTHING) * loss;
    weight = SMOOTHING * weight + (1 - SMOOTHING);
    smooth.push(sum / weight);
  }
  if (smooth.length < 5) return null;
  const least = smooth.reduce((found, loss, at) => (loss < smooth[found]! ? at : found), 0);
  const first = smooth[0]!;
  const fall = first - smooth[least]!;
  if (least === 0 || fall <= 0) return null;
  const broken = smooth.findIndex((loss, at) => at > least && loss > first + BROKEN * fall);
  const ends = smooth.length < losses.length ? smooth.length : -1;
  const at = broken >= 0 ? broken : ends;
  // The slope over a tenth of the test, in ln η, so that a single batch does not decide.
  const span = Math.max(1, Math.round(smooth.length / 20));
  let steepest = span;
  let slope = Infinity;
  for (let step = span; step + span < smooth.length && step <= least; step++) {
    const found = (smooth[step + span]! - smooth[step - span]!) / Math.log(rates[step + span]! / rates[step - span]!);
    if (found < slope) [slope, steepest] = [found, step];
  }
  const breaks = at >= 0 ? rates[at]! : null;
  const to = Math.min(rates[least]!, breaks ?? Infinity) / 3;
  return { steepest: rates[steepest]!, lowest: rates[least]!, breaks, from: Math.min(rates[steepest]! / 10, to), to };
}
