/**
 * Laws that are linear in what they fit, solved in closed form: least squares in the shares, which is the floor that other laws are held
 * against, and the power ridge of arXiv 2507.21184, L = b + Σ_j W_j·r_j^a, whose exponent is found by golden section.
 */
import type { Law, Sample } from './law';

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
      const exponent = goldenSection((a) => ridgeAt(used, a)?.error ?? Infinity);
      const solved = ridgeAt(used, exponent);
      return solved && [exponent, solved.constant, ...solved.weights];
    },
    predict: ([a, b, ...weights], { shares }) => weights.reduce((sum, weight, at) => sum + weight * power(shares[at]!, a!), b!),
  };
}

/** Where a function of the exponent is least: the best of eight, then golden section between its neighbours. */
function goldenSection(error: (a: number) => number): number {
  const step = (EXPONENTS.high - EXPONENTS.low) / 7;
  const coarse = Array.from({ length: 8 }, (_, at) => EXPONENTS.low + at * step);
  const errors = coarse.map(error);
  const best = coarse[errors.indexOf(Math.min(...errors))]!;
  let low = Math.max(EXPONENTS.low, best - step);
  let high = Math.min(EXPONENTS.high, best + step);
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
