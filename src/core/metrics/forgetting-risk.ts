/**
 * Forgetting risk of a tuned model (METHOD 6): 0 to 1, from its accuracy on four groups of general ability relative to the base's.
 * `forgettingRisk` takes accuracies; `sampledRisk` takes the answers to a small sample of probes, asked while a run trains.
 */
import { bootstrap, chanceTail, SIGNIFICANCE } from './statistics';
import type { Estimate } from './text-measure';

export const RISK_WEIGHTS = { grammar: 0.3, commonsense: 0.3, facts: 0.2, logic: 0.2 } as const;
export type AbilityGroup = keyof typeof RISK_WEIGHTS;
export const ABILITY_GROUPS = Object.keys(RISK_WEIGHTS) as AbilityGroup[];

/** Below `low` the risk is low, below `medium` medium, else high. */
export const RISK_LEVELS = { low: 0.05, medium: 0.15 } as const;
export type RiskLevel = 'low' | 'medium' | 'high';

export interface GroupAccuracy {
  group: AbilityGroup;
  /** Share of right answers, 0 to 1. */
  base: number;
  tuned: number;
  /** False where the base does no better than chance: then nothing can be forgotten that the group would show. */
  informative: boolean;
}

export interface ForgettingRisk {
  /** Σ weight · (1 − min(1, tuned / base)), weights of the informative groups scaled to sum 1. */
  risk: number;
  level: RiskLevel;
  /** What each group adds to it, in the groups' order; null where uninformative. */
  parts: { group: AbilityGroup; weight: number | null; score: number | null }[];
}

/** Null when no group is informative: there is nothing to judge by. */
export function forgettingRisk(groups: readonly GroupAccuracy[]): ForgettingRisk | null {
  const usable = groups.filter(({ informative, base }) => informative && base > 0);
  const all = usable.reduce((sum, { group }) => sum + RISK_WEIGHTS[group], 0);
  if (all === 0) return null;
  const parts = groups.map((accuracy) => {
    if (!usable.includes(accuracy)) return { group: accuracy.group, weight: null, score: null };
    return { group: accuracy.group, weight: RISK_WEIGHTS[accuracy.group] / all, score: Math.min(1, accuracy.tuned / accuracy.base) };
  });
  const risk = parts.reduce((sum, { weight, score }) => sum + (weight === null ? 0 : weight * (1 - score)), 0);
  return { risk, level: riskLevel(risk), parts };
}

export function riskLevel(risk: number): RiskLevel {
  return risk < RISK_LEVELS.low ? 'low' : risk < RISK_LEVELS.medium ? 'medium' : 'high';
}

/** Ability group → one character an item: "1" right, "0" wrong, "-" too long for the model. */
export type SampledAnswers = Partial<Record<AbilityGroup, string>>;

export interface SampledRisk {
  /** Items asked of the base that it could read. */
  items: number;
  /** Groups that the base answers better than by chance: only these can show forgetting, and only these are asked again. */
  informative: AbilityGroup[];
  /** 0 to 1; null where no group is informative. */
  risk: Estimate | null;
  /** What one item moves the risk by, at most. */
  grain: number;
}

/** Of resamples, so that the same answers give the same interval. */
const SEED = 95;

/** Groups in which the base does better than by guessing. @param chances of a right guess, by group and item */
export function informativeGroups(
  base: SampledAnswers,
  chances: Readonly<Partial<Record<AbilityGroup, readonly number[]>>>,
): AbilityGroup[] {
  return ABILITY_GROUPS.filter((group) => {
    const read = [...(base[group] ?? '')].flatMap((answer, at) =>
      answer === '-' ? [] : [{ right: answer === '1', chance: chances[group]![at]! }],
    );
    const right = read.filter((item) => item.right).length;
    return (
      right > 0 &&
      chanceTail(
        right,
        read.map(({ chance }) => chance),
      ) <= SIGNIFICANCE
    );
  });
}

/**
 * Risk from a small sample of probes, the same items at every evaluation. A group's accuracy has steps of one item, so the figure is
 * coarse; its interval says how coarse.
 * @param tuned answers at least of the informative groups, to the same items as the base's; null for the base itself
 */
export function sampledRisk(base: SampledAnswers, tuned: SampledAnswers | null, informative: readonly AbilityGroup[]): SampledRisk {
  const items = ABILITY_GROUPS.reduce((sum, group) => sum + readable(base[group]).length, 0);
  const pairs = informative.map((group) => ({ group, base: readable(base[group]), tuned: readable((tuned ?? base)[group]) }));
  const riskOf = (times: readonly Float64Array[]) =>
    forgettingRisk(
      pairs.map(({ group, base: before, tuned: after }, at) => ({
        group,
        base: accuracy(before, times[at]!),
        tuned: accuracy(after, times[at]!),
        informative: true,
      })),
    )?.risk ?? Number.NaN;
  const sizes = pairs.map(({ base: { length } }) => length);
  const value = riskOf(sizes.map((size) => new Float64Array(size).fill(1)));
  if (Number.isNaN(value)) return { items, informative: [], risk: null, grain: 0 };
  const [drawn = null] = bootstrap(sizes, (times) => [riskOf(times)], { seed: SEED });
  const weights = pairs.reduce((sum, { group }) => sum + RISK_WEIGHTS[group], 0);
  // Of answers that hardly changed, resamples know hardly any spread: never less than 0 lost out of n leaves open (Clopper & Pearson 1934).
  const lost = pairs.reduce(
    (sum, { group, base: before }) => sum + (RISK_WEIGHTS[group] / weights) ** 2 / before.filter(Boolean).length,
    0,
  );
  const unseen = 1 - 0.025 ** lost;
  const interval = tuned && drawn && { low: drawn.low, high: Math.max(drawn.high, unseen) };
  const grain = Math.max(...pairs.map(({ group, base: before }) => RISK_WEIGHTS[group] / weights / before.filter(Boolean).length));
  return { items, informative: [...informative], risk: { value, interval }, grain };
}

const readable = (answers: string | undefined): boolean[] =>
  [...(answers ?? '')].filter((answer) => answer !== '-').map((answer) => answer === '1');

function accuracy(right: readonly boolean[], times: Float64Array): number {
  const all = times.reduce((sum, count) => sum + count, 0);
  return right.reduce((sum, one, at) => sum + (one ? times[at]! : 0), 0) / all;
}
