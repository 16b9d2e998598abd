/** What the figures of a report say, as verdicts. */
import type { Estimate } from '../core/metrics/channel-measure';
import type { RiskLevel } from '../core/metrics/forgetting-risk';
import { RETENTION_LINE } from '../core/metrics/loss';
import { gainVerdict, retentionVerdict, type GainVerdict, type RetentionVerdict } from '../core/metrics/verdict';
import type { ReportParts, ReportTerm } from './report';

/** Bits per byte that the domain lost against the base: positive is learnt. */
interface GainSummary extends Estimate {
  verdict: GainVerdict;
}

interface RetentionSummary extends Estimate {
  verdict: RetentionVerdict;
  /** General channels that are below the line, lowest first. */
  below: { id: string; value: number }[];
}

export interface ReportSummary {
  /** Of B against A; null where not measured. */
  gain: GainSummary | null;
  retention: RetentionSummary | null;
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
  const gain = evaluation?.measure.domainGain[TUNED] ?? null;
  const risk = probes?.measure.risk?.[TUNED - 1] ?? null;
  return {
    gain: gain && { ...gain, verdict: gainVerdict(gain) },
    retention: retentionOf(parts),
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

function retentionOf({ evaluation }: ReportParts): RetentionSummary | null {
  const mean = evaluation?.measure.meanRetention[TUNED] ?? null;
  if (!evaluation || !mean) return null;
  const below = evaluation.measure.channels.flatMap(({ id, role, retention }) => {
    const kept = retention[TUNED];
    return role === 'general' && kept && kept.value < RETENTION_LINE ? [{ id, value: kept.value }] : [];
  });
  return { ...mean, verdict: retentionVerdict(mean), below: below.sort((one, other) => one.value - other.value) };
}
