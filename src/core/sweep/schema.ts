/**
 * The plan of a sweep: a base recipe, what varies and how, seeds, the rule that ends hopeless runs, and limits of what it may cost. A page
 * edits it, the command line reads it (`npm run experiment -- sweep.json`). A plan that cannot be run is refused with the field.
 * Presets are plans made with one press, and the learning-rate range test is one run whose rate rises from step to step, which shows where
 * training begins to act and where it breaks (Smith, 1506.01186).
 */
import { smoothed } from '../metrics/smoothing';
import * as z from 'zod/mini';
import { StudioError } from '../errors';
import { acceptedBy, describeValue, parseRecipe } from '../recipe/parse';
import type { Recipe } from '../recipe/schema';
import { GOLDEN_RATIO } from '../mixture/mixture';

const from = (low: number, high: number) => z.number().check(z.gte(low), z.lte(high));
const count = (low: number, high = Number.MAX_SAFE_INTEGER) => z.int().check(z.gte(low), z.lte(high));
const orElse = z._default;

/** Runs that a sweep may have, and tries of an axis. */
export const MOST_RUNS = 2000;
const MOST_VALUES = 200;

/**
 * A field of the recipe by its path, channels by id: `schedule.peakLr`, `channels.domain.share` (the others scaled), `method.r`. Besides:
 * `domainShare`, all domain channels together, and `tokens`, the run's budget in tokens.
 */
const field = z.string().check(z.regex(/^[a-zA-Z][\w.-]{0,119}$/));
const value = z.union([z.number(), z.string(), z.boolean(), z.null()]);

const axisSchema = z.union([
  /** These values. */
  z.strictObject({ field, values: z.array(value).check(z.minLength(1), z.maxLength(MOST_VALUES)) }),
  /** The base recipe's value times these. */
  z.strictObject({ field, factors: z.array(z.number()).check(z.minLength(1), z.maxLength(MOST_VALUES)) }),
  /** Values between two ends: drawn at random or by Sobol's sequence; of a grid `points` of them, evenly apart on the scale. */
  z.strictObject({
    field,
    low: z.number(),
    high: z.number(),
    scale: z.enum(['uniform', 'log-uniform', 'integer']),
    points: z.optional(count(2, MOST_VALUES)),
  }),
  /** Whole mixtures, channel → share. */
  z.strictObject({ mixtures: z.array(z.record(z.string(), from(0, 1))).check(z.minLength(1), z.maxLength(MOST_VALUES)) }),
]);

const methodSchema = z.discriminatedUnion('kind', [
  /** Every value of each axis with every value of the others. */
  z.strictObject({ kind: z.literal('grid') }),
  /** The axes' values side by side: the n-th of each make a run. */
  z.strictObject({ kind: z.literal('list') }),
  z.strictObject({ kind: z.literal('random'), runs: count(1), seed: orElse(count(0, 0xffffffff), 1) }),
  z.strictObject({ kind: z.literal('sobol'), runs: count(1) }),
]);

const halvingSchema = z.strictObject({
  /** A rung waits for all of its runs, or promotes as soon as one qualifies (ASHA). */
  kind: z.enum(['successive-halving', 'asha']),
  /** η: one in so many goes on, for so many times the steps. */
  reduction: orElse(count(2, 16), 3),
  /** Steps of the first rung; the base recipe's budget is the last. */
  steps: count(1),
  /** Retention under which a run is judged by what it lacks, whatever it learnt. */
  retention: orElse(from(0, 1), 0.95),
});

const sweepSchema = z.strictObject({
  version: z.literal(1),
  name: z.string().check(z.minLength(1), z.maxLength(120)),
  /** Read as a recipe by itself, so that older ones are lifted. */
  base: z.unknown(),
  axes: z.array(axisSchema).check(z.minLength(1), z.maxLength(8)),
  method: orElse(methodSchema, { kind: 'grid' }),
  /** Each setting is trained with each of these. */
  seeds: orElse(z.array(count(0, 0xffffffff)).check(z.minLength(1), z.maxLength(100)), [1]),
  halving: z.optional(halvingSchema),
  /** Weights of runs that have ended: those of none, of the best so far (absent: these), or of all. */
  keep: z.optional(z.enum(['none', 'best', 'all'])),
  /** What the sweep may cost at most. */
  limits: orElse(
    z.strictObject({ runs: z.optional(count(1)), tokens: z.optional(count(1)), minutes: z.optional(z.number().check(z.gt(0))) }),
    {},
  ),
});

export type Axis = z.infer<typeof axisSchema>;
export type Halving = z.infer<typeof halvingSchema>;
export type SweepPlan = Omit<z.infer<typeof sweepSchema>, 'base'> & { base: Recipe };
/** What a person writes: defaults may be left out. */
export type SweepInput = Omit<z.input<typeof sweepSchema>, 'base'> & { base: unknown };

/** @throws StudioError `sweep-invalid` with field, value and what is accepted; `recipe-invalid` of the base recipe */
export function parseSweep(json: unknown): SweepPlan {
  const result = sweepSchema.safeParse(json);
  if (!result.success) {
    const [issue] = result.error.issues;
    const path = issue!.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue!.path;
    const at = path.map(String).join('.') || 'sweep';
    refuseSweep(
      at,
      describeValue(path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null)?.[key], json)),
      acceptedOf(issue!),
    );
  }
  const plan = result.data;
  const base = parseRecipe(plan.base);
  plan.axes.forEach((axis, at) => checkAxis(axis, `axes.${at}`, plan.method.kind, base));
  const named = plan.axes.map((axis) => ('mixtures' in axis ? 'mixtures' : axis.field));
  const twice = named.findIndex((name, at) => named.indexOf(name) !== at);
  if (twice >= 0) refuseSweep(`axes.${twice}.field`, named[twice]!, '1 × field');
  const mixes = named.filter((name) => name === 'mixtures' || name === 'domainShare');
  const shares = named.filter((name) => /^channels\..+\.share$/.test(name));
  if (mixes.length > 1 || (mixes.length === 1 && shares.length > 0))
    refuseSweep('axes', [...mixes, ...shares].join(' + '), 'mixtures | domainShare | channels.*.share');
  if (named.includes('seed')) refuseSweep('axes.field', 'seed', 'seeds: [1, 2, …]');
  if (named.includes('tokens') && named.includes('budget.steps')) refuseSweep('axes', 'tokens + budget.steps', 'tokens | budget.steps');
  if (plan.halving && plan.halving.steps >= base.budget.steps)
    refuseSweep('halving.steps', String(plan.halving.steps), `< ${base.budget.steps} (budget.steps)`);
  return { ...plan, base };
}

/** Of a union every branch is tried; what is said of them together helps nobody. */
const acceptedOf = (issue: z.core.$ZodIssue): string =>
  issue.code === 'invalid_union'
    ? issue.path[0] === 'axes'
      ? '{ field, values } | { field, factors } | { field, low, high, scale } | { mixtures }'
      : 'grid | list | random | sobol'
    : acceptedBy(issue);

export function refuseSweep(where: string, found: string, accepted: string): never {
  throw new StudioError('sweep-invalid', `Sweep field ${where} is ${found}; accepted: ${accepted}`, {
    field: where,
    value: found,
    accepted,
  });
}

function checkAxis(axis: Axis, at: string, method: SweepPlan['method']['kind'], base: Recipe): void {
  if ('low' in axis) {
    if (axis.low >= axis.high) refuseSweep(`${at}.low`, String(axis.low), `< ${axis.high}`);
    if (axis.scale === 'log-uniform' && axis.low <= 0) refuseSweep(`${at}.low`, String(axis.low), '> 0 (log-uniform)');
    if (axis.scale === 'integer' && !(Number.isInteger(axis.low) && Number.isInteger(axis.high)))
      refuseSweep(`${at}.low`, `${axis.low}, ${axis.high}`, 'integer');
    if ((method === 'grid' || method === 'list') && axis.points === undefined) refuseSweep(`${at}.points`, 'missing', '2 … 200');
  }
  if (!('mixtures' in axis)) return;
  const ids = base.channels.map(({ id }) => id);
  axis.mixtures.forEach((mixture, index) => {
    const unknown = Object.keys(mixture).find((id) => !ids.includes(id));
    if (unknown !== undefined) refuseSweep(`${at}.mixtures.${index}.${unknown}`, unknown, ids.join(' | '));
    const sum = Object.values(mixture).reduce((total, share) => total + share, 0);
    if (Math.abs(sum - 1) > 1e-6) refuseSweep(`${at}.mixtures.${index}`, `Σ share = ${Number(sum.toFixed(6))}`, 'Σ share = 1');
  });
}

export type SweepPreset = 'golden-ratio' | 'learning-rate' | 'warmup' | 'share-and-rate';

/** Shares of the domain around the golden ratio 1 : 5. */
const SHARES = [0, 0.1, GOLDEN_RATIO, 0.25, 0.5, 1];
/** Factors of the base's peak learning rate, half a power of ten apart. */
const RATES = [0.1, 10 ** -0.5, 1, 10 ** 0.5, 10];
const WARMUPS = [0, 0.01, 0.03, 0.1, 0.3];

export const sweepPresets: Readonly<Record<SweepPreset, (base: Recipe) => SweepInput>> = {
  'golden-ratio': (base) => ({ version: 1, name: 'golden-ratio', base, axes: [{ field: 'domainShare', values: SHARES }] }),
  'learning-rate': (base) => ({ version: 1, name: 'learning-rate', base, axes: [{ field: 'schedule.peakLr', factors: RATES }] }),
  warmup: (base) => ({
    version: 1,
    name: 'warmup',
    base: { ...base, schedule: { ...base.schedule, warmup: { unit: 'ratio', value: 0 } } },
    axes: [{ field: 'schedule.warmup.value', values: WARMUPS }],
  }),
  'share-and-rate': (base) => ({
    version: 1,
    name: 'share-and-rate',
    base,
    axes: [
      { field: 'domainShare', values: [0.1, GOLDEN_RATIO, 0.25, 0.5] },
      { field: 'schedule.peakLr', factors: [0.1, 10 ** -0.5, 1, 10 ** 0.5] },
    ],
  }),
};

export interface RangeTest {
  /** Rates of the first and the last step. */
  low: number;
  high: number;
  steps: number;
}

/** Rates of the steps, evenly apart in their logarithm. Nothing of the run is kept: the weights are put back after it. */
export function rangeTestRates({ low, high, steps }: RangeTest): number[] {
  return Array.from({ length: steps }, (_, step) => low * (high / low) ** (steps > 1 ? step / (steps - 1) : 0));
}

export interface SuggestedRange {
  /** Rate at which the loss falls fastest. */
  steepest: number;
  /** Rate of the lowest loss. */
  lowest: number;
  /** Rate from which the loss is above what it began with, or no number; null where that was not reached. */
  breaks: number | null;
  /** Peak rates worth a sweep: from a tenth of the steepest to a third of the lowest or of where it breaks, and never across. */
  from: number;
  to: number;
}

/** How much of the smoothed loss is kept from step to step. */
const SMOOTHING = 0.9;
/** Losses of a range test as the suggestion reads them; those of single batches jump. */
export const smoothedLosses = (losses: readonly number[]): number[] =>
  Array.from(smoothed({ x: losses.map((_, step) => step), y: losses }, { kind: 'ema', weight: SMOOTHING }));
/** Rise above the first loss, as a part of the fall, that counts as broken. */
const BROKEN = 0.05;

/**
 * What a range test says. Losses are smoothed by a debiased exponential mean, since those of single batches jump.
 * @param losses of the steps, in the order of the rates; @returns null where the loss never falls
 */
export function suggestRange(rates: readonly number[], losses: readonly number[]): SuggestedRange | null {
  const broke = losses.findIndex((loss) => !Number.isFinite(loss));
  const smooth = smoothedLosses(broke < 0 ? losses : losses.slice(0, broke));
  if (smooth.length < 5) return null;
  const least = smooth.reduce((found, loss, at) => (loss < smooth[found]! ? at : found), 0);
  const first = smooth[0]!;
  const fall = first - smooth[least]!;
  if (least === 0 || fall <= 0) return null;
  const broken = smooth.findIndex((loss, at) => at > least && loss > first + BROKEN * fall);
  const ends = smooth.length < losses.length ? smooth.length : -1;
  const at = broken >= 0 ? broken : ends;
  // The slope over a tenth of the test, in ln η, so that a single batch does not decide.
  const span = Math.max(1, Math.round(smooth.length / 20));
  let steepest = span;
  let slope = Infinity;
  for (let step = span; step + span < smooth.length && step <= least; step++) {
    const found = (smooth[step + span]! - smooth[step - span]!) / Math.log(rates[step + span]! / rates[step - span]!);
    if (found < slope) [slope, steepest] = [found, step];
  }
  const breaks = at >= 0 ? rates[at]! : null;
  const to = Math.min(rates[least]!, breaks ?? Infinity) / 3;
  return { steepest: rates[steepest]!, lowest: rates[least]!, breaks, from: Math.min(rates[steepest]! / 10, to), to };
}
