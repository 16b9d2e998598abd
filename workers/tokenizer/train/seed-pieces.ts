/**
 * What Unigram training starts from: all characters, and all substrings of words that occur twice or more and in different surroundings, the
 * inner nodes of a suffix tree. They are read off a suffix array by its longest common prefixes (Abouelhoda et al. 2004).
 */
import type { Turns } from '../turns';

/** As many as Hugging Face's `UnigramTrainer` takes. */
const MOST = 1_000_000;

export interface SeedPieces {
  /** Characters by falling count, then substrings by falling occurrences · length. */
  pieces: string[];
  /** Natural logarithm of their share. */
  scores: Float64Array;
}

/** @param counts weighted counts of words; a substring counts once for each place in a distinct word, as in `tokenizers` */
export async function seedPieces(counts: ReadonlyMap<string, number>, maxLength: number, turns: Turns): Promise<SeedPieces> {
  const characters = new Map<number, number>();
  const flat: number[] = [];
  for (const [word, count] of counts) {
    for (const character of word) {
      const point = character.codePointAt(0)!;
      if (point === 0) continue;
      flat.push(point);
      characters.set(point, (characters.get(point) ?? 0) + count);
    }
    flat.push(0);
  }
  const text = Int32Array.from(flat);
  const substrings = await repeated(text, maxLength, turns);
  const order = Array.from(substrings.score.keys()).sort(
    (a, b) => substrings.score[b]! - substrings.score[a]! || -compare(text, substrings, a, b),
  );
  const byCount = [...characters].sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || b - a);
  const chosen = order.slice(0, Math.max(1, MOST - byCount.length));
  const pieces = [
    ...byCount.map(([point]) => String.fromCodePoint(point)),
    ...chosen.map((at) => {
      const from = substrings.start[at]!;
      return String.fromCodePoint(...text.subarray(from, from + substrings.length[at]!));
    }),
  ];
  const weights = Float64Array.from([...byCount.map(([, count]) => count), ...chosen.map((at) => substrings.score[at]!)]);
  const logSum = Math.log(weights.reduce((sum, weight) => sum + weight, 0));
  return { pieces, scores: weights.map((weight) => Math.log(weight) - logSum) };
}

interface Substrings {
  /** A place where it stands. */
  start: number[];
  length: number[];
  /** Occurrences · length. */
  score: number[];
}

async function repeated(text: Int32Array, maxLength: number, turns: Turns): Promise<Substrings> {
  const suffixes = await sortedSuffixes(text, maxLength, turns);
  const found: Substrings = { start: [], length: [], score: [] };
  // Intervals of suffixes that share a prefix, by length, open at this place.
  const lefts: number[] = [];
  const depths: number[] = [];
  for (let at = 1; at <= suffixes.length; at++) {
    const shared = at < suffixes.length ? commonPrefix(text, suffixes[at - 1]!, suffixes[at]!, maxLength) : 0;
    let left = at - 1;
    while (depths.length > 0 && depths.at(-1)! > shared) {
      const length = depths.pop()!;
      left = lefts.pop()!;
      // Words that end here sort first: where the last one ends here too, all go on alike, and this is no node.
      if (length > 1 && length <= maxLength && text[suffixes[at - 1]! + length] !== 0) {
        found.start.push(suffixes[left]!);
        found.length.push(length);
        found.score.push((at - left) * length);
      }
    }
    if (shared > 0 && (depths.at(-1) ?? 0) < shared) {
      lefts.push(left);
      depths.push(shared);
    }
    if ((at & 0xfff) === 0 && turns.due()) await turns.take();
  }
  return found;
}

/** Places of the text in the order of what follows them, up to the end of the word. */
async function sortedSuffixes(text: Int32Array, maxLength: number, turns: Turns): Promise<Int32Array> {
  const byFirst = new Map<number, number[]>();
  text.forEach((point, at) => {
    if (point === 0) return;
    const bucket = byFirst.get(point);
    if (bucket) bucket.push(at);
    else byFirst.set(point, [at]);
  });
  const sorted = new Int32Array(text.reduce((sum, point) => sum + (point === 0 ? 0 : 1), 0));
  let filled = 0;
  for (const first of [...byFirst.keys()].sort((a, b) => a - b)) {
    const bucket = Int32Array.from(byFirst.get(first)!).sort((a, b) => compareSuffixes(text, a, b, maxLength));
    sorted.set(bucket, filled);
    filled += bucket.length;
    if (turns.due()) await turns.take();
  }
  return sorted;
}

function compareSuffixes(text: Int32Array, a: number, b: number, maxLength: number): number {
  for (let offset = 1; offset <= maxLength; offset++) {
    const difference = text[a + offset]! - text[b + offset]!;
    if (difference !== 0) return difference;
    if (text[a + offset] === 0) return 0;
  }
  return 0;
}

/** Characters that two suffixes share, at most `maxLength` + 1. */
function commonPrefix(text: Int32Array, a: number, b: number, maxLength: number): number {
  let length = 0;
  while (length <= maxLength && text[a + length] === text[b + length] && text[a + length] !== 0) length++;
  return length;
}

function compare(text: Int32Array, { start, length }: Substrings, a: number, b: number): number {
  const shorter = Math.min(length[a]!, length[b]!);
  for (let offset = 0; offset < shorter; offset++) {
    const difference = text[start[a]! + offset]! - text[start[b]! + offset]!;
    if (difference !== 0) return difference;
  }
  return length[a]! - length[b]!;
}
