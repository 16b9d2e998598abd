/** Outcome of a probe item under the base and another model: kept, forgotten, learnt or wrong. */
import type { Probe } from '../../core/probes/probe';
import type { ProbeScore } from '../../core/probes/probe-score';

export type Outcome =
  | 'kept' // right under both
  | 'forgotten' // right under the base alone
  | 'learnt' // right under the other alone
  | 'wrong' // wrong under both
  | 'reference' // no right or wrong
  | 'too-long';

export function outcomeOf(base: ProbeScore, other: ProbeScore): Outcome {
  if (base.kind === 'too-long' || other.kind === 'too-long') return 'too-long';
  if (base.kind === 'reference' || other.kind === 'reference') return 'reference';
  if (base.right) return other.right ? 'kept' : 'forgotten';
  return other.right ? 'learnt' : 'wrong';
}

/** What a model chose: the text most likely by what decides, or null where two are equally likely. */
export function chosenBy(score: ProbeScore): number | null {
  const values = score.kind === 'choice' ? score.perCharacter : score.kind === 'pair' ? [score.good, score.bad] : [];
  const highest = Math.max(...values);
  const first = values.indexOf(highest);
  return first >= 0 && values.indexOf(highest, first + 1) < 0 ? first : null;
}

/** The texts that a model chose from, and which of them is right; null for a reference question. */
export function optionsOf(probe: Probe): { texts: string[]; answer: number } | null {
  if (probe.kind === 'choice') return { texts: probe.choices, answer: probe.answer };
  return probe.kind === 'pair' ? { texts: [probe.good, probe.bad], answer: 0 } : null;
}

/** The beginning of an item, for a list. */
export const questionOf = (probe: Probe): string => (probe.kind === 'pair' ? probe.good : probe.prompt);

/** Items by outcome, in the order of the probes; `at` is their index. */
export interface AskedItem {
  at: number;
  probe: Probe;
  outcome: Outcome;
}

/** @param model the one held against the base: 1 for B, 2 for C */
export function askedItems(probes: readonly Probe[], scores: readonly (readonly ProbeScore[])[], model: number): AskedItem[] {
  return probes.map((probe, at) => ({ at, probe, outcome: outcomeOf(scores[0]![at]!, scores[model]![at]!) }));
}
