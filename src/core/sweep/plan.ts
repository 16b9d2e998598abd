/**
 * The runs of a sweep: every setting of its axes as a recipe that can be trained, with every seed, and what all of them cost. Nothing is
 * trained here.
 */
import { StudioError } from '../errors';
import { quantile, type Interval } from '../metrics/statistics';
import { moveFader } from '../mixture/mixture';
import { stepTokens } from '../recipe/before-run';
import { domainShare, sharesOf, withDomainShare, withShares } from '../recipe/edits';
import { parseRecipe } from '../recipe/parse';
import { recipeSchema, type Recipe } from '../recipe/schema';
import { gridOf, onRange, rungSteps, runsOnRungs, sobol, SOBOL_DIMENSIONS, uniformPoints } from './search';
import { MOST_RUNS, refuseSweep, type Axis, type SweepPlan } from './schema';

export type SettingValue = number | string | boolean | null | Readonly<Record<string, number>>;

export interface PlannedRun {
  /** In the order of the plan, from 0. */
  index: number;
  /** Axis → value, by the axis's field (`mixture` for whole mixtures). */
  setting: Readonly<Record<string, SettingValue>>;
  seed: number;
  recipe: Recipe;
}

const nameOf = (axis: Axis) => ('mixtures' in axis ? 'mixture' : axis.field);

/**
 * All runs, in the order in which the first seed is complete first.
 * @throws StudioError `sweep-invalid` where there are too many, or a field is not one that the recipe has or takes the value
 */
export function plannedRuns(plan: SweepPlan): PlannedRun[] {
  const settings = settingsOf(plan);
  const runs: PlannedRun[] = [];
  for (const seed of plan.seeds)
    for (const setting of settings) runs.push({ index: runs.length, setting, seed, recipe: recipeOf(plan, setting, seed) });
  return runs;
}

/** Runs of the plan, before any is made: a grid of 10⁶ is refused without being laid out. */
function countRuns({ axes, method, seeds, limits }: SweepPlan): number {
  const lengths = axes.map((axis) => lengthOf(axis));
  const settings =
    method.kind === 'grid'
      ? lengths.reduce((product, length) => product * length, 1)
      : method.kind === 'list'
        ? Math.max(...lengths)
        : method.runs;
  const count = settings * seeds.length;
  const most = Math.min(MOST_RUNS, limits.runs ?? Infinity);
  if (count > most) refuseSweep(limits.runs !== undefined && limits.runs < MOST_RUNS ? 'limits.runs' : 'runs', String(count), `≤ ${most}`);
  return count;
}

function lengthOf(axis: Axis): number {
  if ('mixtures' in axis) return axis.mixtures.length;
  if ('values' in axis) return axis.values.length;
  return 'factors' in axis ? axis.factors.length : (axis.points ?? 1);
}

function settingsOf(plan: SweepPlan): Record<string, SettingValue>[] {
  countRuns(plan);
  const { axes, method, base } = plan;
  const listed = (axis: Axis): SettingValue[] => {
    if ('mixtures' in axis) return axis.mixtures;
    if ('values' in axis) return axis.values;
    return 'factors' in axis ? axis.factors.map((factor) => factor * numberAt(base, axis.field)) : gridOf(axis.points!, axis);
  };
  if (method.kind === 'grid')
    return axes.reduce<Record<string, SettingValue>[]>(
      (settings, axis) => settings.flatMap((setting) => listed(axis).map((value) => ({ ...setting, [nameOf(axis)]: value }))),
      [{}],
    );
  if (method.kind === 'list') {
    const columns = axes.map((axis) => listed(axis));
    columns.forEach((column, at) => {
      if (column.length !== columns[0]!.length) refuseSweep(`axes.${at}`, String(column.length), `${columns[0]!.length} (list)`);
    });
    return columns[0]!.map((_, row) => Object.fromEntries(axes.map((axis, at) => [nameOf(axis), columns[at]![row]!])));
  }
  if (method.kind === 'sobol' && axes.length > SOBOL_DIMENSIONS) refuseSweep('axes', String(axes.length), `≤ ${SOBOL_DIMENSIONS} (sobol)`);
  const points = method.kind === 'random' ? uniformPoints(axes.length, method.runs, method.seed) : sobol(axes.length, method.runs);
  const valueOf = (axis: Axis, at: number): SettingValue => {
    if ('low' in axis) return onRange(at, axis);
    const choices = listed(axis);
    return choices[Math.floor(at * choices.length)]!;
  };
  return points.map((point) => Object.fromEntries(axes.map((axis, at) => [nameOf(axis), valueOf(axis, point[at]!)])));
}

/** Digits of a recommended share and warmup (1e-4), and of a rate. */
const SHARE_UNIT = 1e-4;
const RATE_DIGITS = 3;

/** What a recommendation sets, as a setting beside the plan's axes; what it leaves null stays as in the base recipe. */
export function recommendedSetting(
  { base }: Pick<SweepPlan, 'base'>,
  wanted: { mixture: Readonly<Record<string, number>> | null; lr: number | null; warmup: number | null; tokens: number | null },
): Record<string, SettingValue> {
  const { mixture, lr, warmup, tokens } = wanted;
  const rounded = (value: number) => Number((Math.round(value / SHARE_UNIT) * SHARE_UNIT).toFixed(4));
  const setting: Record<string, SettingValue> = {};
  if (mixture) {
    const shares = Object.fromEntries(Object.entries(mixture).map(([id, share]) => [id, rounded(share)]));
    // The largest takes what rounding left.
    const largest = Object.keys(shares).reduce((best, id) => (shares[id]! > shares[best]! ? id : best));
    const rest = Object.entries(shares).reduce((sum, [id, share]) => sum + (id === largest ? 0 : share), 0);
    setting['mixture'] = { ...shares, [largest]: rounded(1 - rest) };
  }
  if (lr !== null) setting['schedule.peakLr'] = Number(lr.toPrecision(RATE_DIGITS));
  const steps = tokens === null ? base.budget.steps : stepsOf(base, tokens);
  if (warmup !== null)
    setting['schedule.warmup.value'] = base.schedule.warmup.unit === 'ratio' ? rounded(warmup) : Math.round(warmup * steps);
  if (tokens !== null) setting['tokens'] = steps * stepTokens(base);
  return setting;
}

/** The base recipe with one setting and seed. */
export function recipeOf(plan: Pick<SweepPlan, 'base'>, setting: Readonly<Record<string, SettingValue>>, seed: number): Recipe {
  let recipe: Recipe = { ...plan.base, seed };
  const set = new Set<string>();
  for (const [field, value] of Object.entries(setting)) {
    const share = /^channels\.(.+)\.share$/.exec(field)?.[1];
    if (field === 'mixture')
      recipe = withShares(recipe, {
        ...Object.fromEntries(recipe.channels.map(({ id }) => [id, 0])),
        ...(value as Record<string, number>),
      });
    else if (field === 'domainShare') recipe = withDomain(recipe, ratio(field, value));
    else if (share !== undefined) recipe = withShare(recipe, share, ratio(field, value), set);
    else if (field === 'tokens') recipe = { ...recipe, budget: { ...recipe.budget, steps: stepsOf(recipe, value) } };
    else recipe = withField(recipe, field, value);
  }
  try {
    return parseRecipe(recipe);
  } catch (error) {
    if (!(error instanceof StudioError) || error.code !== 'recipe-invalid') throw error;
    const { field, value, accepted } = error.values;
    return refuseSweep(`axes (${String(field)})`, String(value), String(accepted));
  }
}

function ratio(field: string, value: SettingValue): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) refuseSweep(field, JSON.stringify(value), '0 … 1');
  return value;
}

function withDomain(recipe: Recipe, share: number): Recipe {
  const [before, general] = [domainShare(recipe), recipe.channels.some(({ role }) => role === 'general')];
  if (before === 0 || !general)
    refuseSweep('domainShare', before === 0 ? 'Σ share = 0' : 'role "general"', 'role "domain" > 0, role "general"');
  return withDomainShare(recipe, share);
}

/** One channel's share; the others are scaled, but not those that an axis before has set. */
function withShare(recipe: Recipe, id: string, share: number, set: Set<string>): Recipe {
  const ids = recipe.channels.map((channel) => channel.id);
  if (!ids.includes(id)) refuseSweep(`channels.${id}.share`, id, ids.join(' | '));
  const held = recipe.channels.reduce((sum, channel) => sum + (set.has(channel.id) ? channel.share : 0), 0);
  const rest = ids.filter((other) => other !== id && !set.has(other)).length;
  const whole = rest > 0 ? held + share <= 1 + 1e-9 : Math.abs(held + share - 1) <= 1e-6;
  if (!whole)
    refuseSweep(`channels.${id}.share`, `Σ share = ${Number((held + share).toFixed(6))}`, rest > 0 ? 'Σ share ≤ 1' : 'Σ share = 1');
  const moved = moveFader(sharesOf(recipe), id, share, { locked: new Set(set) });
  set.add(id);
  return withShares(recipe, moved);
}

function stepsOf(recipe: Recipe, tokens: SettingValue): number {
  const steps = Math.round(Number(tokens) / stepTokens(recipe));
  if (!(steps >= 1)) refuseSweep('tokens', JSON.stringify(tokens), `≥ ${stepTokens(recipe)}`);
  return steps;
}

type Branch = Record<string, unknown>;
const isBranch = (value: unknown): value is Branch => value !== null && typeof value === 'object' && !Array.isArray(value);

/** A recipe with the value at a path; a part that the base leaves out (`method`, `regularisation.ewc`) is begun. */
function withField(recipe: Recipe, field: string, value: SettingValue): Recipe {
  const keys = field.split('.');
  const place = (branch: Branch, [key, ...rest]: string[]): Branch => {
    if (rest.length === 0) return { ...branch, [key!]: value };
    const inner = branch[key!];
    if (Array.isArray(inner)) {
      const at = inner.findIndex((item: unknown) => isBranch(item) && item['id'] === rest[0]);
      if (at < 0) refuseSweep(field, rest[0]!, inner.map((item: unknown) => (isBranch(item) ? String(item['id']) : '')).join(' | '));
      return { ...branch, [key!]: inner.map((item: unknown, index) => (index === at ? place(item as Branch, rest.slice(1)) : item)) };
    }
    if (inner !== undefined && inner !== null && !isBranch(inner)) refuseSweep(field, key!, Object.keys(branch).join(' | '));
    return { ...branch, [key!]: place(isBranch(inner) ? inner : {}, rest) };
  };
  const first = keys[0]!;
  const known = Object.keys(recipeSchema.shape);
  if (!known.includes(first)) refuseSweep(field, 'missing', [...known, 'domainShare', 'tokens'].join(' | '));
  return place(recipe, keys) as unknown as Recipe;
}

function numberAt(recipe: Recipe, field: string): number {
  if (field === 'domainShare') return domainShare(recipe);
  if (field === 'tokens') return recipe.budget.steps * stepTokens(recipe);
  const value = field.split('.').reduce<unknown>((inner, key) => {
    if (Array.isArray(inner)) return inner.find((item: unknown) => isBranch(item) && item['id'] === key) as unknown;
    return isBranch(inner) ? inner[key] : undefined;
  }, recipe);
  if (typeof value !== 'number') refuseSweep(field, value === undefined ? 'missing' : JSON.stringify(value), 'number (factors)');
  return value;
}

export interface SweepCost {
  runs: number;
  /** Of all runs to their ends, or of the rungs that successive halving lets them reach. */
  tokens: number;
  /** null before any speed was measured. */
  minutes: { value: number; interval: Interval } | null;
}

/**
 * What the runs cost. @param tokensPerSecond speeds that were measured, of windows or runs; the interval is their 5 to 95 % range
 * @throws StudioError `sweep-invalid` over a limit of the plan; of minutes the middle counts
 */
export function sweepCost(
  { halving, limits }: Pick<SweepPlan, 'halving' | 'limits'>,
  runs: readonly PlannedRun[],
  tokensPerSecond: readonly number[],
): SweepCost {
  const whole = runs.reduce((sum, { recipe }) => sum + recipe.budget.steps * stepTokens(recipe), 0);
  const tokens = Math.round(halving ? whole * shareOfSteps(halving, runs) : whole);
  const speeds = tokensPerSecond.filter((speed) => speed > 0 && Number.isFinite(speed)).sort((one, other) => one - other);
  const minutesAt = (share: number) => tokens / quantile(speeds, share) / 60;
  const minutes = speeds.length === 0 ? null : { value: minutesAt(0.5), interval: { low: minutesAt(0.95), high: minutesAt(0.05) } };
  if (limits.runs !== undefined && runs.length > limits.runs) refuseSweep('limits.runs', String(runs.length), `≤ ${limits.runs}`);
  if (limits.tokens !== undefined && tokens > limits.tokens) refuseSweep('limits.tokens', String(tokens), `≤ ${limits.tokens}`);
  if (limits.minutes !== undefined && minutes && minutes.value > limits.minutes)
    refuseSweep('limits.minutes', minutes.value.toFixed(1), `≤ ${limits.minutes}`);
  return { runs: runs.length, tokens, minutes };
}

/** Part of the steps of all runs that is left when each rung lets one in η go on; a run of a rung is resumed, not begun again. */
function shareOfSteps(halving: NonNullable<SweepPlan['halving']>, runs: readonly PlannedRun[]): number {
  const last = Math.max(...runs.map(({ recipe }) => recipe.budget.steps));
  const rungs = rungSteps(halving.steps, last, halving.reduction);
  const reached = runsOnRungs(runs.length, rungs.length, halving.reduction);
  const steps = rungs.reduce((sum, step, at) => sum + reached[at]! * (step - (rungs[at - 1] ?? 0)), 0);
  return steps / (runs.length * last);
}
