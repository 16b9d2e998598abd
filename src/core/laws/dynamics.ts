/**
 * Dynamics of one continued-pretraining run (arXiv 2505.07796): the loss of a channel from the learning rates so far,
 *
 *     L = L0 + A·(S1pt + S1)^−α − C1·S2pt − C2·S2 + B·(1 − (1 + E·S1)^−β)
 *
 * S1 = Σ η_i is the area under the rates, S2 = Σ_i Σ_{k≤i} (η_{k−1} − η_k)·λ^(i−k) what their fall has annealed; "pt" is the pretraining
 * before. From it the curve is drawn ahead: as it is, decay now, or another rate for a while.
 */
import type { Interval } from '../metrics/statistics';
import { fitLaw, intervalOf, valuesOf, type Fit, type FitOptions, type Observed, type Refusal } from './fit';
import { curveLaw, type Law, type Sample, solveLeastSquares } from './law';
import type { Bound } from './optimise';

/** λ of S2: how long a fall of the rate goes on acting. */
const ANNEALING = 0.999;

/** Areas of a run up to a step. */
export interface RunAreas {
  s1: number;
  s2: number;
}

/** Of the pretraining before; null where nothing is known of the base. */
export interface Pretraining {
  s1: number;
  s2: number;
}

/**
 * Areas after each step. @param rates learning rate of each step, the first one of step 0; @param before rate before the first step,
 * which a fresh run has none of: its first rate
 */
export function areasOf(rates: readonly number[], before = rates[0] ?? 0): RunAreas[] {
  let s1 = 0;
  let s2 = 0;
  let momentum = 0;
  let last = before;
  return rates.map((rate) => {
    s1 += rate;
    momentum = ANNEALING * momentum + (last - rate);
    s2 += momentum;
    last = rate;
    return { s1, s2 };
  });
}

export interface DynamicsParameters {
  l0: number;
  a: number;
  alpha: number;
  b: number;
  e: number;
  beta: number;
  c1: number;
  c2: number;
}

/** The law's loss, nats per token. */
export function dynamicsLoss(
  { l0, a, alpha, b, e, beta, c1, c2 }: DynamicsParameters,
  pretraining: Pretraining,
  { s1, s2 }: RunAreas,
): number {
  return l0 + a * (pretraining.s1 + s1) ** -alpha - c1 * pretraining.s2 - c2 * s2 + b * (1 - (1 + e * s1) ** -beta);
}

/**
 * What one run's curve can identify. Of a known base: L0, A, α, B, E, β, C2, with C1·S2pt part of L0. Of a base whose history is not known,
 * A·(S1pt + S1)^−α is as good as constant over a short run and part of L0 too: L0, B, E, β, C2.
 */
function dynamicsLaw(samples: readonly Sample<RunAreas>[], pretraining: Pretraining | null): Law<RunAreas> {
  const free: Bound = { low: -Infinity, high: Infinity };
  const highest = Math.max(...samples.map(({ value }) => value));
  const longest = Math.max(...samples.map(({ point }) => point.s1), 1e-12);
  const known = pretraining !== null;
  return curveLaw<RunAreas>({
    id: 'dynamics',
    parameters: ['L0', 'B', 'E', 'β', 'C2', ...(known ? ['A', 'α'] : [])],
    bounds: [
      { low: 0, high: 2 * highest },
      free,
      { low: 1e-3 / longest, high: 1e6 / longest },
      { low: 1e-3, high: 4 },
      { low: 0, high: Infinity },
      ...(known
        ? [
            { low: 0, high: Infinity },
            { low: 1e-3, high: 4 },
          ]
        : []),
    ],
    residual: 'log',
    delta: 1e-3,
    evaluate(theta, { s1, s2 }, gradient) {
      const [l0, b, e, beta, c2] = [theta[0]!, theta[1]!, theta[2]!, theta[3]!, theta[4]!];
      const grown = 1 + e * s1;
      const left = grown ** -beta;
      gradient[0] = 1;
      gradient[1] = 1 - left;
      gradient[2] = (b * beta * s1 * left) / grown;
      gradient[3] = b * left * Math.log(grown);
      gradient[4] = -s2;
      let value = l0 + b * (1 - left) - c2 * s2;
      if (pretraining) {
        const area = pretraining.s1 + s1;
        const fallen = area ** -theta[6]!;
        gradient[5] = fallen;
        gradient[6] = -theta[5]! * fallen * Math.log(area);
        value += theta[5]! * fallen;
      }
      return value;
    },
    start(random, used) {
      const e = Math.exp(-2 + 9 * random.uniform()) / longest;
      const beta = Math.exp(-3 + 3 * random.uniform());
      const alpha = Math.exp(-2 + 2 * random.uniform());
      const rows = used.map(({ point: { s1, s2 } }) => [
        1,
        1 - (1 + e * s1) ** -beta,
        -s2,
        ...(pretraining ? [(pretraining.s1 + s1) ** -alpha] : []),
      ]);
      const solved = solveLeastSquares(
        rows,
        used.map(({ value }) => value),
        used.map(({ weight }) => weight),
        1e-10,
      );
      const [l0 = highest, b = 0, c2 = 0, a = 0] = solved ?? [];
      return [l0, b, e, beta, Math.max(1e-3, c2), ...(pretraining ? [Math.max(1e-3, a), alpha] : [])];
    },
  });
}

/** A loss read off a run's curve. */
export interface CurvePoint {
  /** Steps done, 0 for the base. */
  step: number;
  loss: number;
}

export interface DynamicsFit {
  fit: Fit;
  pretraining: Pretraining | null;
}

/**
 * Fits one channel's curve. @param rates learning rate of every step so far
 * @returns a refusal where the curve has too few points or does not move
 */
export function fitDynamics(
  curve: readonly CurvePoint[],
  rates: readonly number[],
  pretraining: Pretraining | null,
  options: FitOptions = {},
): { fitted: DynamicsFit; refusal: null } | { fitted: null; refusal: Refusal } {
  const areas = areasOf(rates);
  const at = (step: number): RunAreas => (step === 0 ? { s1: 0, s2: 0 } : areas[Math.min(step, areas.length) - 1]!);
  const observed = curve
    .filter(({ step, loss }) => Number.isFinite(loss) && step <= rates.length)
    .map(({ step, loss }): Observed<RunAreas> => ({ point: at(step), value: loss, setting: String(step) }));
  const law = dynamicsLaw(
    observed.map((one) => ({ ...one, weight: 1 })),
    pretraining,
  );
  const { fit, refusal } = fitLaw(law, observed, { starts: 60, resamples: 100, ...options });
  if (refusal) return { fitted: null, refusal };
  const findings = [...fit.findings];
  if (!pretraining) findings.unshift({ code: 'history-unknown', values: { parameters: 'A, α, S1pt, C1, S2pt' } });
  if (observed.every(({ point }) => Math.abs(point.s2) < 1e-12))
    // Without a fall of the rate nothing tells what one would bring.
    findings.push({ code: 'constant', values: { variable: 'S2', value: 0 } });
  return { fitted: { fit: { ...fit, findings }, pretraining }, refusal: null };
}

/** How the learning rate goes on. */
export type Ahead =
  | { kind: 'as-planned'; rates: readonly number[] }
  | { kind: 'decay-now'; steps: number; floor: number }
  | { kind: 'hold'; steps: number }
  | { kind: 'raise'; lr: number; steps: number };

/** Rates of the steps to come. @param last rate of the last step done */
function ratesAhead(ahead: Ahead, last: number): number[] {
  switch (ahead.kind) {
    case 'as-planned':
      return [...ahead.rates];
    case 'decay-now':
      return Array.from({ length: ahead.steps }, (_, at) => last + ((ahead.floor - last) * (at + 1)) / ahead.steps);
    case 'hold':
      return new Array<number>(ahead.steps).fill(last);
    case 'raise':
      return new Array<number>(ahead.steps).fill(ahead.lr);
  }
}

/** Loss at the steps to come, each with its interval over the resamples. @param every one point for so many steps; the last is always there */
export function lookAhead(
  { fit, pretraining }: DynamicsFit,
  rates: readonly number[],
  ahead: Ahead,
  every = 1,
): { step: number; loss: number; interval: Interval | null }[] {
  const whole = [...rates, ...ratesAhead(ahead, rates.at(-1) ?? 0)];
  const areas = areasOf(whole);
  const law = dynamicsLaw([{ point: areas.at(-1)!, value: 1, weight: 1 }], pretraining);
  return areas.flatMap((point, at) => {
    const step = at + 1;
    if (step <= rates.length || ((step - rates.length) % every !== 0 && step !== whole.length)) return [];
    return [{ step, loss: law.predict(valuesOf(fit), point), interval: intervalOf(fit.draws.map((draw) => law.predict(draw, point))) }];
  });
}
