/**
 * Bootstrap intervals over documents: bias-corrected and accelerated (Efron 1987), which for skewed losses covers better than
 * plain percentiles. Documents, not tokens, are drawn: tokens of one document are not independent.
 */
import { Rng } from '../rng/rng';
import { normalQuantile, normalShare } from './normal';

export interface Interval {
  low: number;
  high: number;
}

export interface BootstrapOptions {
  seed: number;
  /** Number of resamples. */
  resamples?: number;
  /** Share of cases in which the interval holds the truth. */
  level?: number;
}

/** Given how often each document of each group is counted. NaN where that gives no value. */
export type Statistics = (times: readonly Float64Array[]) => readonly number[];

/** The jackknife leaves out one document at a time, of more than this many one block of them at a time. */
const JACKKNIFE_BLOCKS = 200;

/**
 * Intervals of several statistics from the same resamples, so that figures shown side by side agree.
 * @param sizes documents of each group; each group is resampled by itself (stratified), so no channel is left out of a draw
 * @returns one interval a statistic; null where a group has under two documents or fewer than half of the resamples gave a value
 */
export function bootstrap(
  sizes: readonly number[],
  statistics: Statistics,
  { seed, resamples = 1000, level = 0.95 }: BootstrapOptions,
): (Interval | null)[] {
  const times = sizes.map((size) => new Float64Array(size).fill(1));
  const estimates = [...statistics(times)];
  // One document drawn again and again is no measure of spread.
  if (sizes.some((size) => size < 2)) return estimates.map(() => null);
  const accelerations = jackknife(times, statistics, estimates.length);
  const random = new Rng(seed);
  const drawn = estimates.map(() => [] as number[]);
  for (let draw = 0; draw < resamples; draw++) {
    for (const group of times) {
      group.fill(0);
      for (let at = 0; at < group.length; at++) group[random.integer(group.length)]! += 1;
    }
    statistics(times).forEach((value, at) => {
      if (!Number.isNaN(value)) drawn[at]!.push(value);
    });
  }
  return drawn.map((values, at) => (values.length * 2 < resamples ? null : corrected(values, estimates[at]!, accelerations[at]!, level)));
}

function corrected(values: number[], estimate: number, acceleration: number, level: number): Interval {
  values.sort((a, b) => a - b);
  // Ties count half, or a statistic that never varies would be read as biased.
  const below = values.reduce((sum, value) => sum + (value < estimate ? 1 : value === estimate ? 0.5 : 0), 0);
  const bias = normalQuantile(below / values.length);
  const end = (z: number) => {
    const shifted = bias + z;
    return quantile(values, normalShare(bias + shifted / (1 - acceleration * shifted)));
  };
  const z = normalQuantile((1 - level) / 2);
  return { low: end(z), high: end(-z) };
}

/** Acceleration of each statistic, from what it becomes without a part of a group (Efron & Tibshirani 1993, 14.15). */
function jackknife(times: readonly Float64Array[], statistics: Statistics, count: number): number[] {
  const squares = new Float64Array(count);
  const cubes = new Float64Array(count);
  for (const group of times) {
    const blocks = Math.min(group.length, JACKKNIFE_BLOCKS);
    const without: (readonly number[])[] = [];
    for (let block = 0; block < blocks; block++) {
      const from = Math.floor((block * group.length) / blocks);
      const to = Math.floor(((block + 1) * group.length) / blocks);
      group.fill(0, from, to);
      without.push([...statistics(times)]);
      group.fill(1, from, to);
    }
    for (let at = 0; at < count; at++) {
      const mean = without.reduce((sum, row) => sum + row[at]!, 0) / blocks;
      for (const row of without) {
        const influence = ((blocks - 1) * (mean - row[at]!)) / blocks;
        squares[at]! += influence ** 2;
        cubes[at]! += influence ** 3;
      }
    }
  }
  return Array.from(squares, (square, at) => (square > 0 ? cubes[at]! / (6 * square ** 1.5) : 0));
}

/** Linear between neighbours (type 7 of Hyndman & Fan 1996, NumPy's default). @param sorted ascending, not empty */
export function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (place - below);
}

/** Σ times · numerator / Σ times · denominator: the loss of a resample (nats, tokens). NaN without tokens. */
export function ratioOfSums(times: Float64Array, numerator: ArrayLike<number>, denominator: ArrayLike<number>): number {
  let above = 0;
  let below = 0;
  for (let at = 0; at < times.length; at++) {
    above += times[at]! * numerator[at]!;
    below += times[at]! * denominator[at]!;
  }
  return below === 0 ? Number.NaN : above / below;
}
