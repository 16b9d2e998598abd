/**
 * What a law is to those who fit it: named parameters with their ranges, a solver for weighted samples, and a prediction. A law that is a
 * smooth curve is solved by BFGS from many starts; the linear ones bring a closed form (`linear.ts`).
 */
import type { Rng } from '../rng/rng';
import { huber, minimiseFrom, type Bound, type Objective } from './optimise';

export type LawId =
  | 'exponential' // L = c + exp(k·x + b), x the channel's own share
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
