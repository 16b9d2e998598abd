/**
 * Laws of a channel's loss in the shares of a mixture (METHOD, "Laws of mixtures"): the exponential laws of Ye et al. (2403.16952) for
 * one path through the mixtures and for many channels, and the D-CPT law (2406.01375) with the terms that a table of runs identifies.
 */
import type { Rng } from '../rng/rng';
import { curveLaw, goldenSection, type Law, type Sample, solveLeastSquares, type Mixture } from './law';
import type { Bound } from './optimise';

/** A mixture as one channel's loss sees it. */
export interface MixturePoint extends Mixture {
  /** Share of the text whose loss is predicted, 0 to 1. */
  own: number;
  /** Parameters of the model, and tokens of the run: 1 where nothing is known. */
  size: number;
  tokens: number;
}

/** Where Huber's loss of plain residuals turns, nats, and of log residuals. */
const DELTA = 0.02;
const FREE: Bound = { low: -Infinity, high: Infinity };

const uniform = (random: Rng, low: number, high: number) => low + (high - low) * random.uniform();
const logUniform = (random: Rng, low: number, high: number) => Math.exp(uniform(random, Math.log(low), Math.log(high)));
const least = (samples: readonly Sample<unknown>[]) => Math.min(...samples.map(({ value }) => value));
const most = (samples: readonly Sample<unknown>[]) => Math.max(...samples.map(({ value }) => value));

/** A floor c below every value: far below for a straight line, just below for a sharp bend. */
function drawFloor(random: Rng, samples: readonly Sample<unknown>[]): number {
  const lowest = least(samples);
  return Math.max(0, lowest - (most(samples) - lowest) * logUniform(random, 0.01, 30));
}

/** Coefficients of a linear function of features that gives ln(value − floor), by least squares. */
function logFit<P>(samples: readonly Sample<P>[], floor: number, features: (point: P) => number[]): number[] {
  const rows = samples.map(({ point }) => features(point));
  const values = samples.map(({ value }) => Math.log(Math.max(value - floor, 1e-9)));
  return (
    solveLeastSquares(
      rows,
      values,
      samples.map(({ weight }) => weight),
      1e-8,
    ) ?? rows[0]!.map(() => 0)
  );
}

/** L = c + exp(k·x + b), x the channel's own share. c is below the lowest measured loss, and not below 0. */
export function exponentialLaw<P extends { own: number }>(samples: readonly Sample<P>[]): Law<P> {
  return curveLaw<P>({
    id: 'exponential',
    parameters: ['c', 'k', 'b'],
    bounds: [{ low: 0, high: least(samples) }, FREE, FREE],
    residual: 'plain',
    delta: DELTA,
    evaluate(theta, { own }, gradient) {
      const rise = Math.exp(theta[1]! * own + theta[2]!);
      gradient[0] = 1;
      gradient[1] = rise * own;
      gradient[2] = rise;
      return theta[0]! + rise;
    },
    start(random, used) {
      const floor = drawFloor(random, used);
      return [floor, ...logFit(used, floor, ({ own }) => [own, 1])];
    },
  });
}

/** Places that c is looked for at: this many on a logarithmic scale below the lowest loss, then golden section. */
const FLOORS = 48;

/**
 * L = c + exp(k·x + b) as the paper fits it: c where |correlation of x and ln(L − c)| is greatest, k and b by least squares of the logarithms.
 * Small losses above the floor count for more than by least squares of the losses, whose error of a critical share is less by a tenth.
 */
export function logExponentialLaw<P extends { own: number }>(samples: readonly Sample<P>[]): Law<P> {
  const solveAt = (used: readonly Sample<P>[], floor: number) => {
    const total = used.reduce((sum, { weight }) => sum + weight, 0);
    const mean = (of: (sample: Sample<P>) => number) => used.reduce((sum, sample) => sum + sample.weight * of(sample), 0) / total;
    const log = ({ value }: Sample<P>) => Math.log(value - floor);
    const [x, y] = [mean(({ point }) => point.own), mean(log)];
    const across = mean((sample) => (sample.point.own - x) * (log(sample) - y));
    const [along, up] = [mean(({ point }) => (point.own - x) ** 2), mean((sample) => (log(sample) - y) ** 2)];
    return { correlation: Math.abs(across) / Math.sqrt(along * up), k: across / along, b: y - (across / along) * x };
  };
  return {
    id: 'exponential-log',
    parameters: ['c', 'k', 'b'],
    bounds: [{ low: 0, high: least(samples) }, FREE, FREE],
    residual: 'plain',
    solve(given) {
      const used = given.filter(({ weight }) => weight > 0);
      const [lowest, range] = [least(used), most(used) - least(used)];
      if (new Set(used.map(({ point }) => point.own)).size < 2 || !(range > 0)) return null;
      // In ln(lowest − c): from just below the lowest loss to thirty ranges under it, or to 0.
      const [near, far] = [Math.log(1e-4 * range), Math.log(Math.min(30 * range, lowest))];
      const score = (at: number) => solveAt(used, lowest - Math.exp(at)).correlation;
      const step = (far - near) / (FLOORS - 1);
      const scores = Array.from({ length: FLOORS }, (_, at) => score(near + at * step));
      const best = near + step * scores.indexOf(Math.max(...scores));
      const gap = goldenSection((at) => -score(at), Math.max(near, best - step), Math.min(far, best + step));
      const floor = Math.max(0, lowest - Math.exp(gap));
      const { k, b } = solveAt(used, floor);
      return Number.isFinite(k) && Number.isFinite(b) ? [floor, k, b] : null;
    },
    predict: ([c, k, b], { own }) => c! + Math.exp(k! * own + b!),
  };
}

/** L = c + exp(Σ_j t_j·r_j). Σ r = 1, so log_k of the papers is part of every t_j: only log_k + t_ij is identified. */
export function manyChannelLaw(channels: readonly string[], samples: readonly Sample<Mixture>[]): Law<Mixture> {
  return curveLaw<Mixture>({
    id: 'exponential-many',
    parameters: ['c', ...channels.map((id) => `t ${id}`)],
    bounds: [{ low: 0, high: least(samples) }, ...channels.map((): Bound => ({ low: -40, high: 20 }))],
    residual: 'plain',
    delta: DELTA,
    evaluate(theta, { shares }, gradient) {
      let exponent = 0;
      for (let j = 0; j < shares.length; j++) exponent += theta[j + 1]! * shares[j]!;
      const rise = Math.exp(exponent);
      gradient[0] = 1;
      for (let j = 0; j < shares.length; j++) gradient[j + 1] = rise * shares[j]!;
      return theta[0]! + rise;
    },
    start(random, used) {
      const floor = drawFloor(random, used);
      const solved = logFit(used, floor, ({ shares }) => [...shares]);
      return [floor, ...solved.map((value) => value + uniform(random, -0.5, 0.5))];
    },
  });
}

/** What besides the share varies in a table of runs, so that the D-CPT law's terms with it are identified. */
export interface DcptTerms {
  size: boolean;
  tokens: boolean;
}

/**
 * L(N, D, x) = E + A/(N/N₀)^α + B·x^η/(D/D₀)^β + C/(x + ε)^γ, with x the own share and N₀, D₀ geometric means of the samples, which keep
 * A and B of the losses' size; `dcptUnits` takes them out. Without a term whose variable does not vary, L = E + C/(x + ε)^γ is left.
 * Huber's loss is of log residuals, as in the paper.
 */
export function dcptLaw(samples: readonly Sample<MixturePoint>[], terms: DcptTerms): Law<MixturePoint> {
  const middle = (of: (point: MixturePoint) => number) =>
    Math.exp(samples.reduce((sum, { point }) => sum + Math.log(of(point)), 0) / samples.length);
  const sizeUnit = middle(({ size }) => size);
  const tokenUnit = middle(({ tokens }) => tokens);
  const names = ['E', 'C', 'ε', 'γ', ...(terms.size ? ['A', 'α'] : []), ...(terms.tokens ? ['B', 'η', 'β'] : [])];
  const ranges: Record<string, Bound> = {
    E: { low: 0, high: most(samples) },
    C: { low: 0, high: Infinity },
    ε: { low: 1e-6, high: 2 },
    γ: { low: 1e-3, high: 12 },
    A: { low: 0, high: Infinity },
    α: { low: 1e-3, high: 4 },
    B: { low: 0, high: Infinity },
    η: { low: 1e-3, high: 8 },
    β: { low: 1e-3, high: 4 },
  };
  /** What E, C, A and B are multiplied by, with the shapes given. */
  const parts = (shape: Shape, { own, size, tokens }: MixturePoint) => ({
    share: (own + shape.epsilon) ** -shape.gamma,
    size: terms.size ? (size / sizeUnit) ** -shape.alpha : 0,
    tokens: terms.tokens ? own ** shape.eta * (tokens / tokenUnit) ** -shape.beta : 0,
  });
  return curveLaw<MixturePoint>({
    id: 'dcpt',
    parameters: names,
    bounds: names.map((name) => ranges[name]!),
    residual: 'log',
    delta: DELTA,
    evaluate(theta, point, gradient) {
      const shape = shapeOf(theta, terms);
      const { share, size, tokens } = parts(shape, point);
      const [E, C] = [theta[0]!, theta[1]!];
      gradient[0] = 1;
      gradient[1] = share;
      gradient[2] = (-shape.gamma * C * share) / (point.own + shape.epsilon);
      gradient[3] = -C * share * Math.log(point.own + shape.epsilon);
      let value = E + C * share;
      let at = 4;
      if (terms.size) {
        const A = theta[at]!;
        gradient[at] = size;
        gradient[at + 1] = -A * size * Math.log(point.size / sizeUnit);
        value += A * size;
        at += 2;
      }
      if (terms.tokens) {
        const B = theta[at]!;
        gradient[at] = tokens;
        gradient[at + 1] = point.own > 0 ? B * tokens * Math.log(point.own) : 0;
        gradient[at + 2] = -B * tokens * Math.log(point.tokens / tokenUnit);
        value += B * tokens;
      }
      return value;
    },
    start(random, used) {
      const shape: Shape = {
        epsilon: logUniform(random, 1e-3, 0.5),
        gamma: logUniform(random, 0.05, 3),
        alpha: logUniform(random, 0.05, 1),
        eta: logUniform(random, 0.1, 2),
        beta: logUniform(random, 0.05, 1),
      };
      const rows = used.map(({ point }) => {
        const { share, size, tokens } = parts(shape, point);
        return [1, share, ...(terms.size ? [size] : []), ...(terms.tokens ? [tokens] : [])];
      });
      const values = used.map(({ value }) => value);
      const [E, C, ...rest] = solveLeastSquares(
        rows,
        values,
        used.map(({ weight }) => weight),
        1e-8,
      ) ?? [1, 0.1, 0.1, 0.1];
      const positive = (value: number | undefined) => Math.max(value ?? 0, 1e-3);
      const size = terms.size ? [positive(rest.shift()), shape.alpha] : [];
      return [
        positive(E),
        positive(C),
        shape.epsilon,
        shape.gamma,
        ...size,
        ...(terms.tokens ? [positive(rest[0]), shape.eta, shape.beta] : []),
      ];
    },
  });
}

interface Shape {
  epsilon: number;
  gamma: number;
  alpha: number;
  eta: number;
  beta: number;
}

function shapeOf(theta: ArrayLike<number>, terms: DcptTerms): Shape {
  const tokens = terms.size ? 6 : 4;
  return {
    epsilon: theta[2]!,
    gamma: theta[3]!,
    alpha: terms.size ? theta[5]! : 0,
    eta: terms.tokens ? theta[tokens + 1]! : 0,
    beta: terms.tokens ? theta[tokens + 2]! : 0,
  };
}

/** The largest share of the domain whose general loss, by E + C / (1 − r + ε)^γ, stays at or below `most`; clamped to 0 … 1. */
export function dcptShareAt(parameters: readonly number[], highest: number): number {
  const [E, C, epsilon, gamma] = parameters as [number, number, number, number];
  if (highest <= E) return 0;
  return Math.min(1, Math.max(0, 1 + epsilon - (C / (highest - E)) ** (1 / gamma)));
}
