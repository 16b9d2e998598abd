/**
 * Preferences of a person between texts of two models, shown blind: who wrote which is drawn by a seed and told after the last pair. Scores are
 * Bradley and Terry's (1952).
 */
import { deriveSeed, Rng } from '../rng/rng';
import { normalQuantile } from './statistics';
import type { Estimate } from './text-measure';

/** Texts of two models after one prompt. */
export interface BlindPair {
  prompt: string;
  /** Indices of the models, that whose text is shown first first. */
  models: [number, number];
  texts: [string, string];
  /** Which text is better; null: not judged yet. */
  verdict: 'first' | 'second' | 'same' | null;
}

/** Models and the order of the texts of so many pairs; each pairing of models is shown as often each way round, give or take one. */
export function drawPairs(models: number, count: number, seed: number): [number, number][] {
  const pairings: [number, number][] = [];
  for (let one = 0; one < models; one++) for (let other = one + 1; other < models; other++) pairings.push([one, other]);
  const drawn = Array.from({ length: count }, (_, at): [number, number] => {
    const [one, other] = pairings[at % pairings.length]!;
    return Math.floor(at / pairings.length) % 2 === 0 ? [one, other] : [other, one];
  });
  return new Rng(deriveSeed(seed, 'blind')).shuffle(drawn);
}

export interface PreferenceScores {
  /** Judged pairs. */
  pairs: number;
  /** [i][j]: how often i was better than j; the same counts half for each. */
  wins: number[][];
  /** Pairs that were judged the same. */
  same: number;
  /** ln of the odds that a model's text is better than the first model's, with Wald's 95 % interval; the first has 0 and none. */
  scores: Estimate[];
}

/**
 * Bradley–Terry scores against the first model. To each pairing that was judged half a win of each side is added (Jeffreys' prior for two),
 * without which a side that wins always would have no finite score. Null where a model was in no judged pair.
 */
export function preferenceScores(pairs: readonly BlindPair[], models: number): PreferenceScores | null {
  const wins = Array.from({ length: models }, () => new Array<number>(models).fill(0));
  const judged = pairs.filter(({ verdict }) => verdict !== null);
  for (const {
    models: [first, second],
    verdict,
  } of judged) {
    wins[first]![second]! += verdict === 'first' ? 1 : verdict === 'same' ? 0.5 : 0;
    wins[second]![first]! += verdict === 'second' ? 1 : verdict === 'same' ? 0.5 : 0;
  }
  const compared = wins.map((row, one) => row.map((won, other) => won + wins[other]![one]!));
  if (compared.some((row) => row.every((times) => times === 0))) return null;
  const scores = bradleyTerry(wins);
  return { pairs: judged.length, wins, same: judged.filter(({ verdict }) => verdict === 'same').length, scores };
}

/** @param wins [i][j]: times that i was better than j */
export function bradleyTerry(wins: readonly (readonly number[])[]): Estimate[] {
  const models = wins.length;
  const won = wins.map((row, one) => row.map((times, other) => times + (times + wins[other]![one]! > 0 ? 0.5 : 0)));
  const met = won.map((row, one) => row.map((times, other) => times + won[other]![one]!));
  // Hunter's minorise–maximise steps (2004).
  let strengths = new Array<number>(models).fill(1);
  for (let turn = 0; turn < 10_000; turn++) {
    const next = strengths.map((own, one) => {
      const total = won[one]!.reduce((sum, times) => sum + times, 0);
      return total / met[one]!.reduce((sum, times, other) => sum + times / (own + strengths[other]!), 0);
    });
    const moved = Math.max(...next.map((value, one) => Math.abs(Math.log(value / strengths[one]! / (next[0]! / strengths[0]!)))));
    strengths = next;
    if (moved < 1e-13) break;
  }
  const scores = strengths.map((strength) => Math.log(strength / strengths[0]!));
  const errors = standardErrors(scores, met);
  const z = normalQuantile(0.975);
  return scores.map((value, one) => {
    const error = one === 0 ? null : errors[one - 1]!;
    return { value, interval: error === null ? null : { low: value - z * error, high: value + z * error } };
  });
}

/** Of all scores but the first: roots of the diagonal of the inverse of their information, by Gauss and Jordan. */
function standardErrors(scores: readonly number[], met: readonly (readonly number[])[]): number[] {
  const of = (one: number, other: number) => {
    const chance = 1 / (1 + Math.exp(scores[other]! - scores[one]!));
    return met[one]![other]! * chance * (1 - chance);
  };
  const size = scores.length - 1;
  const table = Array.from({ length: size }, (_, row) =>
    Array.from({ length: 2 * size }, (_, column) => {
      if (column >= size) return Number(column - size === row);
      if (column !== row) return -of(row + 1, column + 1);
      return scores.reduce((sum, _, other) => (other === row + 1 ? sum : sum + of(row + 1, other)), 0);
    }),
  );
  for (let pivot = 0; pivot < size; pivot++) {
    const scale = table[pivot]![pivot]!;
    table[pivot] = table[pivot]!.map((value) => value / scale);
    for (let row = 0; row < size; row++) {
      const factor = table[row]![pivot]!;
      if (row !== pivot) table[row] = table[row]!.map((value, column) => value - factor * table[pivot]![column]!);
    }
  }
  return table.map((row, at) => Math.sqrt(row[size + at]!));
}
