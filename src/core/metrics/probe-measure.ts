/**
 * What probes say of several models, the first of them the base: accuracy per group beside chance, retention of each, forgetting
 * risk over the four groups of general ability, and what the domain's questions say (METHOD 6).
 */
import { chanceOf, type Probe } from '../probes/probe';
import type { ProbeScore } from '../probes/score';
import { chanceTail, SIGNIFICANCE } from './binomial';
import { bootstrap } from './bootstrap';
import type { Estimate } from './channel-measure';
import { domainKnowledge, type DomainKnowledge } from './domain-knowledge';
import { ABILITY_GROUPS, forgettingRisk, riskLevel, type AbilityGroup, type RiskLevel } from './forgetting-risk';

export interface ProbeGroupMeasure {
  group: string;
  /** Items that every model could read. */
  items: number;
  /** Mean probability of a right guess. */
  chance: number;
  /** Share of right answers, by model; null for a group of reference answers. */
  accuracy: Estimate[] | null;
  /** P(as many right answers by guessing), by model; null likewise. */
  pValue: number[] | null;
  /** The base answers better than by chance (p ≤ 0.05): only then can the group show forgetting. */
  informative: boolean;
  /** Accuracy / the base's; null for the base and where uninformative. */
  retention: (number | null)[];
  /** Change against the base of each item's score (right or wrong; log-likelihood per byte of a reference). Null for the base. */
  knowledge: (DomainKnowledge | null)[];
}

export interface ProbeMeasure {
  groups: ProbeGroupMeasure[];
  /** Items that some model could not read in one piece. */
  tooLong: number;
  /** By model; null for the base and where no group of general ability is informative. */
  risk: ({ level: RiskLevel; parts: { group: AbilityGroup; weight: number | null; score: number | null }[] } & Estimate)[] | null;
}

/** @param scores by model, in the probes' order */
export function measureProbes(probes: readonly Probe[], scores: readonly (readonly ProbeScore[])[], seed: number): ProbeMeasure {
  const readable = probes.flatMap((_, at) => (scores.every((model) => model[at]!.kind !== 'too-long') ? [at] : []));
  const names = [...new Set(readable.map((at) => probes[at]!.group))];
  const groups = names.map((name) => readable.filter((at) => probes[at]!.group === name));
  // [group][model][item]: 1 for a right answer, else 0; a reference by its likelihood.
  const values = groups.map((items) => scores.map((model) => items.map((at) => itemScore(model[at]!))));
  const answered = groups.map((items) => items.every((at) => probes[at]!.kind !== 'reference'));
  const share = (times: Float64Array, items: readonly number[]) => {
    let right = 0;
    let all = 0;
    items.forEach((value, item) => {
      right += times[item]! * value;
      all += times[item]!;
    });
    return right / all;
  };
  const base = groups.map((items, group) => {
    const right = values[group]![0]!.reduce((sum, value) => sum + value, 0);
    return answered[group]! && chanceTail(right, chances(probes, items)) <= SIGNIFICANCE;
  });
  const riskOf = (times: readonly Float64Array[], model: number) =>
    forgettingRisk(
      names.flatMap((name, group) =>
        (ABILITY_GROUPS as readonly string[]).includes(name)
          ? [
              {
                group: name as AbilityGroup,
                base: share(times[group]!, values[group]![0]!),
                tuned: share(times[group]!, values[group]![model]!),
                informative: base[group]!,
              },
            ]
          : [],
      ),
    );
  const models = scores.map((_, model) => model);
  const figures = (times: readonly Float64Array[]): number[] => [
    ...groups.flatMap((_, group) => models.map((model) => share(times[group]!, values[group]![model]!))),
    ...models.map((model) => riskOf(times, model)?.risk ?? Number.NaN),
  ];
  const sizes = groups.map((items) => items.length);
  const ones = sizes.map((size) => new Float64Array(size).fill(1));
  const intervals = bootstrap(sizes, figures, { seed });
  const all = figures(ones);
  const estimate = (at: number): Estimate => ({ value: all[at]!, interval: intervals[at]! });

  const risks = models.slice(1).map((model) => {
    const risk = riskOf(ones, model);
    return risk ? { ...estimate(groups.length * models.length + model), level: riskLevel(risk.risk), parts: risk.parts } : null;
  });
  return {
    groups: groups.map((items, group) => ({
      group: names[group]!,
      items: items.length,
      chance: chances(probes, items).reduce((sum, chance) => sum + chance, 0) / items.length,
      accuracy: answered[group]! ? models.map((model) => estimate(group * models.length + model)) : null,
      pValue: answered[group]!
        ? models.map((model) =>
            chanceTail(
              values[group]![model]!.reduce((sum, value) => sum + value, 0),
              chances(probes, items),
            ),
          )
        : null,
      informative: base[group]!,
      retention: models.map((model) =>
        model === 0 || !base[group]! ? null : all[group * models.length + model]! / all[group * models.length]!,
      ),
      knowledge: models.map((model) =>
        model === 0
          ? null
          : domainKnowledge(items.map((_, item) => ({ base: values[group]![0]![item]!, tuned: values[group]![model]![item]! }))),
      ),
    })),
    tooLong: probes.length - readable.length,
    risk: risks.length > 0 && risks.every((risk) => risk !== null) ? risks : null,
  };
}

const chances = (probes: readonly Probe[], items: readonly number[]) => items.map((at) => chanceOf(probes[at]!));

function itemScore(score: ProbeScore): number {
  if (score.kind === 'too-long') return Number.NaN;
  return score.kind === 'reference' ? score.normalised : Number(score.right);
}
