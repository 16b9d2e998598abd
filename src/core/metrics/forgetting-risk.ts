/** Forgetting risk of a tuned model from its accuracy on four groups of general ability, relative to the base's (METHOD 6). */

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
