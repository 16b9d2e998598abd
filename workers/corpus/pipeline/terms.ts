/** Domain terms: where they are in a row, and how dense a row is with them. */
import { Scanner } from './scan';
import { Growing } from './growing';

interface Term {
  /** Index of the term in its list. */
  id: number;
  hashes: Uint32Array;
  words: number;
}

export interface TermHits {
  /** Words (a CJK character is 1/1.5) that lie in terms. */
  words: number;
  /** Index of a term, occurrences, and so on. */
  counts: number[];
}

/**
 * Finds domain terms in a scanned row. Terms are sequences of token hashes, so a term of several words or characters is found across line
 * breaks and in any case; English plurals count as their term. Where terms begin at the same token the longest is taken, and none overlap.
 */
export class TermMatcher {
  private readonly byFirst = new Map<number, Term[]>();
  /** One bit for the low 16 bits of a first hash: most tokens begin no term. */
  private readonly maybe = new Uint8Array(65536);

  constructor(terms: readonly string[]) {
    const scanner = new Scanner();
    terms.forEach((term, id) => {
      for (const form of formsOf(term)) {
        scanner.scan(form);
        if (scanner.tokens === 0) continue;
        const hashes = scanner.hashes.slice(0, scanner.tokens);
        const first = hashes[0]!;
        this.maybe[first & 0xffff] = 1;
        const same = this.byFirst.get(first) ?? [];
        same.push({ id, hashes, words: scanner.words });
        this.byFirst.set(first, same);
      }
    });
    for (const same of this.byFirst.values()) same.sort((a, b) => b.hashes.length - a.hashes.length || a.id - b.id);
  }

  find({ hashes, tokens }: Scanner): TermHits {
    const { maybe, byFirst } = this;
    const found = new Map<number, number>();
    let words = 0;
    for (let at = 0; at < tokens;) {
      const hash = hashes[at]!;
      const term = maybe[hash & 0xffff]
        ? byFirst.get(hash)?.find((candidate) => standsAt(candidate.hashes, hashes, at, tokens))
        : undefined;
      if (term) {
        found.set(term.id, (found.get(term.id) ?? 0) + 1);
        words += term.words;
      }
      at += term ? term.hashes.length : 1;
    }
    const counts: number[] = [];
    for (const entry of [...found].sort((a, b) => a[0] - b[0])) counts.push(...entry);
    return { words, counts };
  }
}

function standsAt(term: Uint32Array, hashes: Uint32Array, at: number, tokens: number): boolean {
  if (at + term.length > tokens) return false;
  for (let i = 1; i < term.length; i++) if (hashes[at + i] !== term[i]) return false;
  return true;
}

/** therapy, therapies · diagnosis, diagnoses · patient, patients · biopsy … Only of words in Latin letters. */
function formsOf(term: string): string[] {
  if (!/[a-z]$/i.test(term)) return [term];
  if (/sis$/i.test(term)) return [term, `${term.slice(0, -2)}es`];
  if (/[^aeiou]y$/i.test(term)) return [term, `${term.slice(0, -1)}ies`];
  return [term, /(?:s|x|z|ch|sh)$/i.test(term) ? `${term}es` : `${term}s`];
}

/**
 * BM25 of rows against the term list: which rows are dense with the domain's knowledge. Robertson & Zaragoza, The probabilistic relevance
 * framework (2009), with the idf that is never negative:
 *
 *     Σ_terms ln(1 + (N − n + ½)/(n + ½)) · tf (k1 + 1) / (tf + k1 (1 − b + b · words / mean words))
 *
 * MiniSearch scores the same way, but only what it holds in an index, with every word of every row in memory; the query is known here
 * beforehand, so two numbers per term found in a row are enough, and rows can stream by. The test holds one against the other.
 */
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
