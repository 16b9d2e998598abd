/**
 * Statistics behind the intervals and tests that figures are shown with: the standard normal distribution, exact tests against
 * chance, Wilson's interval of a share, bootstrap intervals over documents, and rank correlation.
 */
import { Rng } from '../rng/rng';

/** ln erfc(x), to 1.2e-7 (Chebyshev fit of erfc, Press et al., Numerical Recipes 6.2). */
export function logErfc(x: number): number {
  const t = 1 / (1 + 0.5 * Math.abs(x));
  const coefficients = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277,
  ];
  const log = Math.log(t) - x * x + coefficients.reduceRight((sum, coefficient) => sum * t + coefficient, 0);
  return x < 0 ? Math.log(2 - Math.exp(log)) : log;
}

/** Φ(z), to 1.2e-7. */
export function normalShare(z: number): number {
  const tail = 0.5 * Math.exp(logErfc(Math.abs(z) / Math.SQRT2));
  return z < 0 ? tail : 1 - tail;
}

/** Φ⁻¹(share) by bisection on Φ: exact enough for an interval's ends. ±8 at 0 and 1. */
export function normalQuantile(share: number): number {
  let low = -8;
  let high = 8;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (normalShare(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

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
 * Bootstrap intervals over documents, bias-corrected and accelerated (BCa, Efron 1987), which for skewed losses cover better than
 * plain percentiles. Documents, not tokens, are drawn: tokens of one document are not independent. All statistics share the
 * resamples, so that figures shown side by side agree.
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
export function quantile(sorted: ArrayLike<number>, share: number): number {
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

/** Below this p-value a group counts as answered better than by chance (METHOD 6). */
export const SIGNIFICANCE = 0.05;

/**
 * P(X ≥ correct) for X ~ Binomial(items, chance): the exact one-sided test against guessing (Clopper & Pearson 1934).
 * @param chance probability of a right guess, in (0, 1)
 */
export function binomialTail(correct: number, items: number, chance: number): number {
  if (correct <= 0) return 1;
  if (correct > items) return 0;
  // In logarithms: the terms of 500 items underflow.
  let term = logChoose(items, correct) + correct * Math.log(chance) + (items - correct) * Math.log1p(-chance);
  let sum = 0;
  for (let k = correct; k <= items; k++) {
    sum += Math.exp(term);
    term += Math.log((items - k) / (k + 1)) + Math.log(chance / (1 - chance));
  }
  return Math.min(1, sum);
}

/**
 * The same for items with different numbers of choices (Poisson binomial, by convolution).
 * @param chances probability of a right guess of each item
 */
export function chanceTail(correct: number, chances: readonly number[]): number {
  let distribution = [1];
  for (const chance of chances) {
    const next = new Array<number>(distribution.length + 1).fill(0);
    distribution.forEach((probability, k) => {
      next[k]! += probability * (1 - chance);
      next[k + 1]! += probability * chance;
    });
    distribution = next;
  }
  // From the far end, where the terms are smallest.
  let sum = 0;
  for (let k = distribution.length - 1; k >= Math.max(0, correct); k--) sum += distribution[k]!;
  return Math.min(1, sum);
}

/**
 * Score interval of a share (Wilson 1927), 95 %. A bootstrap would call a share of 1 certain, however few the items.
 * @param items at least 1
 */
export function wilsonInterval(correct: number, items: number): Interval {
  const z = normalQuantile(0.975);
  const share = correct / items;
  const centre = share + z ** 2 / (2 * items);
  const half = z * Math.sqrt((share * (1 - share)) / items + z ** 2 / (4 * items ** 2));
  const scale = 1 + z ** 2 / items;
  return { low: Math.max(0, (centre - half) / scale), high: Math.min(1, (centre + half) / scale) };
}

function logChoose(n: number, k: number): number {
  let sum = 0;
  for (let at = 1; at <= k; at++) sum += Math.log((n - k + at) / at);
  return sum;
}

/** Ranks from 1; equal values share their mean rank. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, at) => at).sort((a, b) => values[a]! - values[b]!);
  const result = new Array<number>(values.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]!] === values[order[from]!]) to += 1;
    for (let at = from; at <= to; at++) result[order[at]!] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return result;
}

/** Spearman's ρ: Pearson's correlation of the ranks. Null where either side has one value alone. */
export function spearman(one: readonly number[], other: readonly number[]): number | null {
  const [a, b] = [ranks(one), ranks(other)];
  const mean = (one.length + 1) / 2;
  const sum = (left: readonly number[], right: readonly number[]) =>
    left.reduce((total, value, at) => total + (value - mean) * (right[at]! - mean), 0);
  const spread = Math.sqrt(sum(a, a) * sum(b, b));
  return spread > 0 ? sum(a, b) / spread : null;
}
