/**
 * Fits a law to measured losses and says how far it can be believed: R², leave-one-out error, bootstrap intervals over settings and
 * seeds, and what the data do not identify, as codes with values that a page puts into words.
 */
import { quantile, type Interval } from '../metrics/statistics';
import { deriveSeed, Rng } from '../rng/rng';
import type { Law, LawId, Sample } from './law';
import { atBound } from './optimise';

export interface Observed<P> {
  point: P;
  value: number;
  /** Runs that differ in their seed alone have one setting: they are left out together. */
  setting: string;
}

export type FindingCode =
  | 'gauge' // parameters: only their sums with log_k are identified
  | 'flat-direction' // parameter, high: so low that its value means nothing; an upper end at most
  | 'parameter-at-bound' // parameter, value
  | 'parameter-wide' // parameter, low, high
  | 'not-identified' // parameter: another does the same on these data
  | 'no-spare-runs' // settings, parameters: no error can be estimated
  | 'residual-intervals' // settings, needed: too few settings to draw them anew, so residuals were
  | 'folds' // folds, settings: left out in groups
  | 'constant' // variable, value: it did not vary
  | 'subset' // runs, of, held
  | 'share-rank' // rank, needed: some directions of the mixture were never tried
  | 'poor-fit' // r2
  | 'outside-measured' // variable, value, low, high
  | 'at-edge' // variable, value
  | 'flat-response' // variable, spread, noise
  | 'flat-channel' // channel, range: the loss hardly moved, so its mean stands for it
  | 'history-unknown'; // parameters: what the base has behind it is part of the constant

export interface Finding {
  code: FindingCode;
  values: Readonly<Record<string, string | number>>;
}

export type RefusalCode =
  | 'too-few' // settings, needed
  | 'no-variation' // variable
  | 'not-monotone' // against, range, noise: against the trend by so many nats
  | 'not-bracketed' // variable, value: the best is at an end of what was tried
  | 'no-solution' // law
  | 'no-base' // channel: the base's loss is not known
  | 'no-role' // role: no channel has it
  | 'predicts-nothing'; // law, r2: leave-one-out is no better than the mean

export interface Refusal {
  code: RefusalCode;
  values: Readonly<Record<string, string | number>>;
}

interface FittedParameter {
  name: string;
  value: number;
  interval: Interval | null;
}

export interface Fit {
  law: LawId;
  parameters: FittedParameter[];
  runs: number;
  settings: number;
  r2: number;
  /** Standard deviation of the residuals, by what the parameters leave free; null where they leave nothing. */
  noise: number | null;
  /** Root mean square error and R² of settings that were left out; null where none is to spare. */
  leaveOneOut: { r2: number; rmse: number } | null;
  /** Parameters of every resample, for intervals of whatever is computed from them. */
  draws: number[][];
  findings: Finding[];
}

export type FitResult = { fit: Fit; refusal: null } | { fit: null; refusal: Refusal };

export interface FitOptions {
  seed?: number;
  /** Starts of the fit itself; resamples start from it and from a few more. */
  starts?: number;
  resamples?: number;
  level?: number;
}

/** At most so many settings are left out one by one; more in this many groups. */
const MOST_FOLDS = 64;
/** Settings that the bootstrap draws from are at least this many, and twice the parameters. */
const LEAST_DRAWN = 8;
/** Coefficients of the many-channel law below this are flat directions (LAWS 2). */
const FLAT_COEFFICIENT = -12;

export function fitLaw<P>(law: Law<P>, observed: readonly Observed<P>[], options: FitOptions = {}): FitResult {
  const { seed = 1, starts = 60, resamples = 200, level = 0.95 } = options;
  const refuse = (code: RefusalCode, values: Refusal['values']): FitResult => ({ fit: null, refusal: { code, values } });
  const settings = [...new Set(observed.map(({ setting }) => setting))];
  const count = law.parameters.length;
  if (settings.length < count) return refuse('too-few', { settings: settings.length, needed: count });
  const values = observed.map(({ value }) => value);
  if (Math.max(...values) - Math.min(...values) < 1e-9) return refuse('no-variation', { variable: 'loss' });
  const samples = observed.map(({ point, value }): Sample<P> => ({ point, value, weight: 1 }));
  const random = new Rng(deriveSeed(seed, law.id));
  const theta = law.solve(samples, null, starts, random);
  if (!theta) return refuse('no-solution', { law: law.id });

  const predicted = observed.map(({ point }) => law.predict(theta, point));
  const r2 = determination(values, predicted);
  const left = settings.length > count ? leaveOut(law, observed, settings, theta, random) : null;
  const findings: Finding[] = [];
  if (!left) findings.push({ code: 'no-spare-runs', values: { settings: settings.length, parameters: count } });
  else if (settings.length > MOST_FOLDS) findings.push({ code: 'folds', values: { folds: MOST_FOLDS, settings: settings.length } });
  const needed = Math.max(LEAST_DRAWN, 2 * count);
  if (left && settings.length < needed) findings.push({ code: 'residual-intervals', values: { settings: settings.length, needed } });
  const draws = !left
    ? []
    : settings.length >= needed
      ? drawRuns(law, observed, settings, theta, resamples, random)
      : drawResiduals(law, samples, predicted, theta, resamples, random);
  const parameters = law.parameters.map((name, at) => ({
    name,
    value: theta[at]!,
    interval: intervalOf(
      draws.map((draw) => draw[at]!),
      level,
    ),
  }));
  findings.push(...unidentified(law, samples, theta, parameters));
  if (left && r2 < 0.5) findings.push({ code: 'poor-fit', values: { r2 } });
  return {
    fit: {
      ...{ law: law.id, parameters, runs: observed.length, settings: settings.length, r2, leaveOneOut: left, draws, findings },
      noise: left && Math.sqrt(values.reduce((sum, value, at) => sum + (value - predicted[at]!) ** 2, 0) / (values.length - count)),
    },
    refusal: null,
  };
}

export const valuesOf = ({ parameters }: Pick<Fit, 'parameters'>): number[] => parameters.map(({ value }) => value);

/** Percentile interval; null of fewer than 20 values. Values that are not finite are left out. */
export function intervalOf(values: readonly number[], level = 0.95): Interval | null {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length < 20) return null;
  return { low: quantile(sorted, (1 - level) / 2), high: quantile(sorted, (1 + level) / 2) };
}

/** What is computed from a fit's parameters, with its interval over the resamples. */
export function derived(fit: Fit, of: (parameters: readonly number[]) => number): { value: number; interval: Interval | null } {
  return { value: of(valuesOf(fit)), interval: intervalOf(fit.draws.map(of)) };
}

/** 1 − Σ(y − ŷ)² / Σ(y − ȳ)². */
export function determination(values: readonly number[], predicted: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const total = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return 1 - values.reduce((sum, value, at) => sum + (value - predicted[at]!) ** 2, 0) / total;
}

/** Standard deviation between seeds of one setting, pooled over settings; 0 where no setting has two. */
export function seedNoise(observed: readonly { value: number; setting: string }[]): number {
  let squares = 0;
  let freedom = 0;
  for (const setting of new Set(observed.map((one) => one.setting))) {
    const values = observed.filter((one) => one.setting === setting).map(({ value }) => value);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    squares += values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    freedom += values.length - 1;
  }
  return freedom > 0 ? Math.sqrt(squares / freedom) : 0;
}

function leaveOut<P>(law: Law<P>, observed: readonly Observed<P>[], settings: readonly string[], theta: number[], random: Rng) {
  const folds = Math.min(settings.length, MOST_FOLDS);
  const foldOf = new Map(random.shuffle([...settings]).map((setting, at) => [setting, at % folds]));
  const predicted = new Array<number>(observed.length).fill(NaN);
  for (let fold = 0; fold < folds; fold++) {
    const out = observed.map(({ setting }) => foldOf.get(setting) === fold);
    const kept = observed.map(({ point, value }, at) => ({ point, value, weight: out[at] ? 0 : 1 }));
    const without = law.solve(kept, theta, 3, random);
    observed.forEach(({ point }, at) => {
      if (out[at]) predicted[at] = without ? law.predict(without, point) : NaN;
    });
  }
  const values = observed.map(({ value }) => value);
  const rmse = Math.sqrt(values.reduce((sum, value, at) => sum + (value - predicted[at]!) ** 2, 0) / values.length);
  // A law that cannot be solved without one of the settings predicts nothing.
  return Number.isFinite(rmse) ? { r2: determination(values, predicted), rmse } : { r2: -Infinity, rmse: Infinity };
}

/** Settings are drawn with replacement, and in each its seeds. */
function drawRuns<P>(
  law: Law<P>,
  observed: readonly Observed<P>[],
  settings: readonly string[],
  theta: number[],
  resamples: number,
  random: Rng,
) {
  const members = settings.map((setting) => observed.flatMap((one, at) => (one.setting === setting ? [at] : [])));
  const draws: number[][] = [];
  for (let resample = 0; resample < resamples; resample++) {
    const weights = new Array<number>(observed.length).fill(0);
    const drawn = new Set<number>();
    for (let at = 0; at < settings.length; at++) {
      const chosen = random.integer(settings.length);
      drawn.add(chosen);
      for (let seed = 0; seed < members[chosen]!.length; seed++) weights[members[chosen]![random.integer(members[chosen]!.length)]!]! += 1;
    }
    if (drawn.size < law.parameters.length) continue;
    const solved = law.solve(
      observed.map(({ point, value }, at) => ({ point, value, weight: weights[at]! })),
      theta,
      1,
      random,
    );
    if (solved) draws.push(solved);
  }
  return draws;
}

/** What the law predicts plus residuals drawn with replacement, which are made larger by what the fit took of them. */
function drawResiduals<P>(
  law: Law<P>,
  samples: readonly Sample<P>[],
  predicted: readonly number[],
  theta: number[],
  resamples: number,
  random: Rng,
) {
  const log = law.residual === 'log';
  const [into, back] = log ? [Math.log, Math.exp] : [(value: number) => value, (value: number) => value];
  const residuals = samples.map(({ value }, at) => into(value) - into(predicted[at]!));
  const mean = residuals.reduce((sum, value) => sum + value, 0) / residuals.length;
  const scale = Math.sqrt(samples.length / (samples.length - law.parameters.length));
  const draws: number[][] = [];
  for (let resample = 0; resample < resamples; resample++) {
    const drawn = samples.map(({ point }, at) => {
      const residual = scale * (residuals[random.integer(residuals.length)]! - mean);
      return { point, value: back(into(predicted[at]!) + residual), weight: 1 };
    });
    const solved = law.solve(drawn, theta, 1, random);
    if (solved) draws.push(solved);
  }
  return draws;
}

function unidentified<P>(
  law: Law<P>,
  samples: readonly Sample<P>[],
  theta: readonly number[],
  parameters: readonly FittedParameter[],
): Finding[] {
  const findings: Finding[] = [];
  const many = law.id === 'exponential-many';
  if (many) findings.push({ code: 'gauge', values: { parameters: law.parameters.slice(1).join(', ') } });
  const same = new Set(dependent(law, samples, theta));
  parameters.forEach(({ name, value, interval }, at) => {
    if (many && at > 0 && value < FLAT_COEFFICIENT) {
      findings.push({ code: 'flat-direction', values: { parameter: name, high: interval?.high ?? FLAT_COEFFICIENT } });
      return;
    }
    if (atBound(value, law.bounds[at]!)) findings.push({ code: 'parameter-at-bound', values: { parameter: name, value } });
    else if (same.has(at)) findings.push({ code: 'not-identified', values: { parameter: name } });
    else if (interval && interval.high - interval.low > 2 * Math.abs(value))
      findings.push({ code: 'parameter-wide', values: { parameter: name, low: interval.low, high: interval.high } });
  });
  return findings;
}

/** Parameters whose effect on the predictions is, to 1e-4 of it, that of parameters before them (Gram–Schmidt on the Jacobian). */
function dependent<P>(law: Law<P>, samples: readonly Sample<P>[], theta: readonly number[]): number[] {
  const basis: Float64Array[] = [];
  return theta.flatMap((value, at) => {
    const { low, high } = law.bounds[at]!;
    const step = Math.min(1e-4 * Math.max(Math.abs(value), 1e-3), (high - value) / 2, (value - low) / 2);
    const moved = (by: number) => theta.map((other, i) => (i === at ? other + by : other));
    const [up, down] = [moved(step), moved(-step)];
    const column = Float64Array.from(samples, ({ point }) => law.predict(up, point) - law.predict(down, point));
    const length = Math.hypot(...column);
    for (const direction of basis) {
      const along = column.reduce((sum, x, i) => sum + x * direction[i]!, 0);
      for (let i = 0; i < column.length; i++) column[i]! -= along * direction[i]!;
    }
    const rest = Math.hypot(...column);
    if (!(rest > 1e-4 * length)) return [at];
    basis.push(column.map((x) => x / rest));
    return [];
  });
}
