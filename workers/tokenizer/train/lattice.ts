/** All segmentations of a word into pieces, with the forward–backward and Viterbi algorithms (Kudo 2018, arXiv 1804.10959). */
import { PieceTrie, UNKNOWN_PENALTY } from '../unigram';
import { enlarged } from './merge-queue';

/** Id of an edge over a character that no piece writes. */
export const UNKNOWN = -1;

export class Lattice {
  private trie = new PieceTrie();
  private unknownScore = 0;
  /** Edges by rising start, of those with one start by rising length. Places are UTF-16 units from the start of the word. */
  private edges = 0;
  private from = new Int32Array(256);
  private to = new Int32Array(256);
  private ids = new Int32Array(256);
  private score = new Float64Array(256);
  /** First edge that starts at a place. */
  private firstAt = new Int32Array(64);
  private forward = new Float64Array(64);
  private backward = new Float64Array(64);
  private reached = new Uint8Array(64);
  private bestEdge = new Int32Array(64);

  /** @param scores log probability by id; NaN for pieces that are gone */
  constructor(
    private readonly strings: readonly string[],
    private readonly scores: Float64Array,
  ) {}

  /** To be called when the set of pieces has changed. @param ids pieces that are left */
  rebuild(ids: readonly number[]): void {
    this.trie = new PieceTrie();
    for (const id of ids) this.trie.add(this.strings[id]!, id);
  }

  /** To be called when scores have changed. */
  rescore(ids: readonly number[]): void {
    this.unknownScore = ids.reduce((least, id) => Math.min(least, this.scores[id]!), Infinity) - UNKNOWN_PENALTY;
  }

  /** Adds to `expected` how often each piece is used in this word, on average over its segmentations. */
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

  /** Ids of the best segmentation, the last piece first. */
  best(word: string, visit: (id: number) => void): void {
    this.walkBack(this.viterbi(word, 0), visit);
  }

  /**
   * The best segmentation of a piece without the piece itself, the last piece first; `none` when it has no other, `better` when
   * that one is likelier than the piece.
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

  /** Finds all edges. @param withoutLength edges of this length are left out; 0 keeps all */
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
