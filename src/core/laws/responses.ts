/**
 * Laws in one variable other than a share: loss against the peak learning rate with the edge of divergence, against the warmup, against
 * epochs of repeated data (2305.16264), and the critical mixture ratio against tokens (2407.17467); and the rate and the warmup that they recommend.
 */
import { curveLaw, type Law, type Sample, solveLeastSquares } from './law';
import type { Bound } from './optimise';
import { derived, fitLaw, seedNoise, type Finding, type FitOptions, type FitResult, type Observed, type Refusal } from './fit';
import type { MeasuredRun } from './measured-runs';
import { mean, type Interval } from '../metrics/statistics';

/** Tokens of CMR's T are counted in this unit (2407.17467). */
const CMR_TOKENS = 0.2e9;
/** R* of the discount of repeated data: epochs until a repetition is worth 1/e of new text (2305.16264). */
const REPEAT_SCALE = 15.39;
/** The quadratic of the rate holds near its best: within this factor of the best rate that was measured. */
const RATE_WINDOW = 10;

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
const warmupLaw = (): Law<{ warmup: number }> => parabola('warmup', 'w*', ({ warmup }) => warmup);

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
function repeatLaw(samples: readonly Sample<RepeatPoint>[]): Law<RepeatPoint> {
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

/** The discount of repeated data in runs that read the same text for several epochs, from one channel's losses. */
export function fitRepeats(runs: readonly MeasuredRun[], channel: string, options: FitOptions = {}): FitResult {
  const observed = runs.flatMap(({ tokens, epochs, losses, heldOut }): Observed<RepeatPoint>[] => {
    const value = losses[channel] ?? NaN;
    if (tokens === null || epochs === null || heldOut || !Number.isFinite(value)) return [];
    return [{ point: { unique: tokens / epochs, epochs }, value, setting: `${tokens} ${epochs}` }];
  });
  if (observed.length === 0) return { fit: null, refusal: { code: 'too-few', values: { settings: 0, needed: 4 } } };
  return fitLaw(repeatLaw(observed.map((one) => ({ ...one, weight: 1 }))), observed, options);
}

export interface Estimate {
  value: number;
  interval: Interval | null;
}

export interface Response {
  best: Estimate | null;
  edge: DivergenceEdge | null;
  limitedBy: 'optimum' | 'general' | 'divergence' | 'measured' | null;
  refusal: Refusal | null;
  findings: Finding[];
}

/** Where slack first falls below 0, by a line between neighbours; the last share where it never does, null where it begins below. */
export function crossing(grid: readonly number[], slack: readonly number[]): number | null {
  const beyond = slack.findIndex((value) => !(value >= 0));
  if (beyond === 0) return null;
  if (beyond < 0) return grid.at(-1)!;
  const [inside, outside] = [slack[beyond - 1]!, slack[beyond]!];
  return grid[beyond - 1]! + ((grid[beyond]! - grid[beyond - 1]!) * inside) / (inside - outside);
}

/** The runs that differ in one field (and seed) alone, of the group that has most values of it. */
function varied(runs: readonly MeasuredRun[], field: 'lr' | 'warmup'): MeasuredRun[] {
  const groups = new Map<string, MeasuredRun[]>();
  for (const run of runs) {
    if (run[field] === null) continue;
    const key = JSON.stringify([run.shares, field === 'lr' ? run.warmup : run.lr, run.tokens, run.size, run.epochs]);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const count = (group: readonly MeasuredRun[]) => new Set(group.map((run) => run[field])).size;
  return [...groups.values()].reduce((best, group) => (count(group) > count(best) ? group : best), []);
}

/**
 * How much higher a channel's loss is at one rate (or warmup) than at another, by lines between the means of the runs that varied it, in
 * its logarithm for a rate; 0 where nothing varied it or either value is not known or was not reached.
 */
export function settingShift(
  runs: readonly MeasuredRun[],
  field: 'lr' | 'warmup',
  channel: string,
  from: number | null,
  to: number | null,
): number {
  if (from === null || to === null || from === to) return 0;
  const group = varied(runs, field).filter(({ losses }) => Number.isFinite(losses[channel]));
  const values = [...new Set(group.map((run) => run[field]!))].sort((one, other) => one - other);
  const scale = (value: number) => (field === 'lr' ? Math.log(value) : value);
  const means = values.map((value) => mean(group.filter((run) => run[field] === value).map(({ losses }) => losses[channel]!)));
  const at = (value: number): number | null => {
    const above = values.findIndex((one) => one >= value);
    if (above < 0 || value < values[0]!) return null;
    if (above === 0) return means[0]!;
    const part = (scale(value) - scale(values[above - 1]!)) / (scale(values[above]!) - scale(values[above - 1]!));
    return means[above - 1]! + part * (means[above]! - means[above - 1]!);
  };
  const [before, after] = [at(from), at(to)];
  return before === null || after === null ? 0 : after - before;
}

/** The rate of least domain loss, lower where the general channels or divergence ask for it. */
export function rateResponse(
  runs: readonly MeasuredRun[],
  loss: (run: MeasuredRun) => number,
  keeps: (run: MeasuredRun) => number,
  start: number,
  options: FitOptions,
): Response {
  const group = varied(runs, 'lr').sort((one, other) => one.lr! - other.lr!);
  const observed = group.map((run): Observed<{ lr: number }> => ({ point: { lr: run.lr! }, value: loss(run), setting: String(run.lr) }));
  const rates = [...new Set(group.map(({ lr }) => lr!))];
  const edge = divergenceEdge(
    observed.map((one) => ({ ...one, weight: 1 })),
    start,
  );
  const refuse = (refusal: Refusal): Response => ({ best: null, edge, limitedBy: null, refusal, findings: [] });
  if (rates.length < 3) return refuse({ code: 'too-few', values: { settings: rates.length, needed: 3 } });
  const finite = observed.filter(({ value }) => Number.isFinite(value) && value <= start);
  if (finite.length === 0) return refuse({ code: 'no-solution', values: { law: 'rate' } });
  const near = nearBestRate(finite.map((one) => ({ ...one, weight: 1 }))).map(({ point, value }) => ({
    point,
    value,
    setting: String(point.lr),
  }));
  const { fit, refusal } = fitLaw(rateLaw(), near, options);
  if (refusal)
    return refuse(refusal.code === 'no-solution' ? { code: 'not-bracketed', values: { variable: 'lr', value: rates.at(-1)! } } : refusal);
  const best = derived(fit, (parameters) => Math.exp(parameters[2]!));
  const [lowest, highest] = [rates[0]!, Math.max(...finite.map(({ point }) => point.lr))];
  if (best.value < lowest || best.value > Math.max(highest, edge?.holds ?? 0))
    return refuse({ code: 'not-bracketed', values: { variable: 'lr', value: best.value } });
  // General ability along the rates, as lines between the means over seeds.
  const slack = rates.map((rate) => mean(group.filter(({ lr }) => lr === rate).map(keeps)));
  const most = crossing(rates.map(Math.log), slack);
  const general = most === null ? lowest : Math.exp(most);
  const limited = general < best.value;
  return {
    best: limited ? { value: general, interval: best.interval && { low: Math.min(best.interval.low, general), high: general } } : best,
    edge,
    limitedBy: limited ? 'general' : 'optimum',
    refusal: null,
    findings: fit.findings,
  };
}

/** The warmup of least domain loss; the shortest where seeds explain the differences. */
export function warmupResponse(runs: readonly MeasuredRun[], loss: (run: MeasuredRun) => number, options: FitOptions): Response {
  const observed = varied(runs, 'warmup')
    .map((run): Observed<{ warmup: number }> => ({ point: { warmup: run.warmup! }, value: loss(run), setting: String(run.warmup) }))
    .filter(({ value }) => Number.isFinite(value));
  const tried = [...new Set(observed.map(({ point }) => point.warmup))].sort((one, other) => one - other);
  const found = (value: number, interval: Interval | null, limitedBy: Response['limitedBy'], findings: Finding[]): Response => ({
    best: { value, interval },
    edge: null,
    limitedBy,
    refusal: null,
    findings,
  });
  if (tried.length < 3)
    return {
      best: null,
      edge: null,
      limitedBy: null,
      refusal: { code: 'too-few', values: { settings: tried.length, needed: 3 } },
      findings: [],
    };
  const noise = seedNoise(observed);
  const means = tried.map((warmup) => mean(observed.filter(({ point }) => point.warmup === warmup).map(({ value }) => value)));
  const spread = Math.max(...means) - Math.min(...means);
  if (spread <= 2 * noise)
    return found(tried[0]!, { low: tried[0]!, high: tried.at(-1)! }, 'measured', [
      { code: 'flat-response', values: { variable: 'warmup', spread, noise } },
    ]);
  const { fit } = fitLaw(warmupLaw(), observed, options);
  const best = fit && derived(fit, (parameters) => parameters[2]!);
  const [shortest, longest] = [tried[0]!, tried.at(-1)!];
  if (fit && best!.value >= shortest && best!.value <= longest) {
    // Resamples that hardly bend have their best anywhere: no further than what was tried.
    const within = (value: number) => Math.min(longest, Math.max(shortest, value));
    const interval = best!.interval && { low: within(best!.interval.low), high: within(best!.interval.high) };
    return found(best!.value, interval, 'optimum', fit.findings);
  }
  const measured = tried[means.indexOf(Math.min(...means))]!;
  return found(measured, null, 'measured', [{ code: 'at-edge', values: { variable: 'warmup', value: measured } }]);
}
