/**
 * All that a page shows of a table of runs and its fits, as one record that crosses the worker's border: the forms of each channel, their
 * curves over the domain's share, the critical share by every form and without each setting, the recommendation, and what it predicts.
 */
import type { Interval } from '../metrics/statistics';
import { fitChannels, shareRank, type ChannelLaw } from './channel-laws';
import { type Finding, type Fit, type FitOptions, type FitResult, type Refusal } from './fit';
import type { LawId } from './law';
import type { MeasuredRun } from './measured-runs';
import { criticalOverTokens, domainShareOf, proportions, recommend, type Goal, type Measured, type Recommendation } from './recommend';
import { fitRepeats, settingShift, type Estimate } from './responses';

export interface FitInput extends Measured {
  /** Channels with a loss. */
  targets: readonly string[];
}

/** A fit without its resamples. */
export type FitSummary = Omit<Fit, 'draws'>;

interface FormFit {
  law: LawId;
  fit: FitSummary | null;
  refusal: Refusal | null;
}

/** A loss over the domain's share, with its interval. */
interface ShareCurve {
  share: number[];
  loss: number[];
  low: (number | null)[];
  high: (number | null)[];
}

export interface ChannelDecision {
  channel: string;
  /** The best first. */
  forms: FormFit[];
  taken: LawId | null;
  refusal: Refusal | null;
  findings: Finding[];
  curve: ShareCurve | null;
  /** Share of the domain and loss of each run, by its place among the runs; `read`: trained by the rate and warmup that the laws hold for. */
  points: { run: number; share: number; loss: number; heldOut: boolean; read: boolean }[];
}

/** A critical share, as what is left to the general channels. */
interface OtherCritical {
  general: Estimate | null;
  domain: Estimate | null;
}

/** A run that no fit has read: what the fits say of it, and what was measured. */
interface HeldOutCheck {
  run: number;
  channels: { channel: string; predicted: Estimate; measured: number }[];
}

export interface Decision {
  channels: ChannelDecision[];
  recommendation: Recommendation | null;
  /** Why there is no recommendation. */
  refusal: Refusal | null;
  /** The critical share under each form that predicts what was left out of every general channel. */
  byForm: ({ law: LawId } & OtherCritical)[];
  /** With each setting (its general share) left out in its turn; empty where there are too many settings or too few. */
  leftOut: { setting: number; general: number }[];
  /** The critical share at which the general loss is no worse than the base's, whatever the tolerance. */
  atBase: Estimate | null;
  /** Losses of one run of the recommended mixture, rate and warmup, by channel. */
  prediction: Record<string, Estimate>;
  checks: HeldOutCheck[];
  /** The critical share of the domain over tokens, and the discount of repeated data by domain channel, where they were swept. */
  overTokens: FitForm | null;
  repeats: ({ channel: string } & FitForm)[];
}

interface FitForm {
  fit: FitSummary | null;
  refusal: Refusal | null;
}

const CURVE_POINTS = 49;
/** Fits that are made again for every setting or budget are quick ones. */
const QUICK: FitOptions = { starts: 8, resamples: 0 };
/** Settings that are left out in their turn, at most. */
const MOST_LEFT_OUT = 12;
/** Standard deviations on either side of 95 %. */
const Z = 1.96;

const summary = ({ draws: _, ...fit }: Fit): FitSummary => fit;
const formOf = ({ fit, refusal }: FitResult): FitForm => ({ fit: fit && summary(fit), refusal });

/** @param laws of `fitChannels` on the same runs */
export function decide(measured: FitInput, laws: readonly ChannelLaw[], goal: Goal, options: FitOptions = {}): Decision {
  const { runs, channels, roles, targets } = measured;
  const result = recommend(measured, laws, goal, options);
  const [recommendation, refusal] = 'code' in result ? [null, result] : [result, null];
  const read = runs.filter(({ heldOut }) => !heldOut);
  const mixtureAt = proportions({ channels, roles, runs: read });
  const shares = runs.map((run) => domainShareOf(measured, run));
  const tried = shares.filter((_, at) => !runs[at]!.heldOut);
  const [low, high] = [Math.min(...tried), Math.max(...tried)];
  const grid = Array.from({ length: CURVE_POINTS }, (_, at) => low + ((high - low) * at) / (CURVE_POINTS - 1));
  const tokens = goal.tokens === null ? {} : { tokens: goal.tokens };
  return {
    channels: laws.map((law): ChannelDecision => {
      const { channel, candidates, best, findings } = law;
      const curve = best && high > low ? grid.map((share) => law.predict(mixtureAt(share), tokens)!) : null;
      return {
        channel,
        forms: candidates.map((form) => ({ ...form, fit: form.fit && summary(form.fit) })),
        taken: best?.law ?? null,
        refusal: law.refusal,
        findings,
        curve: curve && {
          share: grid,
          loss: curve.map(({ loss }) => loss),
          low: curve.map(({ interval }) => interval?.low ?? null),
          high: curve.map(({ interval }) => interval?.high ?? null),
        },
        points: runs.flatMap(({ losses, heldOut, lr, warmup }, run) => {
          const loss = losses[channel];
          const read = !heldOut && lr === law.held.lr && warmup === law.held.warmup;
          return loss !== undefined && Number.isFinite(loss) ? [{ run, share: shares[run]!, loss, heldOut, read }] : [];
        }),
      };
    }),
    recommendation,
    refusal,
    byForm: recommendation ? criticalByForm(measured, laws, goal, options) : [],
    leftOut: recommendation && criticalOf(recommendation) ? criticalLeftOut(measured, laws, goal) : [],
    atBase: recommendation ? criticalOf(recommend(measured, laws, { ...goal, ...AT_BASE }, options)) : null,
    prediction: recommendation ? predictionOf(measured, laws, recommendation, tokens) : {},
    checks: runs.flatMap((run, at): HeldOutCheck[] => {
      const seen = run.heldOut ? laws.flatMap((law) => checkOf(law, run)) : [];
      return seen.length > 0 ? [{ run: at, channels: seen }] : [];
    }),
    overTokens: new Set(read.map((run) => run.tokens)).size > 2 ? formOf(criticalOverTokens(measured, targets, goal, QUICK)) : null,
    repeats:
      new Set(read.flatMap(({ epochs }) => epochs ?? [])).size > 1
        ? targets.filter((id) => roles[id] === 'domain').map((channel) => ({ channel, ...formOf(fitRepeats(runs, channel, options)) }))
        : [],
  };
}

function checkOf(law: ChannelLaw, run: MeasuredRun): HeldOutCheck['channels'] {
  const measured = run.losses[law.channel];
  const found = law.predict(run.shares, {
    ...(run.size === null ? {} : { size: run.size }),
    ...(run.tokens === null ? {} : { tokens: run.tokens }),
  });
  if (!found || measured === undefined || !Number.isFinite(measured)) return [];
  return [{ channel: law.channel, predicted: ofOneRun(found.loss, found.interval, law), measured }];
}

/** The interval of the fit's mean and the scatter of single runs about it, together. */
function ofOneRun(value: number, interval: Interval | null, { best, flat }: ChannelLaw): Estimate {
  if (!interval) return { value, interval: null };
  const reach = (end: number) => Math.hypot(end, Z * (best?.noise ?? flat?.noise ?? 0));
  return { value, interval: { low: value - reach(value - interval.low), high: value + reach(interval.high - value) } };
}

/** A mixture's laws are fitted at one rate and warmup; where others are recommended, what the runs that varied them show is added. */
function predictionOf(
  { runs }: FitInput,
  laws: readonly ChannelLaw[],
  { mixture, rate, warmup }: Recommendation,
  tokens: { tokens?: number },
): Record<string, Estimate> {
  if (!mixture) return {};
  const read = runs.filter(({ heldOut }) => !heldOut);
  return Object.fromEntries(
    laws.flatMap((law) => {
      const found = law.predict(mixture, tokens);
      if (!found) return [];
      const shift =
        settingShift(read, 'lr', law.channel, law.held.lr, rate.best?.value ?? null) +
        settingShift(read, 'warmup', law.channel, law.held.warmup, warmup.best?.value ?? null);
      const moved = found.interval && { low: found.interval.low + shift, high: found.interval.high + shift };
      return [[law.channel, ofOneRun(found.loss + shift, moved, law)]];
    }),
  );
}

/** A form that misses this much of what was left out says nothing of a critical share. */
const LEAST_R2 = 0.8;
const good = ({ candidates }: ChannelLaw, law: LawId): boolean =>
  (candidates.find((form) => form.law === law)?.fit?.leaveOneOut?.r2 ?? 0) >= LEAST_R2;

function criticalByForm(measured: FitInput, laws: readonly ChannelLaw[], goal: Goal, options: FitOptions): Decision['byForm'] {
  const general = laws.filter(({ channel, best }) => best && measured.roles[channel] === 'general');
  const ids = [...new Set(general.flatMap(({ candidates }) => candidates.map(({ law }) => law)))];
  return ids.flatMap((law) => {
    if (!general.every((one) => good(one, law))) return [];
    const under = laws.map((one) => (general.includes(one) ? one.under(law) : one));
    if (under.includes(null)) return [];
    const found = recommend(measured, under as ChannelLaw[], goal, options);
    return 'code' in found ? [] : [{ law, general: found.critical?.general ?? null, domain: found.critical?.domain ?? null }];
  });
}

const AT_BASE: Pick<Goal, 'tolerance' | 'worth'> = { tolerance: { kind: 'loss', value: 0 }, worth: null };

/** null where no share was within the tolerance, or all were: it lies beyond what was measured. */
function criticalOf(result: Recommendation | Refusal): Estimate | null {
  if ('code' in result || result.findings.some(({ code, values }) => code === 'at-edge' && values['variable'] === 'share')) return null;
  return result.critical?.general ?? null;
}

function criticalLeftOut(measured: FitInput, laws: readonly ChannelLaw[], goal: Goal): Decision['leftOut'] {
  const { runs, channels, targets } = measured;
  const read = runs.filter(({ heldOut }) => !heldOut);
  const key = ({ shares }: MeasuredRun) => JSON.stringify(channels.map((id) => Number((shares[id] ?? 0).toFixed(6))));
  const settings = [...new Set(read.map(key))];
  if (settings.length < 4 || settings.length > MOST_LEFT_OUT || shareRank(read, channels) > 1) return [];
  return settings.flatMap((setting) => {
    const rest = read.filter((run) => key(run) !== setting);
    // The form that was taken with all settings, so that the setting alone makes the difference.
    const again = fitChannels(rest, channels, targets, QUICK).map((law, at) => (laws[at]!.best && law.under(laws[at]!.best.law)) ?? law);
    const result = recommend({ ...measured, runs: rest }, again, goal, QUICK);
    const general = criticalOf(result)?.value;
    return general === undefined
      ? []
      : [
          {
            setting:
              1 -
              domainShareOf(
                measured,
                read.find((run) => key(run) === setting)!,
              ),
            general,
          },
        ];
  });
}
