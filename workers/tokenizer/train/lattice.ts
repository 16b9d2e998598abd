/**
 * What Unigram training (Kudo 2018, arXiv 1804.10959) works on: the lattice of all segmentations of a word into pieces, with the
 * forward–backward and Viterbi algorithms, and the seed pieces that training starts from.
 */
import { PieceTrie, UNKNOWN_PENALTY } from '../unigram';
import { enlarged } from './merge-queue';
import type { Turns } from '../turns';

/** Id of an edge over a character that is no piece. */
export const UNKNOWN = -1;

export class Lattice {
  private trie = new PieceTrie();
  private unknownScore = 0;
  /** Number of edges. They are sorted by start, then length. Positions are UTF-16 units from the start of the word. */
  private edges = 0;
  private from = new Int32Array(256);
  private to = new Int32Array(256);
  private ids = new Int32Array(256);
  private score = new Float64Array(256);
  /** First edge that starts at each position. */
  private firstAt = new Int32Array(64);
  private forward = new Float64Array(64);
  private backward = new Float64Array(64);
  private reached = new Uint8Array(64);
  private bestEdge = new Int32Array(64);

  /** @param scores log probability by id; NaN for removed pieces */
  constructor(
    private readonly strings: readonly string[],
    private readonly scores: Float64Array,
  ) {}

  /** Must be called after the set of pieces has changed. @param ids remaining pieces */
  rebuild(ids: readonly number[]): void {
    this.trie = new PieceTrie();
    for (const id of ids) this.trie.add(this.strings[id]!, id);
  }

  /** Must be called after scores have changed. @param ids remaining pieces */
  rescore(ids: readonly number[]): void {
    this.unknownScore = ids.reduce((least, id) => Math.min(least, this.scores[id]!), Infinity) - UNKNOWN_PENALTY;
  }

  /** Adds to `expected` the expected number of uses of each piece in this word (E step), times `count`. */
  addExpected(word: string, count: number, expected: Float64Array): void {
    const size = this.open(word, 0);
    const { forward, backward, from, to, score, firstAt, reached } = this;
    reached.fill(0, 0, size + 1);
    forward[0] = 0;
    for (let edge = 0; edge < this.edges; edge++) {
      const value = score[edge]! + forward[from[edge]!]!;
      const end = to[edge]!;
      forward[end] = reached[end] ? logSumExp(forward[end]!, value) : value;
      reached[end] = 1;
    }
    backward[size] = 0;
    for (let place = size - 1; place >= 0; place--) {
      const first = firstAt[place]!;
      const last = firstAt[place + 1]!;
      for (let edge = first; edge < last; edge++) {
        const value = score[edge]! + backward[to[edge]!]!;
        backward[place] = edge === first ? value : logSumExp(backward[place]!, value);
      }
    }
    const total = forward[size]!;
    for (let edge = 0; edge < this.edges; edge++) {
      const id = this.ids[edge]!;
      if (id === UNKNOWN) continue;
      expected[id]! += count * Math.exp(forward[from[edge]!]! + score[edge]! + backward[to[edge]!]! - total);
    }
  }

  /** Visits the ids of the most probable segmentation, last piece first. */
  best(word: string, visit: (id: number) => void): void {
    this.walkBack(this.viterbi(word, 0), visit);
  }

  /**
   * The best segmentation of a piece without the piece itself, the last piece first; `none` when there is no other, `better`
   * when it is more probable than the piece. @param own log probability of the piece
   */
  alternative(word: string, own: number): number[] | 'none' | 'better' {
    const size = this.viterbi(word, word.length);
    if (!this.reached[size]) return 'none';
    if (this.forward[size]! > own) return 'better';
    const ids: number[] = [];
    this.walkBack(size, (id) => ids.push(id));
    return ids;
  }

  private viterbi(word: string, withoutLength: number): number {
    const size = this.open(word, withoutLength);
    const { forward, from, to, score, reached, bestEdge } = this;
    reached.fill(0, 0, size + 1);
    forward[0] = 0;
    reached[0] = 1;
    for (let edge = 0; edge < this.edges; edge++) {
      if (!reached[from[edge]!]) continue;
      const value = forward[from[edge]!]! + score[edge]!;
      const end = to[edge]!;
      if (reached[end] && !(value > forward[end]!)) continue;
      forward[end] = value;
      reached[end] = 1;
      bestEdge[end] = edge;
    }
    return size;
  }

  private walkBack(size: number, visit: (id: number) => void): void {
    for (let place = size; place > 0; place = this.from[this.bestEdge[place]!]!) visit(this.ids[this.bestEdge[place]!]!);
  }

  /** Finds all edges of a word. @param withoutLength edges of this length are left out; 0 keeps all */
  private open(word: string, withoutLength: number): number {
    const size = word.length;
    if (this.firstAt.length < size + 2) this.lengthen(size + 2);
    this.edges = 0;
    for (let place = 0; place < size;) {
      const width = place + 1 < size && word.codePointAt(place)! > 0xffff ? 2 : 1;
      this.firstAt[place] = this.edges;
      let single = false;
      let node = 0;
      for (let end = place; end < size;) {
        node = this.trie.child(node, word.charCodeAt(end++));
        if (node === 0) break;
        const id = this.trie.idAt(node);
        if (id < 0 || Number.isNaN(this.scores[id]!)) continue;
        single ||= end - place === width;
        if (end - place !== withoutLength) this.edge(place, end, id, this.scores[id]!);
      }
      if (!single) this.edge(place, place + width, UNKNOWN, this.unknownScore);
      if (width === 2) this.firstAt[place + 1] = this.edges;
      place += width;
    }
    this.firstAt[size] = this.edges;
    return size;
  }

  private edge(from: number, to: number, id: number, score: number): void {
    if (this.edges === this.from.length) {
      this.from = enlarged(this.from, this.edges * 2);
      this.to = enlarged(this.to, this.edges * 2);
      this.ids = enlarged(this.ids, this.edges * 2);
      const longer = new Float64Array(this.edges * 2);
      longer.set(this.score);
      this.score = longer;
    }
    this.from[this.edges] = from;
    this.to[this.edges] = to;
    this.ids[this.edges] = id;
    this.score[this.edges++] = score;
  }

  private lengthen(places: number): void {
    this.firstAt = new Int32Array(places * 2);
    this.forward = new Float64Array(places * 2);
    this.backward = new Float64Array(places * 2);
    this.reached = new Uint8Array(places * 2);
    this.bestEdge = new Int32Array(places * 2);
  }
}

function logSumExp(a: number, b: number): number {
  const low = Math.min(a, b);
  const high = Math.max(a, b);
  return high > low + 50 ? high : high + Math.log(Math.exp(low - high) + 1);
}

/** Largest number of seed pieces, as in Hugging Face's `UnigramTrainer`. */
const MOST = 1_000_000;

export interface SeedPieces {
  /** Characters by falling count, then substrings by falling occurrences · length. */
  pieces: string[];
  /** Natural logarithm of each piece's share of the total weight. */
  scores: Float64Array;
}

/**
 * All characters, and all substrings that occur at least twice with different continuations: the inner nodes of a suffix tree, computed from
 * a suffix array and its longest common prefixes (Abouelhoda et al. 2004).
 * @param counts weighted counts of words; a substring counts once for each position in a distinct word, as in `tokenizers`
 */
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
  /** Index in the text of one occurrence. */
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

/** Suffix array: positions of the text, sorted by the characters that follow up to the end of the word. */
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

/** Length of the longest common prefix of two suffixes, at most `maxLength` + 1. */
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
