/**
 * All laws that apply to the channels of a table of runs: each is fitted, held against the others by leave-one-out error, and the best is
 * taken channel by channel, since no form wins everywhere.
 */
import { deriveSeed, Rng } from '../rng/rng';
import { fitLaw, intervalOf, seedNoise, valuesOf, type Finding, type Fit, type FitOptions, type Observed, type Refusal } from './fit';
import { type Law, type LawId, type Sample, leastSquaresLaw, powerRidgeLaw } from './law';
import type { MeasuredRun } from './measured-runs';
import { dcptLaw, exponentialLaw, logExponentialLaw, manyChannelLaw, type MixturePoint } from './mixture-laws';
import { mean, type Interval } from '../metrics/statistics';

interface Candidate {
  law: LawId;
  fit: Fit | null;
  refusal: Refusal | null;
}

/** How a channel's loss follows the mixture. */
export interface ChannelLaw {
  channel: string;
  /** Every form that was tried, the best first. */
  candidates: Candidate[];
  /** The one taken; null where the data identify none. */
  best: Fit | null;
  refusal: Refusal | null;
  findings: Finding[];
  /** Loss at a mixture (and, under the D-CPT law, a size and tokens), with its interval over the resamples; null without a law. */
  predict(
    shares: Readonly<Record<string, number>>,
    scale?: { size?: number; tokens?: number },
  ): { loss: number; interval: Interval | null; draws: number[] } | null;
  /** Where there is no law, but the losses hardly move: their range, nats, and standard deviation; `predict` then gives their mean. */
  flat: { range: number; noise: number } | null;
  /** The same channel under another of the forms; null where that one has no fit. */
  under(law: LawId): ChannelLaw | null;
  /** Rate and warmup of the runs that it was fitted on; null where they are not known. */
  held: { lr: number | null; warmup: number | null };
}

/** Against the trend by more of the range than this, without seeds that would explain it, losses follow no law in the share. */
const AGAINST_TREND = 0.1;
/** Standard deviations of seeds that explain a step against the trend. */
const NOISE = 3;
/** A path with fewer settings than this cannot tell a bend from noise. */
const FEW_SETTINGS = 8;

/** Values of a field that vary among runs. */
const distinct = (runs: readonly MeasuredRun[], field: 'lr' | 'warmup' | 'tokens' | 'size' | 'epochs') =>
  new Set(runs.map((run) => run[field]));

/**
 * The group of runs that agree in the given fields, with what was held where it is not all runs: the one of most settings, and of several such the one with
 * the run of the least mean loss over its channels, since nobody would train at the rate of the others.
 */
function holding(
  runs: readonly MeasuredRun[],
  fields: readonly ('lr' | 'warmup' | 'tokens' | 'size' | 'epochs')[],
): { runs: MeasuredRun[]; findings: Finding[] } {
  const varying = fields.filter((field) => distinct(runs, field).size > 1);
  if (varying.length === 0) return { runs: [...runs], findings: [] };
  const groups = new Map<string, MeasuredRun[]>();
  for (const run of runs) {
    const key = varying.map((field) => `${field} = ${run[field]}`).join(', ');
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const settings = (group: readonly MeasuredRun[]) => new Set(group.map(({ shares }) => JSON.stringify(shares))).size;
  const least = (group: readonly MeasuredRun[]) =>
    Math.min(
      ...group.map(({ losses }) => {
        const all = Object.values(losses);
        return all.every(Number.isFinite) ? all.reduce((sum, loss) => sum + loss, 0) / all.length : Infinity;
      }),
    );
  const better = (one: readonly MeasuredRun[], other: readonly MeasuredRun[]) =>
    settings(one) - settings(other) || least(other) - least(one) || 0;
  const [held, kept] = [...groups].reduce((best, group) => (better(group[1], best[1]) > 0 ? group : best));
  return { runs: kept, findings: [{ code: 'subset', values: { runs: kept.length, of: runs.length, held } }] };
}

/** Dimensions that the mixtures span around their mean: 1 where they lie on a line. */
export function shareRank(runs: readonly MeasuredRun[], channels: readonly string[]): number {
  const middle = channels.map((id) => runs.reduce((sum, { shares }) => sum + (shares[id] ?? 0), 0) / runs.length);
  let rows = runs.map(({ shares }) => channels.map((id, at) => (shares[id] ?? 0) - middle[at]!));
  let rank = 0;
  // Gram–Schmidt with the longest row first; a hundredth of a share is no direction of its own.
  for (;;) {
    const longest = rows.reduce((best, row) => (Math.hypot(...row) > Math.hypot(...best) ? row : best), rows[0] ?? []);
    const length = Math.hypot(...longest);
    if (!(length > 2e-3)) return rank;
    rank += 1;
    rows = rows.map((row) => {
      const along = row.reduce((sum, value, at) => sum + value * longest[at]!, 0) / length ** 2;
      return row.map((value, at) => value - along * longest[at]!);
    });
  }
}

/**
 * Fits every law that applies to each target.
 * @param channels those with shares, in one order
 */
export function fitChannels(
  runs: readonly MeasuredRun[],
  channels: readonly string[],
  targets: readonly string[],
  options: FitOptions = {},
): ChannelLaw[] {
  return targets.map((channel) => fitChannel(runs, channels, channel, options));
}

function fitChannel(all: readonly MeasuredRun[], channels: readonly string[], channel: string, options: FitOptions): ChannelLaw {
  const measured = all.filter((run) => !run.heldOut && Number.isFinite(run.losses[channel]));
  const scaled = holding(measured, ['lr', 'warmup', 'epochs']);
  const terms = { size: distinct(scaled.runs, 'size').size > 1, tokens: distinct(scaled.runs, 'tokens').size > 1 };
  const oneScale = holding(scaled.runs, ['size', 'tokens']);
  const path = shareRank(scaled.runs, channels) <= 1;
  const coordinate = coordinateOf(scaled.runs, channels, channel);
  const findings: Finding[] = [...scaled.findings];
  const held = { lr: scaled.runs[0]?.lr ?? null, warmup: scaled.runs[0]?.warmup ?? null };
  const flat = flatOf(
    measured.map(({ losses }) => losses[channel]!),
    channel,
    options,
  );
  const none = (refusal: Refusal): ChannelLaw => ({
    ...{ channel, candidates: [], best: null, refusal, findings, held },
    flat: flat && { range: flat.range, noise: flat.noise },
    predict: flat?.predict ?? (() => null),
    under: () => null,
  });
  if (measured.length === 0) return none({ code: 'too-few', values: { settings: 0, needed: 3 } });
  if (!coordinate) return none({ code: 'no-variation', values: { variable: 'share' } });
  const own = (shares: Readonly<Record<string, number>>) => shares[coordinate] ?? 0;
  if (coordinate !== channel)
    findings.push({ code: 'constant', values: { variable: `share ${channel}`, value: measured[0]!.shares[channel] ?? 0 } });
  if (!terms.size) findings.push({ code: 'constant', values: { variable: 'size', value: measured[0]!.size ?? '?' } });
  if (!terms.tokens) findings.push({ code: 'constant', values: { variable: 'tokens', value: measured[0]!.tokens ?? '?' } });
  const rank = shareRank(scaled.runs, channels);
  if (!path && rank < channels.length - 1) findings.push({ code: 'share-rank', values: { rank, needed: channels.length - 1 } });

  /** Along a path the mixture is told by one share. */
  const pointOf = (shares: Readonly<Record<string, number>>, size: number, tokens: number): MixturePoint => ({
    own: own(shares),
    shares: path ? [own(shares), 1 - own(shares)] : channels.map((id) => shares[id] ?? 0),
    size,
    tokens,
  });
  const observe = (runs: readonly MeasuredRun[]) =>
    runs.map((run): Observed<MixturePoint> => ({
      point: pointOf(run.shares, run.size ?? 1, run.tokens ?? 1),
      value: run.losses[channel]!,
      setting: JSON.stringify([channels.map((id) => Number((run.shares[id] ?? 0).toFixed(6))), run.size, run.tokens]),
    }));
  const atOneScale = observe(oneScale.runs);
  const everywhere = observe(scaled.runs);
  const samples = (observed: readonly Observed<MixturePoint>[]): Sample<MixturePoint>[] =>
    observed.map(({ point, value }) => ({ point, value, weight: 1 }));
  const names = path ? [coordinate, 'rest'] : channels;
  const isOwn = coordinate === channel;
  const scales = terms.size || terms.tokens;
  const against = path ? againstTrend(atOneScale) : null;
  if (against && isOwn && new Set(atOneScale.map(({ setting }) => setting)).size < FEW_SETTINGS) return none(against);
  const fitOf = (law: Law<MixturePoint>, observed: readonly Observed<MixturePoint>[]): Candidate => ({
    law: law.id,
    ...fitLaw(law, observed, { ...options, seed: deriveSeed(options.seed ?? 1, channel) }),
  });
  const monotone = (make: () => Candidate, law: LawId): Candidate => (against ? { law, fit: null, refusal: against } : make());
  const lawsOf: Record<string, Law<MixturePoint>> = {};
  const kept = (law: Law<MixturePoint>) => (lawsOf[law.id] = law);
  const candidates: Candidate[] = path
    ? [
        monotone(() => fitOf(kept(exponentialLaw(samples(atOneScale))), atOneScale), 'exponential'),
        monotone(() => fitOf(kept(logExponentialLaw(samples(atOneScale))), atOneScale), 'exponential-log'),
        // Along a path that is not the channel's own the D-CPT law says nothing.
        ...(isOwn ? [monotone(() => fitOf(kept(dcptLaw(samples(everywhere), terms)), everywhere), 'dcpt')] : []),
        fitOf(kept(powerRidgeLaw(names)), atOneScale),
        fitOf(kept(leastSquaresLaw(names)), atOneScale),
      ]
    : [
        fitOf(kept(manyChannelLaw(names, samples(atOneScale))), atOneScale),
        fitOf(kept(powerRidgeLaw(names)), atOneScale),
        fitOf(kept(leastSquaresLaw(names)), atOneScale),
      ];
  // Where sizes or tokens were swept, the law that has them comes first; the others saw one of them only.
  const score = ({ law, fit }: Candidate) =>
    fit?.leaveOneOut ? fit.leaveOneOut.r2 + (scales && law === 'dcpt' && fit.leaveOneOut.r2 > 0.5 ? 1 : 0) : -Infinity;
  candidates.sort((one, other) => score(other) - score(one));
  const first = candidates[0]!;
  const best = first.fit?.leaveOneOut ? taken(candidates, scales) : (candidates.find(({ fit }) => fit)?.fit ?? null);
  if (best && best.law !== 'dcpt') findings.push(...oneScale.findings);
  if (!best) {
    const r2 = first.fit?.leaveOneOut?.r2;
    return { ...none(r2 === undefined ? first.refusal! : { code: 'predicts-nothing', values: { law: first.law, r2 } }), candidates };
  }
  const size = { size: oneScale.runs[0]!.size ?? 1, tokens: oneScale.runs[0]!.tokens ?? 1 };
  const by = (fit: Fit): ChannelLaw => {
    const law = lawsOf[fit.law]!;
    return {
      channel,
      candidates,
      best: fit,
      refusal: null,
      flat: null,
      held,
      findings: [...findings, ...fit.findings],
      predict(shares, scale = {}) {
        const point = pointOf(shares, scale.size ?? size.size, scale.tokens ?? size.tokens);
        const draws = fit.draws.map((draw) => law.predict(draw, point));
        return { loss: law.predict(valuesOf(fit), point), interval: intervalOf(draws, options.level), draws };
      },
      under: (id) => {
        const other = candidates.find((candidate) => candidate.law === id)?.fit;
        return other ? by(other) : null;
      },
    };
  };
  return by(best);
}

/** The mean of losses that move by less than this matters to no retention: 2 % of the perplexity, nats. */
const FLAT_RANGE = 0.02;

function flatOf(values: readonly number[], channel: string, { seed = 1, resamples = 200, level }: FitOptions) {
  const range = Math.max(...values) - Math.min(...values);
  if (values.length < 3 || !(range <= FLAT_RANGE)) return null;
  const random = new Rng(deriveSeed(seed, `flat ${channel}`));
  const draws = Array.from({ length: resamples }, () => mean(values.map(() => values[random.integer(values.length)]!)));
  const loss = mean(values);
  const found = { loss, interval: intervalOf(draws, level), draws };
  const noise = Math.sqrt(values.reduce((sum, value) => sum + (value - loss) ** 2, 0) / (values.length - 1));
  return { range, noise, predict: () => found };
}

/**
 * The least leave-one-out error, or the simplest law within one standard error of it (1/√(2(n − 1)) of itself, n settings): a bend that four or
 * five settings do not show is not believed. Least squares, the floor, is taken only where no law comes near it.
 */
function taken(candidates: readonly Candidate[], scales: boolean): Fit | null {
  const fits = candidates.flatMap(({ fit }) => (fit?.leaveOneOut && fit.leaveOneOut.r2 > 0 ? [fit] : []));
  const [first] = fits;
  if (!first || (scales && first.law === 'dcpt')) return first ?? null;
  const near = fits.filter(
    ({ leaveOneOut, settings }) => leaveOneOut!.rmse <= first.leaveOneOut!.rmse * (1 + 1 / Math.sqrt(2 * (settings - 1))),
  );
  // Of the two ways to fit the exponential law that of the losses themselves has the lesser error.
  const cost = ({ law, parameters }: Fit) =>
    law === 'least-squares' ? Infinity : parameters.length + (law === 'exponential-log' ? 0.5 : 0);
  return near.reduce((best, fit) => (cost(fit) < cost(best) ? fit : best), near[0]!);
}

/** The channel's own share where it varies, else the one that varies most; null where none does. */
function coordinateOf(runs: readonly MeasuredRun[], channels: readonly string[], channel: string): string | null {
  const spread = (id: string) => {
    const values = runs.map(({ shares }) => shares[id] ?? 0);
    return Math.max(...values) - Math.min(...values);
  };
  if (channels.includes(channel) && spread(channel) > 2e-3) return channel;
  const widest = channels.reduce((best, id) => (spread(id) > spread(best) ? id : best), channels[0]!);
  return channels.length > 0 && spread(widest) > 2e-3 ? widest : null;
}

/**
 * Means over seeds that go up and down along the share by more than a tenth of their range and than their seeds explain: a curve
 * through them would mean nothing.
 */
function againstTrend(observed: readonly Observed<{ own: number }>[]): Refusal | null {
  const noise = seedNoise(observed);
  const bySetting = new Map<number, number[]>();
  for (const { point, value } of observed) bySetting.set(point.own, [...(bySetting.get(point.own) ?? []), value]);
  const means = [...bySetting]
    .sort(([one], [other]) => one - other)
    .map(([, values]) => ({ mean: values.reduce((sum, value) => sum + value, 0) / values.length, count: values.length }));
  if (means.length < 3) return null;
  const range = Math.max(...means.map(({ mean }) => mean)) - Math.min(...means.map(({ mean }) => mean));
  // The greatest rise and the greatest fall between any two points in order: of a trend one of them is near nothing.
  let [rise, fall] = [0, 0];
  means.forEach(({ mean }, at) => {
    for (const { mean: earlier } of means.slice(0, at)) {
      rise = Math.max(rise, mean - earlier);
      fall = Math.max(fall, earlier - mean);
    }
  });
  const against = Math.min(rise, fall);
  const seeds = Math.min(...means.map(({ count }) => count));
  const explained = Math.max(AGAINST_TREND * range, NOISE * noise * Math.sqrt(2 / seeds));
  return against > explained ? { code: 'not-monotone', values: { against, range, noise } } : null;
}
