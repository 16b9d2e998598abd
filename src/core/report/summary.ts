/** What the figures say, as verdicts: a figure counts as sure only where its whole 95 % interval lies on one side. */
import type { Estimate } from '../metrics/channel-measure';
import type { RiskLevel } from '../metrics/forgetting-risk';
import { RETENTION_LINE } from '../metrics/loss';
import type { ReportParts, ReportTerm } from './report';

/** `untested`: there is no interval. */
export type Sureness = 'sure' | 'unsure' | 'untested';

export interface GainVerdict extends Estimate {
  /** Bits per byte that the domain lost against the base: positive is learnt. */
  direction: 'learnt' | 'lost' | 'same';
  sureness: Sureness;
}

export interface RetentionVerdict extends Estimate {
  kept: boolean;
  /** Of the side of the 0.95 line. */
  sureness: Sureness;
  /** General channels that are below the line, lowest first. */
  below: { id: string; value: number }[];
}

export interface ReportSummary {
  /** Of B against A; null where not measured. */
  gain: GainVerdict | null;
  retention: RetentionVerdict | null;
  risk: (Estimate & { level: RiskLevel; uninformative: string[] }) | null;
  /** Channels whose trained text is surely read better than like text beyond the base's own gap, nats per token. */
  memorised: ({ id: string } & Estimate)[];
  /** Terms by what B changed, most learnt first. */
  mostLearnt: string[];
  leastLearnt: string[];
  /** A and B cut text into the same tokens; null where nothing was measured. */
  sameTokens: boolean | null;
}

/** Index of B. */
const TUNED = 1;
const NAMED_TERMS = 3;

export function summarise(parts: ReportParts): ReportSummary {
  const { evaluation, probes, memorisation, terms } = parts;
  const ranked = terms ? rankTerms(terms.terms, TUNED) : [];
  const risk = probes?.measure.risk?.[TUNED - 1] ?? null;
  return {
    gain: gainVerdict(evaluation?.measure.domainGain[TUNED] ?? null),
    retention: retentionVerdict(parts),
    risk: risk && {
      value: risk.value,
      interval: risk.interval,
      level: risk.level,
      uninformative: risk.parts.filter(({ weight }) => weight === null).map(({ group }) => group),
    },
    memorised: (memorisation?.find(({ letter }) => letter === 'B')?.channels ?? []).flatMap(({ id, measure }) => {
      const estimate = measure.memorised[TUNED] ?? null;
      return estimate?.interval && estimate.interval.low > 0 ? [{ id, ...estimate }] : [];
    }),
    mostLearnt: ranked.slice(0, NAMED_TERMS).map(({ term }) => term),
    leastLearnt: ranked.slice(Math.max(NAMED_TERMS, ranked.length - NAMED_TERMS)).map(({ term }) => term),
    sameTokens: evaluation ? evaluation.measure.channels.every(({ delta }) => delta[TUNED] !== null) : null,
  };
}

/** Terms by the change of their bits per byte under a model, most learnt first. */
export function rankTerms(terms: readonly ReportTerm[], model: number): ReportTerm[] {
  const change = ({ bitsPerByte }: ReportTerm) => (bitsPerByte[model] ?? 0) - (bitsPerByte[0] ?? 0);
  return terms.filter(({ bitsPerByte }) => Number.isFinite(bitsPerByte[model])).sort((one, other) => change(one) - change(other));
}

function gainVerdict(estimate: Estimate | null): GainVerdict | null {
  if (!estimate) return null;
  const { value, interval } = estimate;
  const direction = value > 0 ? 'learnt' : value < 0 ? 'lost' : 'same';
  const sure = interval !== null && (interval.low > 0 || interval.high < 0 || (interval.low === 0 && interval.high === 0));
  return { value, interval, direction, sureness: interval === null ? 'untested' : sure ? 'sure' : 'unsure' };
}

function retentionVerdict({ evaluation }: ReportParts): RetentionVerdict | null {
  const mean = evaluation?.measure.meanRetention[TUNED] ?? null;
  if (!evaluation || !mean) return null;
  const { value, interval } = mean;
  const oneSide = interval !== null && (interval.low >= RETENTION_LINE || interval.high < RETENTION_LINE);
  const below = evaluation.measure.channels.flatMap(({ id, role, retention }) => {
    const kept = retention[TUNED];
    return role === 'general' && kept && kept.value < RETENTION_LINE ? [{ id, value: kept.value }] : [];
  });
  return {
    value,
    interval,
    kept: value >= RETENTION_LINE,
    sureness: interval === null ? 'untested' : oneSide ? 'sure' : 'unsure',
    below: below.sort((one, other) => one.value - other.value),
  };
}
