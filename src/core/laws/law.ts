/**
 * What a law is to those who fit it: named parameters with their ranges, a solver for weighted samples, and a prediction. A law that is a
 * smooth curve is solved by BFGS from many starts. Those that are linear in what they fit have a closed form: least squares in the shares,
 * which is the floor that other laws are held against, and the power ridge of arXiv 2507.21184, L = b + Σ_j W_j·r_j^a, whose exponent is
 * found by golden section.
 */
import type { Rng } from '../rng/rng';
import { huber, minimiseFrom, type Bound, type Objective } from './optimise';

export type LawId =
  | 'exponential' // L = c + exp(k·x + b), x the channel's own share
  | 'exponential-log' // the same, c by the correlation of x with ln(L − c), as it was published
  | 'exponential-many' // L = c + exp(Σ t_j·r_j), t_j = log_k + t_ij of the papers
  | 'power-ridge' // L = b + Σ W_j·r_j^a
  | 'least-squares' // L = Σ v_j·r_j
  | 'dcpt' // L = E + A/N^α + B·x^η/D^β + C/(x + ε)^γ, without the terms that nothing identifies
  | 'cmr' // R = a·T^s + b
  | 'rate' // L = L* + κ·(ln η − ln η*)²
  | 'warmup' // L = L* + κ·(w − w*)²
  | 'repeats' // L = E + B/D'^β, D' = U + U·R*·(1 − exp(−R/R*))
  | 'dynamics'; // one run's own curve

/** A loss (or what a law predicts) measured at a point. */
export interface Sample<P> {
  point: P;
  value: number;
  /** How often it counts; 0 leaves it out. */
  weight: number;
}

export interface Law<P> {
  id: LawId;
  /** Names of the parameters, in their order. */
  parameters: readonly string[];
  bounds: readonly Bound[];
  /** What is compared: values, or their logarithms. */
  residual: 'plain' | 'log';
  /**
   * @param warm parameters to start from besides; @param starts how many starts are drawn where the law needs any
   * @returns null where no finite value is found
   */
  solve(samples: readonly Sample<P>[], warm: readonly number[] | null, starts: number, random: Rng): number[] | null;
  predict(parameters: readonly number[], point: P): number;
}

/** A law that BFGS fits. */
export interface Curve<P> extends Pick<Law<P>, 'id' | 'parameters' | 'bounds' | 'residual'> {
  /** Where Huber's loss turns from squares to absolute values, in the unit of the residuals. */
  delta: number;
  /** Value at a point; the derivative by each parameter is written into `gradient`. */
  evaluate(parameters: ArrayLike<number>, point: P, gradient: Float64Array): number;
  /** A start drawn at random, which may use the samples. */
  start(random: Rng, samples: readonly Sample<P>[]): number[];
}

export function curveLaw<P>(curve: Curve<P>): Law<P> {
  const { id, parameters, bounds, residual } = curve;
  const scratch = new Float64Array(parameters.length);
  return {
    id,
    parameters,
    bounds,
    residual,
    solve(samples, warm, starts, random) {
      const used = samples.filter(({ weight }) => weight > 0);
      const drawn = Array.from({ length: starts }, () => inside(curve.start(random, used), bounds));
      const minimum = minimiseFrom(objectiveOf(curve, used), bounds, warm ? [warm, ...drawn] : drawn);
      return Number.isFinite(minimum.value) ? minimum.parameters : null;
    },
    predict: (theta, point) => curve.evaluate(theta, point, scratch),
  };
}

/** Weighted mean Huber loss of the residuals over that of their mean, so that its size says how good a fit is whatever the unit. */
function objectiveOf<P>(curve: Curve<P>, samples: readonly Sample<P>[]): Objective {
  const { evaluate, delta, residual, parameters } = curve;
  const log = residual === 'log';
  const values = samples.map(({ value }) => (log ? Math.log(value) : value));
  const total = samples.reduce((sum, { weight }) => sum + weight, 0);
  const mean = samples.reduce((sum, { weight }, at) => sum + weight * values[at]!, 0) / total;
  const spread = samples.reduce((sum, { weight }, at) => sum + weight * huber(values[at]! - mean, delta).loss, 0);
  const scale = 1 / (spread > 0 ? spread : total);
  const own = new Float64Array(parameters.length);
  return (theta, gradient) => {
    gradient.fill(0);
    let sum = 0;
    for (let at = 0; at < samples.length; at++) {
      const { point, weight } = samples[at]!;
      const predicted = evaluate(theta, point, own);
      if (log && !(predicted > 0)) return Infinity;
      const { loss, slope } = huber((log ? Math.log(predicted) : predicted) - values[at]!, delta);
      sum += weight * loss;
      const pull = (scale * weight * slope) / (log ? predicted : 1);
      for (let i = 0; i < own.length; i++) gradient[i]! += pull * own[i]!;
    }
    return scale * sum;
  };
}

/** A start pulled a little inside its bounds. */
function inside(start: readonly number[], bounds: readonly Bound[]): number[] {
  return start.map((value, at) => {
    const { low, high } = bounds[at]!;
    const margin = low > -Infinity && high < Infinity ? 1e-6 * (high - low) : 1e-9;
    return Math.min(high - margin, Math.max(low + margin, Number.isFinite(value) ? value : 0));
  });
}

/** Shares of all channels, in one order. */
export interface Mixture {
  shares: readonly number[];
}

/** λ of the ridge, per unit of weight, on features scaled to an rms of 1 (2507.21184). */
const RIDGE = 1e-5;
/** Least squares are regularised only as far as collinear shares need. */
const LEAST_RIDGE = 1e-10;
/** Range of the power ridge's exponent. */
const EXPONENTS = { low: 0.2, high: 3 };
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Weighted least squares with a ridge on every coefficient: argmin Σ w (y − x·β)² + λ Σ w ‖β‖². */
export function solveLeastSquares(
  rows: readonly (readonly number[])[],
  values: readonly number[],
  weights: readonly number[],
  ridge = LEAST_RIDGE,
): number[] | null {
  const size = rows[0]?.length ?? 0;
  const normal = Array.from({ length: size }, () => new Float64Array(size));
  const right = new Float64Array(size);
  let total = 0;
  rows.forEach((row, at) => {
    const weight = weights[at]!;
    total += weight;
    for (let i = 0; i < size; i++) {
      right[i]! += weight * row[i]! * values[at]!;
      for (let j = 0; j <= i; j++) normal[i]![j]! += weight * row[i]! * row[j]!;
    }
  });
  for (let i = 0; i < size; i++) normal[i]![i]! += ridge * total;
  return solvePositive(normal, right);
}

/** Cholesky's factors, in the lower triangle of `matrix`, and both substitutions; null where the matrix is not positive definite. */
function solvePositive(matrix: Float64Array[], right: Float64Array): number[] | null {
  const size = right.length;
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i]![j]!;
      for (let k = 0; k < j; k++) sum -= matrix[i]![k]! * matrix[j]![k]!;
      if (i === j && !(sum > 0)) return null;
      matrix[i]![j] = i === j ? Math.sqrt(sum) : sum / matrix[j]![j]!;
    }
  const solution = Array.from(right);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) solution[i]! -= matrix[i]![k]! * solution[k]!;
    solution[i]! /= matrix[i]![i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) solution[i]! -= matrix[k]![i]! * solution[k]!;
    solution[i]! /= matrix[i]![i]!;
  }
  return solution;
}

/** Each parameter is the loss with that channel alone: since shares sum to 1, no constant beside it is identified. */
export function leastSquaresLaw(channels: readonly string[]): Law<Mixture> {
  return {
    id: 'least-squares',
    parameters: channels,
    bounds: channels.map(() => ({ low: -Infinity, high: Infinity })),
    residual: 'plain',
    solve: (samples) =>
      solveLeastSquares(
        samples.map(({ point }) => point.shares),
        samples.map(({ value }) => value),
        samples.map(({ weight }) => weight),
      ),
    predict: (parameters, { shares }) => parameters.reduce((sum, value, at) => sum + value * shares[at]!, 0),
  };
}

/** Parameters: a, b, then W of each channel. */
export function powerRidgeLaw(channels: readonly string[]): Law<Mixture> {
  return {
    id: 'power-ridge',
    parameters: ['a', 'b', ...channels.map((id) => `W ${id}`)],
    bounds: [EXPONENTS, ...Array.from({ length: channels.length + 1 }, () => ({ low: -Infinity, high: Infinity }))],
    residual: 'plain',
    solve(samples) {
      const used = samples.filter(({ weight }) => weight > 0);
      const exponent = bestExponent((a) => ridgeAt(used, a)?.error ?? Infinity);
      const solved = ridgeAt(used, exponent);
      return solved && [exponent, solved.constant, ...solved.weights];
    },
    predict: ([a, b, ...weights], { shares }) => weights.reduce((sum, weight, at) => sum + weight * power(shares[at]!, a!), b!),
  };
}

/** Where a function is least between two ends at which it is not. */
export function goldenSection(error: (at: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  let [left, right] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
  let [atLeft, atRight] = [error(left), error(right)];
  while (high - low > 1e-6)
    if (atLeft <= atRight) {
      [high, right, atRight] = [right, left, atLeft];
      left = high - GOLDEN * (high - low);
      atLeft = error(left);
    } else {
      [low, left, atLeft] = [left, right, atRight];
      right = low + GOLDEN * (high - low);
      atRight = error(right);
    }
  return (low + high) / 2;
}

/** The exponent of least error: the best of eight, then golden section between its neighbours. */
function bestExponent(error: (a: number) => number): number {
  const step = (EXPONENTS.high - EXPONENTS.low) / 7;
  const coarse = Array.from({ length: 8 }, (_, at) => EXPONENTS.low + at * step);
  const errors = coarse.map(error);
  const best = coarse[errors.indexOf(Math.min(...errors))]!;
  return goldenSection(error, Math.max(EXPONENTS.low, best - step), Math.min(EXPONENTS.high, best + step));
}

const power = (share: number, exponent: number) => Math.max(0, share) ** exponent;

/** The ridge at one exponent; its constant is not penalised, since features and values are taken from their means. */
function ridgeAt(samples: readonly Sample<Mixture>[], exponent: number) {
  const total = samples.reduce((sum, { weight }) => sum + weight, 0);
  const features = samples.map(({ point }) => point.shares.map((share) => power(share, exponent)));
  const size = features[0]?.length ?? 0;
  const mean = (of: (at: number) => number) => samples.reduce((sum, { weight }, at) => sum + weight * of(at), 0) / total;
  const scales = Array.from({ length: size }, (_, j) => Math.sqrt(mean((at) => features[at]![j]! ** 2)) || 1);
  const means = scales.map((scale, j) => mean((at) => features[at]![j]!) / scale);
  const level = mean((at) => samples[at]!.value);
  const rows = features.map((row) => row.map((feature, j) => feature / scales[j]! - means[j]!));
  const solved = solveLeastSquares(
    rows,
    samples.map(({ value }) => value - level),
    samples.map(({ weight }) => weight),
    RIDGE,
  );
  if (!solved) return null;
  const error = mean((at) => (samples[at]!.value - level - rows[at]!.reduce((sum, x, j) => sum + x * solved[j]!, 0)) ** 2);
  const constant = level - solved.reduce((sum, weight, j) => sum + weight * means[j]!, 0);
  return { error, constant, weights: solved.map((weight, j) => weight / scales[j]!) };
}
