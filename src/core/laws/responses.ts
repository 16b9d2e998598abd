/**
 * Laws in one variable other than a share: loss against the peak learning rate with the edge of divergence, against the warmup, against
 * epochs of repeated data (2305.16264), and the critical mixture ratio against tokens (2407.17467).
 */
import { curveLaw, type Law, type Sample } from './law';
import { solveLeastSquares } from './linear';
import type { Bound } from './optimise';

/** Tokens of CMR's T are counted in this unit (2407.17467). */
export const CMR_TOKENS = 0.2e9;
/** R* of the discount of repeated data: epochs until a repetition is worth 1/e of new text (2305.16264). */
export const REPEAT_SCALE = 15.39;
/** The quadratic of the rate holds near its best: within this factor of the best rate that was measured. */
export const RATE_WINDOW = 10;

const FREE: Bound = { low: -Infinity, high: Infinity };

/** Loss at a peak learning rate; a run that diverged has no finite loss. */
export interface RatePoint {
  lr: number;
}

/** L = L* + κ·(x − x*)², through least squares in 1, x, x². null where it does not bend upwards. */
function parabola<P>(id: 'rate' | 'warmup', best: string, of: (point: P) => number): Law<P> {
  return {
    id,
    parameters: ['L*', 'κ', best],
    bounds: [FREE, { low: 0, high: Infinity }, FREE],
    residual: 'plain',
    solve(samples) {
      const used = samples.filter(({ weight }) => weight > 0);
      const centre = used.reduce((sum, { point }) => sum + of(point), 0) / used.length;
      const solved = solveLeastSquares(
        used.map(({ point }) => [1, of(point) - centre, (of(point) - centre) ** 2]),
        used.map(({ value }) => value),
        used.map(({ weight }) => weight),
        1e-14,
      );
      if (!solved || !(solved[2]! > 0)) return null;
      const [level, slope, bend] = solved as [number, number, number];
      return [level - slope ** 2 / (4 * bend), bend, centre - slope / (2 * bend)];
    },
    predict: ([level, bend, at], point) => level! + bend! * (of(point) - at!) ** 2,
  };
}

/** The third parameter is ln η*. */
export const rateLaw = (): Law<RatePoint> => parabola('rate', 'ln η*', ({ lr }) => Math.log(lr));

/** Warmup as a ratio of all steps. */
export const warmupLaw = (): Law<{ warmup: number }> => parabola('warmup', 'w*', ({ warmup }) => warmup);

/** Between which rates training breaks: the highest that held and the lowest above it that did not; null where none broke. */
export interface DivergenceEdge {
  holds: number;
  breaks: number;
}

/**
 * A run broke where its loss is not finite, or above what it started from.
 * @param start loss of the same text before training, where it is known
 */
export function divergenceEdge(samples: readonly Sample<RatePoint>[], start?: number): DivergenceEdge | null {
  const broken = ({ value }: Sample<RatePoint>) => !Number.isFinite(value) || (start !== undefined && value > start);
  const held = samples.filter((sample) => !broken(sample)).map(({ point }) => point.lr);
  const holds = Math.max(...held);
  const above = samples.filter((sample) => broken(sample) && sample.point.lr > holds).map(({ point }) => point.lr);
  return held.length > 0 && above.length > 0 ? { holds, breaks: Math.min(...above) } : null;
}

/** The samples that the quadratic in ln η is fitted on. */
export function nearBestRate(samples: readonly Sample<RatePoint>[]): Sample<RatePoint>[] {
  const finite = samples.filter(({ value }) => Number.isFinite(value));
  const best = finite.reduce((found, sample) => (sample.value < found.value ? sample : found), finite[0]!);
  return finite.filter(({ point }) => Math.abs(Math.log(point.lr / best.point.lr)) <= Math.log(RATE_WINDOW) * 1.0001);
}

/** R = a·T^s + b, T in units of 0.2B tokens. */
export const cmrLaw = (): Law<{ tokens: number }> =>
  curveLaw({
    id: 'cmr',
    parameters: ['a', 's', 'b'],
    bounds: [FREE, { low: -4, high: 4 }, FREE],
    residual: 'plain',
    delta: 0.02,
    evaluate(theta, { tokens }, gradient) {
      const units = tokens / CMR_TOKENS;
      const raised = units ** theta[1]!;
      gradient[0] = raised;
      gradient[1] = theta[0]! * raised * Math.log(units);
      gradient[2] = 1;
      return theta[0]! * raised + theta[2]!;
    },
    start(random, samples) {
      const exponent = (random.uniform() < 0.5 ? -1 : 1) * Math.exp(-3 + 4 * random.uniform());
      const rows = samples.map(({ point }) => [(point.tokens / CMR_TOKENS) ** exponent, 1]);
      const solved = solveLeastSquares(
        rows,
        samples.map(({ value }) => value),
        samples.map(({ weight }) => weight),
        1e-12,
      );
      return [solved?.[0] ?? 1, exponent, solved?.[1] ?? 0];
    },
  });

/** Text that was read several times over. */
export interface RepeatPoint {
  /** Tokens that differ, and how often all of them were read: 1 is once. */
  unique: number;
  epochs: number;
}

/** D' = U + U·R*·(1 − e^(−R/R*)), R = epochs − 1: tokens of new text that repeated ones are worth. Under one epoch they are U·epochs. */
export function effectiveTokens({ unique, epochs }: RepeatPoint, scale = REPEAT_SCALE): number {
  if (epochs <= 1) return unique * epochs;
  return unique * (1 + scale * (1 - Math.exp((1 - epochs) / scale)));
}

/** L = E + B/(D'/D₀)^β with R* fitted too, D₀ the samples' largest U. */
export function repeatLaw(samples: readonly Sample<RepeatPoint>[]): Law<RepeatPoint> {
  const unit = Math.max(...samples.map(({ point }) => point.unique));
  const least = Math.min(...samples.map(({ value }) => value));
  return curveLaw<RepeatPoint>({
    id: 'repeats',
    parameters: ['E', 'B', 'β', 'R*'],
    bounds: [
      { low: 0, high: least },
      { low: 0, high: Infinity },
      { low: 1e-3, high: 4 },
      { low: 0.1, high: 1000 },
    ],
    residual: 'log',
    delta: 0.02,
    evaluate(theta, point, gradient) {
      const [E, B, beta, scale] = [theta[0]!, theta[1]!, theta[2]!, theta[3]!];
      const tokens = effectiveTokens(point, scale) / unit;
      const fallen = tokens ** -beta;
      const over = Math.max(0, point.epochs - 1);
      const slope = (point.unique / unit) * (1 - Math.exp(-over / scale) * (1 + over / scale));
      gradient[0] = 1;
      gradient[1] = fallen;
      gradient[2] = -B * fallen * Math.log(tokens);
      gradient[3] = (-beta * B * fallen * slope) / tokens;
      return E + B * fallen;
    },
    start(random, used) {
      const beta = Math.exp(-3 + 3.5 * random.uniform());
      const scale = Math.exp(5 * random.uniform());
      const rows = used.map(({ point }) => [1, (effectiveTokens(point, scale) / unit) ** -beta]);
      const solved = solveLeastSquares(
        rows,
        used.map(({ value }) => value),
        used.map(({ weight }) => weight),
        1e-10,
      );
      return [Math.max(1e-3, solved?.[0] ?? 1), Math.max(1e-3, solved?.[1] ?? 1), beta, scale];
    },
  });
}
