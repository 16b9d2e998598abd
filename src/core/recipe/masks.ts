/**
 * Which tokens of a row are hidden, and what stands for them. Masked language modelling (Devlin et al., arXiv 1810.04805) hides a share of the
 * tokens: each by itself, whole words (Cui et al., arXiv 1906.08101) or spans of words (Joshi et al., SpanBERT, arXiv 1907.10529). Permuted
 * factorisation (Yang et al., XLNet, arXiv 1906.08237) hides the last of a random order. All randomness comes from the caller.
 */
import type { Rng } from '../rng/rng';

export type MaskUnit = 'token' | 'word' | 'span';

/** Words of a span: geometric with p = 0.2, at most 10, as in SpanBERT. */
const SPAN = { p: 0.2, most: 10 };

/** As many of a row's tokens as are hidden at a rate: the nearest whole number, and at least one. */
export const hiddenCount = (tokens: number, rate: number): number => (tokens === 0 ? 0 : Math.max(1, Math.round(rate * tokens)));

/**
 * Places that are hidden, rising. Words that would exceed the count are passed over, as in BERT; where every word would, the shortest is hidden. The last span is cut.
 * @param places that may be hidden, rising
 * @param wordOf number of the word that a place belongs to; the tokens of a word follow one another
 */
export function drawPlaces(
  places: readonly number[],
  count: number,
  unit: MaskUnit,
  wordOf: (place: number) => number,
  random: Rng,
): number[] {
  const rising = (chosen: Iterable<number>): number[] => [...chosen].sort((a, b) => a - b);
  if (unit === 'token') return rising(random.shuffle([...places]).slice(0, count));
  const words: number[][] = [];
  for (const [at, place] of places.entries())
    if (at > 0 && wordOf(place) === wordOf(places[at - 1]!)) words.at(-1)!.push(place);
    else words.push([place]);
  if (words.length === 0) return [];
  const hidden = new Set<number>();
  if (unit === 'word') {
    for (const word of random.shuffle([...words])) if (hidden.size + word.length <= count) for (const place of word) hidden.add(place);
    const shortest = words.reduce((one, other) => (other.length < one.length ? other : one));
    return hidden.size > 0 ? rising(hidden) : shortest;
  }
  while (hidden.size < Math.min(count, places.length)) {
    let length = 1;
    while (length < SPAN.most && random.uniform() >= SPAN.p) length += 1;
    const first = random.integer(words.length);
    for (const place of words.slice(first, first + length).flat()) if (hidden.size < count) hidden.add(place);
  }
  return rising(hidden);
}

/**
 * How many of the last of a permuted order are hidden at once, from 1 to `most`, each with probability in proportion to 1/m. A token told from all but m
 * hidden ones is one factor of an order; hidden so often, every place of the order has the same weight where tokens count alike.
 */
export function permutedCount(most: number, random: Rng): number {
  const total = Array.from({ length: most }, (_, at) => 1 / (at + 1)).reduce((sum, weight) => sum + weight, 0);
  let mark = random.uniform() * total;
  for (let count = 1; count < most; count++) {
    mark -= 1 / count;
    if (mark < 0) return count;
  }
  return most;
}

interface Stand {
  /** Share of the hidden tokens that the mask stands for, and a random token; the rest stay. */
  replace: number;
  random: number;
  mask: number;
  /** Random tokens are of 0 … vocabulary − 1. */
  vocabulary: number;
}

/** What the model sees in place of a hidden token. */
export function standIn(token: number, { replace, random: share, mask, vocabulary }: Stand, random: Rng): number {
  const draw = random.uniform();
  if (draw < replace) return mask;
  return draw < replace + share ? random.integer(vocabulary) : token;
}
