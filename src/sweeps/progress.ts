/** How a sweep stands: what each run gave, the best so far, what is left, and how fast tabs train together. No component, no worker. */
import { meanRetention, RETENTION_LINE } from '../core/metrics/loss';
import { mean, quantile, type Interval } from '../core/metrics/statistics';
import { stepTokens } from '../core/recipe/before-run';
import type { Recipe } from '../core/recipe/schema';
import { sweepCost } from '../core/sweep/plan';
import type { SweepCurve, SweepRecord, SweepRun, SweepRunState } from '../core/sweep/record';

/** A run that trains, as its tab last wrote it down. */
export interface LiveRun {
  step: number;
  tokens: number;
  heldOut: Record<string, SweepCurve>;
}

interface RunFigures {
  /** Fall of the domain channels' mean held-out loss against the base, nats per token; null where it is not known. */
  gain: number | null;
  /** Mean general retention; null where it is not known. */
  retention: number | null;
}

/** What a run gave, or has given so far. @param live where it trains */
export function figuresOf(run: SweepRun, { base, channels }: Pick<SweepRecord, 'base' | 'channels'>, live?: LiveRun): RunFigures {
  const losses = lossesOf(run, live);
  const domain = channels.filter(({ role }) => role === 'domain');
  const gains = domain.flatMap(({ id }) => {
    const [before, after] = [base[id], losses[id]];
    return before === undefined || after === undefined || after === null ? [] : [before - after];
  });
  const evaluated = (of: Readonly<Record<string, number | null>>) => ({
    channels: Object.fromEntries(Object.entries(of).flatMap(([id, loss]) => (loss === null ? [] : [[id, { loss }]]))),
  });
  return {
    gain: gains.length === 0 || gains.length < domain.length ? null : mean(gains),
    retention: meanRetention(evaluated(base), evaluated(losses), channels),
  };
}

/** Held-out losses at the end, or the last ones there are. */
function lossesOf({ result, measured }: SweepRun, live?: LiveRun): Readonly<Record<string, number | null>> {
  if (result) return result.losses;
  if (measured) return measured.losses;
  return Object.fromEntries(Object.entries(live?.heldOut ?? {}).map(([id, { y }]) => [id, y.at(-1) ?? null]));
}

/** Of the runs that are trained to their end, the highest gain among those above the retention line; null while there is none. */
export function bestRun(sweep: SweepRecord): { run: SweepRun; figures: RunFigures; line: number } | null {
  const line = sweep.plan?.halving?.retention ?? RETENTION_LINE;
  let best: { run: SweepRun; figures: RunFigures; line: number } | null = null;
  for (const run of sweep.runs) {
    if (run.state !== 'finished') continue;
    const figures = figuresOf(run, sweep);
    if (figures.gain === null || (figures.retention ?? 1) < line) continue;
    if (best === null || figures.gain > best.figures.gain!) best = { run, figures, line };
  }
  return best;
}

/** Has no tab trained a step of it, so that it can be moved or taken out? A run that waits at a rung has begun. */
export const isUntouched = ({ state, run, result }: SweepRun): boolean => state === 'planned' && run === null && result === null;

type Counts = Record<SweepRunState, number> & {
  /** Without those taken out. */ all: number;
  /** Nothing is left to train of them. */ done: number;
};

export function countsOf({ runs }: Pick<SweepRecord, 'runs'>): Counts {
  const counts: Counts = { planned: 0, training: 0, finished: 0, stopped: 0, failed: 0, dropped: 0, all: 0, done: 0 };
  for (const { state } of runs) counts[state] += 1;
  counts.done = counts.finished + counts.stopped + counts.failed;
  counts.all = runs.length - counts.dropped;
  return counts;
}

const tokensOf = (recipe: Recipe): number => recipe.budget.steps * stepTokens(recipe);

interface Left {
  tokens: number;
  /** null before any speed was measured. */
  minutes: { value: number; interval: Interval } | null;
}

/**
 * What is left to train. With successive halving it is what all rungs take less what was trained, since it is not known who goes on.
 * @param speeds tokens/s of one tab @param tabs that train now; while none does, the time is that of one
 */
export function leftOf(sweep: SweepRecord, live: Readonly<Record<string, LiveRun>>, speeds: readonly number[], tabs: number): Left {
  const counted = sweep.runs.filter(({ state, recipe }) => recipe !== null && state !== 'dropped');
  const trained = (run: SweepRun) => Math.max(run.result?.tokens ?? 0, (run.run !== null && live[run.run]?.tokens) || 0);
  let tokens: number;
  if (sweep.plan?.halving) {
    const whole = sweepCost({ halving: sweep.plan.halving, limits: {} }, counted as (SweepRun & { recipe: Recipe })[], []).tokens;
    const ended = sweep.state === 'finished';
    tokens = ended ? 0 : Math.max(0, whole - counted.reduce((sum, run) => sum + trained(run), 0));
  } else {
    const open = counted.filter(({ state }) => state === 'planned' || state === 'training');
    tokens = open.reduce((sum, run) => sum + Math.max(0, tokensOf(run.recipe!) - trained(run)), 0);
  }
  const known = speeds.filter((speed) => speed > 0 && Number.isFinite(speed)).sort((one, other) => one - other);
  const minutesAt = (share: number) => tokens / (quantile(known, share) * Math.max(1, tabs)) / 60;
  if (known.length === 0) return { tokens, minutes: null };
  return { tokens, minutes: { value: minutesAt(0.5), interval: { low: minutesAt(0.95), high: minutesAt(0.05) } } };
}

/** Speeds of the sweep's own runs, evaluations included, tokens/s. */
export const ownSpeeds = ({ runs }: Pick<SweepRecord, 'runs'>): number[] =>
  runs.flatMap(({ result }) => (result && result.seconds > 0 ? [result.tokens / result.seconds] : []));

/** Tokens that all tabs trained together while so many of them trained, and how long that took. */
export type TabSpeeds = Readonly<Record<number, { tokens: number; seconds: number }>>;

/** With one more look at the runs that train. @param before, now tokens of each run at two times that lie `seconds` apart */
export function withLook(
  speeds: TabSpeeds,
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
  seconds: number,
): TabSpeeds {
  const both = Object.keys(now).filter((run) => before[run] !== undefined);
  // A run that began or ended between the looks belongs to no number of tabs.
  if (both.length === 0 || both.length !== Object.keys({ ...before, ...now }).length || seconds <= 0) return speeds;
  const tabs = both.length;
  const sum = speeds[tabs] ?? { tokens: 0, seconds: 0 };
  const trained = both.reduce((tokens, run) => tokens + now[run]! - before[run]!, 0);
  return { ...speeds, [tabs]: { tokens: sum.tokens + trained, seconds: sum.seconds + seconds } };
}

/** A few hundred points a run are more than a small picture shows. */
const CURVE_POINTS = 48;

/** Every n-th point and the last. */
export function thinned({ x, y }: SweepCurve, most = CURVE_POINTS): SweepCurve {
  const every = Math.ceil(x.length / most);
  const kept = x.flatMap((_, at) => (at % every === 0 || at === x.length - 1 ? [at] : []));
  return { x: kept.map((at) => x[at]!), y: kept.map((at) => y[at]!) };
}

/** Of all curves of a sweep together, differences from the base's loss: small pictures on one scale can be compared. null without a curve. */
export function curveScale({ runs, base }: Pick<SweepRecord, 'runs' | 'base'>): { low: number; high: number } | null {
  const all: number[] = [];
  for (const { result } of runs)
    for (const [id, { y }] of Object.entries(result?.heldOut ?? {}))
      for (const loss of y) if (loss !== null && base[id] !== undefined) all.push(loss - base[id]);
  if (all.length === 0) return null;
  // Typed, since there may be tens of thousands: these are sorted some ten times as fast.
  const heights = Float64Array.from(all).sort();
  // A run that broke would flatten the others.
  const [low, high] = [Math.min(0, quantile(heights, 0.01)), Math.max(0, quantile(heights, 0.98))];
  const room = (high - low) * 0.05 || 0.05;
  return { low: low - room, high: high + room };
}
