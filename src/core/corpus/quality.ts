/**
 * The quality score of a row: 1, less what each rule takes off. A rule gives 1 (nothing wrong) to 0, and takes off at most its weight:
 *
 *     score = max(0, 1 − Σ weight · (1 − rule))
 *
 * So a threshold says how much may be wrong: 0.8 that at most 0.2 is taken off. Limits of repetition and of symbols are near those of
 * MassiveText (Rae et al., Gopher, 2021, appendix A1) and C4 (Raffel et al., 2020), turned from cut-offs into ramps.
 */
import { qualityRules, type PipelineSettings } from './settings';

/** What the rules look at. Shares are of the units that are seen (neither spaces nor line ends), if nothing else is said. */
export interface RowMeasures {
  /** A CJK character is 1/1.5 words. */
  words: number;
  /** In lines that stood in the row before. */
  repeatedLines: number;
  /** Of the 5-grams of tokens, those that stood in the row before. */
  repeatedPhrases: number;
  symbols: number;
  digits: number;
  /** Source code: brackets and operators are its punctuation. */
  code: boolean;
  /** False for a row that is surely in another language than its channel's. */
  languageFits: boolean;
  /** Of the words, those in terms; null where terms do not count (general channels). */
  terms: number | null;
}

type QualitySettings = Pick<PipelineSettings, 'quality' | 'terms'>;

/** Writes what each rule gives, in the order of `qualityRules`, and returns the score. */
export function judge(row: RowMeasures, { quality, terms }: QualitySettings, rules: Float32Array | number[]): number {
  rules[0] = lengthRule(row.words, quality.words);
  rules[1] = ramp(row.repeatedLines, 0.2, 0.6);
  rules[2] = ramp(row.repeatedPhrases, 0.25, 0.8);
  rules[3] = row.code ? ramp(row.symbols, 0.25, 0.6) : ramp(row.symbols, 0.1, 0.4);
  rules[4] = ramp(row.digits, 0.2, 0.6);
  rules[5] = row.languageFits ? 1 : 0;
  rules[6] = row.terms === null || terms.wanted === 0 ? 1 : Math.min(1, row.terms / terms.wanted);
  let score = 1;
  for (let at = 0; at < qualityRules.length; at++) score -= quality.weights[qualityRules[at]!] * (1 - rules[at]!);
  // Sums of decimal fractions: 1 − 0.3 must not fall below a threshold of 0.7.
  return Math.max(0, Math.round(score * 1e6) / 1e6);
}

/** The rule that took most off, as an index; the first of equals. */
export function worstRule(rules: ArrayLike<number>, offset: number, weights: PipelineSettings['quality']['weights']): number {
  let worst = 0;
  let most = -1;
  for (let at = 0; at < qualityRules.length; at++) {
    const off = weights[qualityRules[at]!] * (1 - rules[offset + at]!);
    if (off > most) [worst, most] = [at, off];
  }
  return worst;
}

/** Short rows fall in proportion; a long one is no worse for training than its parts, so 16 times the most loses half and no more. */
function lengthRule(words: number, { least, most }: PipelineSettings['quality']['words']): number {
  if (words < least) return words / least;
  return words > most ? 1 - 0.5 * Math.min(1, Math.log2(words / most) / 4) : 1;
}

/** 1 up to `full`, 0 from `none` on, straight between. */
function ramp(value: number, full: number, none: number): number {
  return Math.min(1, Math.max(0, (none - value) / (none - full)));
}
