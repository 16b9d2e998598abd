/**
 * What probes say of several models, the first of them the base: accuracy per group beside chance, retention of each, forgetting
 * risk over the four groups of general ability, and what the domain's questions say (METHOD 6).
 */
import { chanceOf, type Probe } from '../probes/probe';
import type { ProbeScore } from '../probes/probe-score';
import { ABILITY_GROUPS, forgettingRisk, riskLevel, type AbilityGroup, type RiskLevel } from './forgetting-risk';
import { bootstrap, chanceTail, SIGNIFICANCE, wilsonInterval, type Interval } from './statistics';
import { distinctNgrams } from './text-diversity';
import type { Estimate } from './text-measure';
import { rougeWords } from './text-overlap';

/** What the domain's questions say (METHOD 6): improvement per question, its spread, and how many improved. */
export interface DomainKnowledge {
  questions: number;
  /** Mean of tuned − base. */
  mean: number;
  /** Sample standard deviation (n − 1) of tuned − base; 0 for a single question. */
  deviation: number;
  /** Share of questions with tuned > base. */
  improved: number;
}

/** @param scores of each question under both, higher is better. Null without questions. */
export function domainKnowledge(scores: readonly { base: number; tuned: number }[]): DomainKnowledge | null {
  const questions = scores.length;
  if (questions === 0) return null;
  const gains = scores.map(({ base, tuned }) => tuned - base);
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / questions;
  const squares = gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0);
  return {
    questions,
    mean,
    deviation: questions > 1 ? Math.sqrt(squares / (questions - 1)) : 0,
    improved: gains.filter((gain) => gain > 0).length / questions,
  };
}

export interface ProbeGroupMeasure {
  group: string;
  /** Reference answers are a row of their own beside the group's questions that are right or wrong. */
  reference: boolean;
  /** Items that every model could read. */
  items: number;
  /** Mean probability of a right guess. */
  chance: number;
  /** Share of right answers, by model, with Wilson's interval; null for a group of reference answers. */
  accuracy: Estimate[] | null;
  /** Share right where choices are judged by bytes (lm-evaluation-harness's acc_bytes), by model; null where there is no choice. */
  accuracyByBytes: number[] | null;
  /** P(as many right answers by guessing), by model; null likewise. */
  pValue: number[] | null;
  /** The base answers better than by chance (p ≤ 0.05): only then can the group show forgetting. */
  informative: boolean;
  /** Accuracy / the base's; null for the base and where uninformative. */
  retention: (number | null)[];
  /** Of the retention, 95 % over items; absent in what was measured before it had any. */
  retentionInterval?: (Interval | null)[];
  /** Change against the base of each item's score (right or wrong; log-likelihood per byte of a reference). Null for the base. */
  knowledge: (DomainKnowledge | null)[];
  /** Mean log-likelihood per UTF-8 byte of the reference answers, by model; null for other groups. */
  likelihood: Estimate[] | null;
  /** Of what the models wrote to reference questions; null for other groups and where nothing was written. */
  written: WrittenMeasure | null;
}

/** Figures of one answer; all but the first two are absent in what was measured before there were any. */
export const ANSWER_FIGURES = ['rougeL', 'bleu', 'meteor', 'chrf', 'exact', 'f1', 'passed'] as const;
export type AnswerFigure = (typeof ANSWER_FIGURES)[number];
type LaterFigure = Exclude<AnswerFigure, 'rougeL' | 'bleu'>;

/** Means over the answers by model: of BLEU and chrF 0 to 100, of all others 0 to 1; `passed` only where every question has a pattern. */
interface WrittenMeasure extends Record<'rougeL' | 'bleu', Estimate[]>, Partial<Record<LaterFigure, Estimate[]>> {
  /** Distinct n-grams of words to all of them, for n = 1 and 2, over all answers of a model. */
  distinct?: [number, number][];
  /** Change of each answer's ROUGE-L against the base; null for the base. */
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
  const { names, groups } = groupsOf(probes, readable);
  // [group][model][item]: 1 for a right answer, else 0; a reference by its likelihood.
  const values = groups.map((items) => scores.map((model) => items.map((at) => itemScore(model[at]!))));
  const answered = groups.map((items) => probes[items[0]!]!.kind !== 'reference');
  const written = groups.map((items) => writtenBy(scores, items));
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
        answered[group]! && (ABILITY_GROUPS as readonly string[]).includes(name)
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
  const keptOf = (times: readonly Float64Array[], group: number, model: number): number => {
    const before = share(times[group]!, values[group]![0]!);
    return answered[group]! && before > 0 ? share(times[group]!, values[group]![model]!) / before : Number.NaN;
  };
  const models = scores.map((_, model) => model);
  const figures = (times: readonly Float64Array[]): number[] => [
    ...groups.flatMap((_, group) => models.map((model) => share(times[group]!, values[group]![model]!))),
    ...models.map((model) => riskOf(times, model)?.risk ?? Number.NaN),
    ...written.flatMap((answers, group) =>
      answers ? answers.figures.flatMap(({ values }) => models.map((model) => share(times[group]!, values[model]!))) : [],
    ),
    ...groups.flatMap((_, group) => models.map((model) => keptOf(times, group, model))),
  ];
  const ones = groups.map((items) => new Float64Array(items.length).fill(1));
  // A group of one item cannot be drawn again: it has no interval, and the others keep theirs.
  const drawn = groups.flatMap((items, group) => (items.length > 1 ? [group] : []));
  const intervals = bootstrap(
    drawn.map((group) => groups[group]!.length),
    (times) => {
      const all: Float64Array[] = [...ones];
      drawn.forEach((group, at) => (all[group] = times[at]!));
      return figures(all);
    },
    { seed },
  );
  const all = figures(ones);
  const estimate = (at: number, items = 2): Estimate => ({ value: all[at]!, interval: items > 1 ? intervals[at]! : null });
  const accuracyOf = (group: number, model: number): Estimate => {
    const items = values[group]![model]!;
    const right = items.reduce((sum, value) => sum + value, 0);
    return { value: all[group * models.length + model]!, interval: wilsonInterval(right, items.length) };
  };

  const ability = groups.filter((_, group) => answered[group]! && (ABILITY_GROUPS as readonly string[]).includes(names[group]!));
  const fewest = Math.min(...ability.map((items) => items.length));
  const risks = models.slice(1).map((model) => {
    const risk = riskOf(ones, model);
    return risk ? { ...estimate(groups.length * models.length + model, fewest), level: riskLevel(risk.risk), parts: risk.parts } : null;
  });
  let next = (groups.length + 1) * models.length;
  const kept = all.length - groups.length * models.length;
  return {
    groups: groups.map((items, group) => ({
      group: names[group]!,
      reference: !answered[group]!,
      items: items.length,
      chance: chances(probes, items).reduce((sum, chance) => sum + chance, 0) / items.length,
      accuracy: answered[group]! ? models.map((model) => accuracyOf(group, model)) : null,
      accuracyByBytes: items.some((at) => probes[at]!.kind === 'choice') ? scores.map((model) => shareByBytes(model, items)) : null,
      pValue: answered[group]!
        ? models.map((model) =>
            chanceTail(
              values[group]![model]!.reduce((sum, value) => sum + value, 0),
              chances(probes, items),
            ),
          )
        : null,
      likelihood: answered[group]! ? null : models.map((model) => estimate(group * models.length + model, items.length)),
      informative: base[group]!,
      retention: models.map((model) =>
        model === 0 || !base[group]! ? null : all[group * models.length + model]! / all[group * models.length]!,
      ),
      retentionInterval: models.map((model) =>
        model === 0 || !base[group]! ? null : estimate(kept + group * models.length + model, items.length).interval,
      ),
      knowledge: models.map((model) =>
        model === 0
          ? null
          : domainKnowledge(items.map((_, item) => ({ base: values[group]![0]![item]!, tuned: values[group]![model]![item]! }))),
      ),
      written: written[group]
        ? writtenMeasure(
            written[group],
            written[group].figures.map(() => models.map(() => estimate(next++, items.length))),
          )
        : null,
    })),
    tooLong: probes.length - readable.length,
    risk: risks.length > 0 && risks.every((risk) => risk !== null) ? risks : null,
  };
}

/** Pairs of sentences are judged as they are. */
function shareByBytes(scores: readonly ProbeScore[], items: readonly number[]): number {
  const right = items.filter((at) => {
    const score = scores[at]!;
    return score.kind === 'choice' ? score.rightByBytes : score.kind === 'pair' && score.right;
  });
  return right.length / items.length;
}

/** Questions of a group by themselves, and its reference answers by themselves: their scores have different scales. */
function groupsOf(probes: readonly Probe[], readable: readonly number[]): { names: string[]; groups: number[][] } {
  const groups = new Map<string, number[]>();
  for (const at of readable) {
    const { group, kind } = probes[at]!;
    const key = `${kind === 'reference' ? 'reference' : 'answered'} ${group}`;
    const items = groups.get(key);
    if (items) items.push(at);
    else groups.set(key, [at]);
  }
  const all = [...groups.values()];
  return { names: all.map((items) => probes[items[0]!]!.group), groups: all };
}

interface WrittenAnswers {
  /** [model][item] */
  texts: string[][];
  /** Those that every answer has: values[model][item]. */
  figures: { name: AnswerFigure; values: number[][] }[];
}

/** Null unless every model wrote every answer. */
function writtenBy(scores: readonly (readonly ProbeScore[])[], items: readonly number[]): WrittenAnswers | null {
  const answers = scores.map((model) =>
    items.flatMap((at) => {
      const score = model[at]!;
      return score.kind === 'reference' && score.written ? [score.written] : [];
    }),
  );
  if (answers.some(({ length }) => length < items.length)) return null;
  const figures = ANSWER_FIGURES.flatMap((name) => {
    const values = answers.map((model) => model.map(({ more, ...own }) => ({ ...own, ...more })[name]));
    return values.flat().includes(undefined) ? [] : [{ name, values: values.map((model) => model.map(Number)) }];
  });
  return { texts: answers.map((model) => model.map(({ text }) => text)), figures };
}

function writtenMeasure({ texts, figures }: WrittenAnswers, means: readonly Estimate[][]): WrittenMeasure {
  const rougeL = figures[0]!.values;
  const ids = new Map<string, number>();
  const idOf = (word: string) => ids.get(word) ?? ids.set(word, ids.size).size - 1;
  const words = texts.map((model) => model.map((text) => rougeWords(text).map(idOf)));
  const byName = Object.fromEntries(figures.map(({ name }, at) => [name, means[at]!])) as Record<AnswerFigure, Estimate[]>;
  return {
    ...byName,
    distinct: words.map((model) => [distinctNgrams(model, 1), distinctNgrams(model, 2)]),
    knowledge: rougeL.map((model, at) =>
      at === 0 ? null : domainKnowledge(model.map((tuned, item) => ({ base: rougeL[0]![item]!, tuned }))),
    ),
  };
}

const chances = (probes: readonly Probe[], items: readonly number[]) => items.map((at) => chanceOf(probes[at]!));

function itemScore(score: ProbeScore): number {
  if (score.kind === 'too-long') return Number.NaN;
  return score.kind === 'reference' ? score.perByte : Number(score.right);
}
