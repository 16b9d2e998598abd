/** Is an accuracy better than chance, and how sure is it? The exact one-sided binomial test (Clopper & Pearson 1934), Wilson's interval. */
import type { Interval } from './bootstrap';
import { normalQuantile } from './normal';

/** Below this p-value a group counts as answered better than by chance (METHOD 6). */
export const SIGNIFICANCE = 0.05;

/**
 * P(X ≥ correct) for X ~ Binomial(items, chance).
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
