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
