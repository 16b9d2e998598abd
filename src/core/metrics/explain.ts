/**
 * Arithmetic of explanations: the nodes of an integral along a path, a linear fit to a model around one text, and a linear probe of what a
 * layer's states hold.
 */
import { solveLeastSquares } from '../laws/law';
import type { Rng } from '../rng/rng';

/** Nodes and weights of Gauss and Legendre's quadrature on [0, 1]: exact for polynomials of degree 2 · count − 1. */
export function gaussLegendre(count: number): { nodes: number[]; weights: number[] } {
  const nodes: number[] = [];
  const weights: number[] = [];
  for (let at = 0; at < count; at++) {
    // Newton's method on the Legendre polynomial, from Chebyshev's guess of its roots.
    let x = Math.cos((Math.PI * (at + 0.75)) / (count + 0.5));
    let slope = 1;
    for (let turn = 0; turn < 50; turn++) {
      let [before, own] = [1, x];
      for (let degree = 2; degree <= count; degree++) [before, own] = [own, ((2 * degree - 1) * x * own - (degree - 1) * before) / degree];
      slope = count === 1 ? 1 : (count * (x * own - before)) / (x * x - 1);
      const step = own / slope;
      x -= step;
      if (Math.abs(step) < 1e-15) break;
    }
    nodes.unshift((1 + x) / 2);
    weights.unshift(1 / ((1 - x * x) * slope * slope));
  }
  return { nodes, weights };
}

/** Texts in which some tokens are left, each with its weight in the fit. */
export interface MaskedTexts {
  /** [text][token]: 1 where the token is left. */
  masks: number[][];
  weights: number[];
}

/**
 * Texts for a local fit (LIME, Ribeiro et al. 2016) with the Shapley kernel (Lundberg and Lee 2017): all of them where they are few, so that the
 * fit's coefficients are the Shapley values; else drawn by the kernel, each with its complement.
 */
export function maskedTexts(tokens: number, most: number, random: Rng): MaskedTexts {
  const masks: number[][] = [];
  if (tokens <= 1) return { masks, weights: [] };
  if (2 ** tokens - 2 <= most) {
    for (let bits = 1; bits < 2 ** tokens - 1; bits++) masks.push(Array.from({ length: tokens }, (_, at) => (bits >> at) & 1));
    return {
      masks,
      weights: masks.map((mask) =>
        kernelWeight(
          tokens,
          mask.reduce((sum, one) => sum + one, 0),
        ),
      ),
    };
  }
  const sizes = Array.from({ length: tokens - 1 }, (_, at) => 1 / ((at + 1) * (tokens - 1 - at)));
  const all = sizes.reduce((sum, one) => sum + one, 0);
  const order = Array.from({ length: tokens }, (_, at) => at);
  while (masks.length + 2 <= most) {
    let left = random.uniform() * all;
    let size = 1;
    while (size < tokens - 1 && (left -= sizes[size - 1]!) > 0) size++;
    const kept = new Set(random.shuffle(order).slice(0, size));
    const mask = Array.from({ length: tokens }, (_, at) => Number(kept.has(at)));
    masks.push(
      mask,
      mask.map((one) => 1 - one),
    );
  }
  return { masks, weights: masks.map(() => 1) };
}

/** (n − 1) / (C(n, s) · s · (n − s)) */
function kernelWeight(tokens: number, size: number): number {
  let choices = 1;
  for (let at = 1; at <= size; at++) choices = (choices * (tokens - size + at)) / at;
  return (tokens - 1) / (choices * size * (tokens - size));
}

export interface LocalFit {
  /** By token; they sum to `whole` − `none`. */
  values: number[];
  /** Share of the variation over the masked texts that the fit explains; null where there is none. */
  rSquared: number | null;
}

/** Weighted least squares through both ends: no token left gives `none`, all of them `whole`. @param found of each masked text */
export function localFit({ masks, weights }: MaskedTexts, found: readonly number[], whole: number, none: number): LocalFit {
  const difference = whole - none;
  if (masks.length === 0) return { values: [difference], rSquared: null };
  const last = masks[0]!.length - 1;
  // The last token's value is what is left of the difference, so it is put in for it.
  const rows = masks.map((mask) => mask.slice(0, last).map((one) => one - mask[last]!));
  const targets = found.map((value, at) => value - none - masks[at]![last]! * difference);
  const free = solveLeastSquares(rows, targets, weights) ?? rows[0]!.map(() => difference / (last + 1));
  const values = [...free, difference - free.reduce((sum, value) => sum + value, 0)];
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const centre = found.reduce((sum, value, at) => sum + weights[at]! * value, 0) / total;
  let unexplained = 0;
  let variation = 0;
  masks.forEach((mask, at) => {
    const fitted = none + mask.reduce((sum, one, token) => sum + one * values[token]!, 0);
    unexplained += weights[at]! * (found[at]! - fitted) ** 2;
    variation += weights[at]! * (found[at]! - centre) ** 2;
  });
  return { values, rSquared: variation > 0 ? 1 - unexplained / variation : null };
}

export interface LinearProbe {
  /** Probability of each class. */
  probabilities(row: ArrayLike<number>): number[];
}

/** Steps of the fit at most; it ends before where no slope is above the tolerance. */
const STEPS = 2000;
const SLOPE = 1e-6;

/**
 * Multinomial logistic regression on standardised features: argmin mean cross-entropy + strength / 2 · ‖W‖², the intercepts free. Nesterov's
 * accelerated gradient, begun anew where it overshoots.
 * @param labels 0 … classes − 1
 */
export function linearProbe(rows: readonly ArrayLike<number>[], labels: readonly number[], classes: number, strength: number): LinearProbe {
  const count = rows.length;
  const size = rows[0]!.length;
  const centre = new Float64Array(size);
  const spread = new Float64Array(size);
  for (const row of rows) for (let at = 0; at < size; at++) centre[at]! += row[at]! / count;
  for (const row of rows) for (let at = 0; at < size; at++) spread[at]! += (row[at]! - centre[at]!) ** 2 / count;
  // A feature that never varies says nothing.
  const scaled = (row: ArrayLike<number>) =>
    Float64Array.from({ length: size + 1 }, (_, at) =>
      at === size ? 1 : spread[at]! > 0 ? (row[at]! - centre[at]!) / Math.sqrt(spread[at]!) : 0,
    );
  const inputs = rows.map(scaled);
  const width = size + 1;
  const probabilitiesOf = (weights: Float64Array, input: Float64Array): number[] => {
    const logits = Array.from({ length: classes }, (_, label) => {
      let sum = 0;
      for (let at = 0; at < width; at++) sum += weights[label * width + at]! * input[at]!;
      return sum;
    });
    const most = Math.max(...logits);
    const powers = logits.map((logit) => Math.exp(logit - most));
    const total = powers.reduce((sum, power) => sum + power, 0);
    return powers.map((power) => power / total);
  };
  const slopes = (weights: Float64Array): Float64Array => {
    const slope = weights.map((weight, at) => (at % width === size ? 0 : strength * weight));
    inputs.forEach((input, row) =>
      probabilitiesOf(weights, input).forEach((probability, label) => {
        const error = (probability - Number(labels[row] === label)) / count;
        for (let at = 0; at < width; at++) slope[label * width + at]! += error * input[at]!;
      }),
    );
    return slope;
  };
  const rate = 1 / (0.5 * greatestEigenvalue(inputs) + strength);
  let weights = new Float64Array(classes * width);
  let ahead = weights.slice();
  let momentum = 1;
  for (let step = 0; step < STEPS; step++) {
    const slope = slopes(ahead);
    if (slope.every((value) => Math.abs(value) < SLOPE)) break;
    const next = ahead.map((value, at) => value - rate * slope[at]!);
    const forward = slope.reduce((sum, value, at) => sum + value * (next[at]! - weights[at]!), 0);
    const grown = forward > 0 ? 1 : (1 + Math.sqrt(1 + 4 * momentum ** 2)) / 2;
    const carried = forward > 0 ? 0 : (momentum - 1) / grown;
    ahead = next.map((value, at) => value + carried * (value - weights[at]!));
    weights = next;
    momentum = grown;
  }
  return { probabilities: (row) => probabilitiesOf(weights, scaled(row)) };
}

/** Of XᵀX / rows, by the power method, rounded up. */
function greatestEigenvalue(rows: readonly Float64Array[]): number {
  let vector = Float64Array.from(rows[0]!, (_, at) => 1 + (at % 7) / 7);
  let value = 1;
  for (let turn = 0; turn < 60; turn++) {
    const next = new Float64Array(vector.length);
    for (const row of rows) {
      let along = 0;
      for (let at = 0; at < row.length; at++) along += row[at]! * vector[at]!;
      for (let at = 0; at < row.length; at++) next[at]! += (along * row[at]!) / rows.length;
    }
    value = Math.sqrt(next.reduce((sum, one) => sum + one * one, 0));
    vector = next.map((one) => one / value);
  }
  return 1.05 * value;
}
