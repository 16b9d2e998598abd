/**
 * From fitted laws to a decision: which share, rate and warmup, for a tolerance in general ability, with intervals, the critical mixture
 * ratio, the trade of gain against retention, and how far all that is from the golden ratio and why.
 */
import { paretoFront, type GainRetention } from '../metrics/pareto';
import { retention as retentionOf } from '../metrics/loss';
import { mean } from '../metrics/statistics';
import { GOLDEN_RANGE, GOLDEN_RATIO } from '../mixture/mixture';
import type { ChannelRole } from '../recipe/schema';
import { fitChannels, type ChannelLaw } from './channel-laws';
import { fitLaw, intervalOf, type Finding, type FitOptions, type FitResult, type Observed, type Refusal } from './fit';
import type { MeasuredRun } from './measured-runs';
import { cmrLaw, crossing, effectiveTokens, rateResponse, warmupResponse, type Estimate, type Response } from './responses';

export interface Goal {
  /** Least mean retention of the general channels, or by how much of itself their mean loss may rise. */
  tolerance: { kind: 'retention'; value: number } | { kind: 'loss'; value: number };
  /** Retention that one nat of domain gain is worth; null: as much gain as the tolerance leaves. */
  worth: number | null;
  /** Tokens of the run to come; null: as many as were measured. */
  tokens: number | null;
  /** Tokens of domain text that differ; null where repeats do not matter. */
  uniqueDomainTokens: number | null;
}

export const DEFAULT_GOAL: Goal = { tolerance: { kind: 'retention', value: 0.95 }, worth: null, tokens: null, uniqueDomainTokens: null };

/** What was measured, with what each channel is for. */
export interface Measured {
  runs: readonly MeasuredRun[];
  channels: readonly string[];
  roles: Readonly<Record<string, ChannelRole>>;
  /** Channel → loss before training. */
  base: Readonly<Record<string, number>>;
}

/** A point of the trade; predicted ones have a share of the domain and no run. */
interface TradePoint extends GainRetention {
  run: number | null;
  share: number;
}

type GoldenReason = 'within-range' | 'room-for-more' | 'forgets-too-much' | 'not-measured';

export interface Recommendation {
  /** Share of the domain, all its channels together; null where no measured share is within the tolerance. */
  share: Estimate | null;
  mixture: Record<string, number> | null;
  /** The largest share of the domain within the tolerance, and what that leaves the general channels. */
  critical: { domain: Estimate; general: Estimate } | null;
  /** Predicted at the share: loss of each channel, mean gain of the domain in nats, mean retention. */
  losses: Record<string, Estimate>;
  gain: Estimate | null;
  retention: Estimate | null;
  trade: { measured: TradePoint[]; predicted: TradePoint[]; front: TradePoint[] };
  golden: { distance: number | null; reason: GoldenReason; retention: number | null; gain: number | null };
  rate: Response;
  warmup: Response;
  repeats: { epochs: number; effective: number } | null;
  /** How far a ranking by models of this size carries (2602.12237): rank correlation with models of a billion parameters. */
  proxy: { size: number | null; correlation: number | null; worth: 'lesson' | 'forecast' | 'unknown'; sizes: number };
  findings: Finding[];
}

/** Rank correlation with one-billion-parameter models, by the proxy's parameters (2602.12237). */
const PROXY_CORRELATION = [
  { from: 0, correlation: 0.73 },
  { from: 15e6, correlation: 0.89 },
] as const;

/** Shares that the laws are looked at, over the range that was measured. */
const GRID = 129;

/** Share of the domain, all its channels together. */
export const domainShareOf = ({ channels, roles }: Pick<Measured, 'channels' | 'roles'>, { shares }: Pick<MeasuredRun, 'shares'>): number =>
  channels.reduce((sum, id) => sum + (roles[id] === 'domain' ? (shares[id] ?? 0) : 0), 0);

export function recommend(
  measured: Measured,
  laws: readonly ChannelLaw[],
  goal: Goal = DEFAULT_GOAL,
  options: FitOptions = {},
): Recommendation | Refusal {
  const { channels, roles, base } = measured;
  const runs = measured.runs.filter(({ heldOut }) => !heldOut);
  const of = (role: ChannelRole) => laws.filter(({ channel }) => roles[channel] === role);
  const [general, domain] = [of('general'), of('domain')];
  for (const law of [...general, ...domain]) {
    if (!law.best && !(law.flat && general.includes(law)))
      return { ...law.refusal!, values: { ...law.refusal!.values, channel: law.channel } };
    if (base[law.channel] === undefined) return { code: 'no-base', values: { channel: law.channel } };
  }
  if (general.length === 0 || domain.length === 0)
    return { code: 'no-role', values: { role: general.length === 0 ? 'general' : 'domain' } };
  const tried = runs.map((run) => domainShareOf(measured, run));
  const [low, high] = [Math.min(...tried), Math.max(...tried)];
  const mixtureAt = proportions({ channels, roles, runs });
  const scale = goal.tokens === null ? {} : { tokens: goal.tokens };
  const findings = general.flatMap(({ channel, best, flat }): Finding[] =>
    !best && flat ? [{ code: 'flat-channel', values: { channel, range: flat.range } }] : [],
  );
  const tokens = runs.flatMap((run) => run.tokens ?? []);
  if (goal.tokens !== null && (tokens.length === 0 || goal.tokens < Math.min(...tokens) || goal.tokens > Math.max(...tokens)))
    findings.push({
      code: 'outside-measured',
      values: { variable: 'tokens', value: goal.tokens, low: Math.min(...tokens), high: Math.max(...tokens) },
    });

  const at = (share: number) => outcome(general, domain, base, mixtureAt(share), scale);
  const grid = Array.from({ length: GRID }, (_, index) => low + ((high - low) * index) / (GRID - 1));
  const outcomes = grid.map(at);
  const draws = outcomes[0]!.draws.length;
  const limit = limitOf(
    goal.tolerance,
    general.map(({ channel }) => base[channel]!),
  );
  const utility = ({ gain, retention }: Figures) => (goal.worth === null ? gain : retention + goal.worth * gain);
  /** Of one draw, or of the fits themselves. */
  const decide = (figures: readonly Figures[]) => {
    const slack = figures.map(limit);
    const critical = crossing(grid, slack);
    const best = critical === null ? null : optimum(grid, figures.map(utility), critical);
    return { critical, best };
  };
  const decision = decide(outcomes.map(({ figures }) => figures));
  const drawn = Array.from({ length: draws }, (_, draw) => decide(outcomes.map((one) => one.draws[draw]!)));
  const spread = (values: (number | null)[]) =>
    intervalOf(
      values.filter((value) => value !== null),
      options.level,
    );
  const criticalSpread = spread(drawn.map(({ critical }) => critical));
  const { critical, best } = decision;
  if (critical === null) findings.push({ code: 'at-edge', values: { variable: 'share', value: low, side: 'low' } });
  else if (critical === high) findings.push({ code: 'at-edge', values: { variable: 'share', value: high, side: 'high' } });

  const chosen = best === null ? null : at(best);
  const estimate = (of: (figures: Figures) => number): Estimate | null =>
    chosen && { value: of(chosen.figures), interval: intervalOf(chosen.draws.map(of), options.level) };
  const mixture = best === null ? null : mixtureAt(best);
  const predicted = grid
    .filter((_, index) => index % 4 === 0)
    .map((share, index): TradePoint => ({
      run: null,
      share,
      gain: outcomes[4 * index]!.figures.gain,
      retention: outcomes[4 * index]!.figures.retention,
    }));
  const points = measured.runs.flatMap((run, index): TradePoint[] => {
    const change = (law: ChannelLaw) => base[law.channel]! - (run.losses[law.channel] ?? NaN);
    const point = {
      run: index,
      share: domainShareOf(measured, run),
      gain: mean(domain.map(change)),
      retention: mean(general.map((law) => Math.exp(change(law)))),
    };
    return Number.isFinite(point.gain) && Number.isFinite(point.retention) ? [point] : [];
  });
  const goldenTried = GOLDEN_RATIO >= low - 1e-9 && GOLDEN_RATIO <= high + 1e-9;
  const golden = goldenTried ? at(GOLDEN_RATIO).figures : null;
  const sizes = new Set(runs.flatMap((run) => run.size ?? []));
  const size = sizes.size > 0 ? Math.max(...sizes) : null;
  const epochs =
    goal.uniqueDomainTokens !== null && best !== null && (goal.tokens ?? tokens[0])
      ? (best * (goal.tokens ?? tokens[0]!)) / goal.uniqueDomainTokens
      : null;
  const target = (ids: readonly ChannelLaw[]) => (run: MeasuredRun) => mean(ids.map(({ channel }) => run.losses[channel] ?? Infinity));
  const keeps = (run: MeasuredRun) =>
    limit({
      gain: 0,
      retention: mean(general.map((law) => retentionOf(base[law.channel]!, run.losses[law.channel]!))),
      general: target(general)(run),
    });
  return {
    share: best === null ? null : { value: best, interval: spread(drawn.map((one) => one.best)) },
    mixture,
    critical:
      critical === null
        ? null
        : {
            domain: { value: critical, interval: criticalSpread },
            general: { value: 1 - critical, interval: criticalSpread && { low: 1 - criticalSpread.high, high: 1 - criticalSpread.low } },
          },
    losses: mixture
      ? Object.fromEntries(
          laws.flatMap((law) => {
            const found = law.predict(mixture, scale);
            return found ? [[law.channel, { value: found.loss, interval: found.interval }]] : [];
          }),
        )
      : {},
    gain: estimate(({ gain }) => gain),
    retention: estimate(({ retention }) => retention),
    trade: { measured: points, predicted, front: paretoFront([...points, ...predicted]) },
    golden: {
      distance: best === null ? null : best - GOLDEN_RATIO,
      reason: goldenReason(best, golden && limit(golden)),
      retention: golden?.retention ?? null,
      gain: golden?.gain ?? null,
    },
    rate: rateResponse(runs, target(domain), keeps, mean(domain.map(({ channel }) => base[channel]!)), options),
    warmup: warmupResponse(runs, target(domain), options),
    repeats: epochs === null ? null : { epochs, effective: effectiveTokens({ unique: goal.uniqueDomainTokens!, epochs }) },
    proxy: {
      size,
      correlation: size === null ? null : PROXY_CORRELATION.findLast(({ from }) => size >= from)!.correlation,
      worth: size === null ? 'unknown' : size < PROXY_CORRELATION[1].from ? 'lesson' : 'forecast',
      sizes: sizes.size,
    },
    findings,
  };
}

/**
 * How the critical ratio moves with a run's tokens (the CMR law): it is found at each budget by itself, and a budget without one is left out.
 */
export function criticalOverTokens(measured: Measured, targets: readonly string[], goal: Goal, options: FitOptions = {}): FitResult {
  const budgets = [...new Set(measured.runs.flatMap(({ tokens }) => tokens ?? []))];
  const observed = budgets.flatMap((tokens): Observed<{ tokens: number }>[] => {
    const runs = measured.runs.filter((run) => run.tokens === tokens);
    const found = recommend(
      { ...measured, runs },
      fitChannels(runs, measured.channels, targets, options),
      { ...goal, tokens: null },
      options,
    );
    return 'code' in found || !found.critical ? [] : [{ point: { tokens }, value: found.critical.domain.value, setting: String(tokens) }];
  });
  return fitLaw(cmrLaw(), observed, options);
}

interface Figures extends GainRetention {
  /** Mean loss of the general channels. */
  general: number;
}

/** What the laws say of a mixture: by the fits, and by every resample that all channels have. */
function outcome(
  general: readonly ChannelLaw[],
  domain: readonly ChannelLaw[],
  base: Readonly<Record<string, number>>,
  mixture: Record<string, number>,
  scale: { tokens?: number },
) {
  const predict = (laws: readonly ChannelLaw[]) => laws.map((law) => ({ before: base[law.channel]!, ...law.predict(mixture, scale)! }));
  const [kept, learnt] = [predict(general), predict(domain)];
  const figures = (loss: (one: (typeof kept)[number]) => number): Figures => ({
    gain: mean(learnt.map((one) => one.before - loss(one))),
    retention: mean(kept.map((one) => retentionOf(one.before, loss(one)))),
    general: mean(kept.map(loss)),
  });
  const count = Math.min(...[...kept, ...learnt].map(({ draws }) => draws.length));
  return { figures: figures(({ loss }) => loss), draws: Array.from({ length: count }, (_, draw) => figures(({ draws }) => draws[draw]!)) };
}

/** How far a mixture is within the tolerance: 0 at its line, below 0 beyond. */
function limitOf(tolerance: Goal['tolerance'], base: readonly number[]): (figures: Figures) => number {
  if (tolerance.kind === 'retention') return ({ retention }) => retention - tolerance.value;
  return ({ general }) => mean(base) * (1 + tolerance.value) - general;
}

/** Where the utility is greatest up to `limit`, whose own utility is read off the line between neighbours. */
function optimum(grid: readonly number[], utilities: readonly number[], limit: number): number {
  const within = grid.filter((share) => share <= limit).length;
  const best = utilities.slice(0, within).reduce((found, value, at) => (value > utilities[found]! ? at : found), 0);
  if (within === grid.length) return grid[best]!;
  const part = (limit - grid[within - 1]!) / (grid[within]! - grid[within - 1]!);
  const atLimit = utilities[within - 1]! + part * (utilities[within]! - utilities[within - 1]!);
  return atLimit > utilities[best]! ? limit : grid[best]!;
}

/** Mixtures by the domain's share alone, each role's channels in the proportions that they had on the mean. */
export function proportions({ runs, channels, roles }: Omit<Measured, 'base'>): (share: number) => Record<string, number> {
  const means = channels.map((id) => mean(runs.map(({ shares }) => shares[id] ?? 0)));
  const sum = (role: ChannelRole) => means.reduce((total, value, at) => total + (roles[channels[at]!] === role ? value : 0), 0);
  const sums = { general: sum('general') || 1, domain: sum('domain') || 1 };
  return (share) =>
    Object.fromEntries(
      channels.map((id, at) => [
        id,
        roles[id] === 'domain' ? (means[at]! / sums.domain) * share : (means[at]! / sums.general) * (1 - share),
      ]),
    );
}

function goldenReason(share: number | null, slack: number | null): GoldenReason {
  if (slack === null) return 'not-measured';
  if (slack < 0) return 'forgets-too-much';
  return share !== null && share > GOLDEN_RANGE[1]
    ? 'room-for-more'
    : share !== null && share < GOLDEN_RANGE[0]
      ? 'forgets-too-much'
      : 'within-range';
}
