/**
 * BM25 of rows against the term list: which rows are dense with the domain's knowledge. Robertson & Zaragoza, The probabilistic relevance
 * framework (2009), with the idf that is never negative:
 *
 *     Σ_terms ln(1 + (N − n + ½)/(n + ½)) · tf (k1 + 1) / (tf + k1 (1 − b + b · words / mean words))
 *
 * MiniSearch scores the same way, but only what it holds in an index, with every word of every row in memory; the query is known here
 * beforehand, so two numbers per term found in a row are enough, and rows can stream by. The test holds one against the other.
 */
import { Growing } from './growing';

export class TermDensity {
  private readonly rows = new Growing(Uint32Array);
  private readonly terms = new Growing(Uint32Array);
  private readonly times = new Growing(Uint32Array);

  /** A term, by its index, that stands in a row so many times. */
  add(row: number, term: number, times: number): void {
    this.rows.push(row);
    this.terms.push(term);
    this.times.push(times);
  }

  /**
   * Adds to the scores of the rows that take part.
   * @param words length of each row
   */
  score(scores: Float32Array, words: ArrayLike<number>, takesPart: (row: number) => boolean, { k1, b }: { k1: number; b: number }): void {
    let rows = 0;
    let total = 0;
    for (let row = 0; row < scores.length; row++)
      if (takesPart(row)) {
        rows++;
        total += words[row]!;
      }
    const mean = total / Math.max(1, rows);
    const found = new Map<number, number>();
    this.each(takesPart, (_, term) => void found.set(term, (found.get(term) ?? 0) + 1));
    this.each(takesPart, (row, term, times) => {
      const having = found.get(term)!;
      const idf = Math.log(1 + (rows - having + 0.5) / (having + 0.5));
      scores[row]! += (idf * times * (k1 + 1)) / (times + k1 * (1 - b + (b * words[row]!) / mean));
    });
  }

  private each(takesPart: (row: number) => boolean, visit: (row: number, term: number, times: number) => void): void {
    for (let at = 0; at < this.rows.length; at++) {
      const row = this.rows.at(at);
      if (takesPart(row)) visit(row, this.terms.at(at), this.times.at(at));
    }
  }
}
