/** The interface of tokenizer models, and the Unigram model with its prefix tree. */
import type { UnigramModel } from './tokenizer-json';

/** Prefix tree over the UTF-16 units of pieces: one walk finds all pieces that begin at a position of a text. */
export class PieceTrie {
  /** Open-addressing hash table of edges: key node · 65536 + unit (−1: empty slot), value child node. */
  private keys = new Float64Array(1 << 12).fill(-1);
  private children = new Int32Array(1 << 12);
  private edges = 0;
  /** Id of the piece that ends at a node; −1 for none. */
  private ids = new Int32Array(1 << 10).fill(-1);
  private nodes = 1;

  add(piece: string, id: number): void {
    let node = 0;
    for (let at = 0; at < piece.length; at++) {
      const unit = piece.charCodeAt(at);
      node = this.child(node, unit) || this.grow(node, unit);
    }
    this.ids[node] = id;
  }

  /** The node after `node` along `unit`; 0 when there is none. The root is 0. */
  child(node: number, unit: number): number {
    const key = node * 0x10000 + unit;
    const mask = this.keys.length - 1;
    for (let slot = hash(node, unit) & mask; ; slot = (slot + 1) & mask) {
      const found = this.keys[slot]!;
      if (found === key) return this.children[slot]!;
      if (found < 0) return 0;
    }
  }

  /** Id of the piece that ends here; −1 for none. */
  idAt(node: number): number {
    return this.ids[node]!;
  }

  private grow(node: number, unit: number): number {
    if (this.edges * 2 >= this.keys.length) this.rehash();
    if (this.nodes === this.ids.length) {
      const longer = new Int32Array(this.ids.length * 2).fill(-1);
      longer.set(this.ids);
      this.ids = longer;
    }
    this.put(node * 0x10000 + unit, this.nodes);
    this.edges++;
    return this.nodes++;
  }

  private put(key: number, child: number): void {
    const mask = this.keys.length - 1;
    let slot = hash(Math.floor(key / 0x10000), key % 0x10000) & mask;
    while (this.keys[slot]! >= 0) slot = (slot + 1) & mask;
    this.keys[slot] = key;
    this.children[slot] = child;
  }

  private rehash(): void {
    const { keys, children } = this;
    this.keys = new Float64Array(keys.length * 2).fill(-1);
    this.children = new Int32Array(keys.length * 2);
    keys.forEach((key, slot) => {
      if (key >= 0) this.put(key, children[slot]!);
    });
  }
}

function hash(node: number, unit: number): number {
  const mixed = Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca77);
  return mixed ^ (mixed >>> 15);
}

/** A tokenizer's model, which encodes pre-tokens as ids. */
export interface PieceModel {
  /** Ids of the last piece encoded; `encode` may replace the array by a longer one. */
  readonly symbols: Int32Array;
  /** Encodes `text[start … end)`, never empty, into `symbols` and returns the number of ids. */
  encode(text: string, start: number, end: number): number;
  /** End of the part at `start` that can be encoded separately without changing any id, so that parts can be cached. */
  readonly cut?: (text: string, start: number) => number;
}

/** Log probability of an unknown character: that of the least likely piece less this (as in SentencePiece). */
export const UNKNOWN_PENALTY = 10;

/**
 * Unigram language model (Kudo 2018, arXiv 1804.10959), used by T5: finds the most probable segmentation with the Viterbi algorithm.
 * Of equally probable segmentations the first found wins, as in Hugging Face's `tokenizers`.
 */
export class Unigram implements PieceModel {
  symbols = new Int32Array(128);
  private readonly trie = new PieceTrie();
  private readonly scores: Float64Array;
  private readonly unknown: number;
  private readonly unknownScore: number;
  /** Best path to each position: its log probability, its last piece and that piece's start (−1: no path yet). */
  private best = new Float64Array(128);
  private piece = new Int32Array(128);
  private from = new Int32Array(128);

  constructor({ vocab, unk_id: unknown }: UnigramModel) {
    vocab.forEach(([piece], id) => this.trie.add(piece, id));
    this.scores = Float64Array.from(vocab, ([, score]) => score);
    this.unknown = unknown ?? -1;
    this.unknownScore = this.scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY;
  }

  encode(text: string, start: number, end: number): number {
    const size = end - start;
    if (this.best.length <= size) {
      this.best = new Float64Array(size + 1);
      this.piece = new Int32Array(size + 1);
      this.from = new Int32Array(size + 1);
      this.symbols = new Int32Array(size + 1);
    }
    const { best, piece, from, trie, scores, symbols } = this;
    from.fill(-1, 0, size + 1);
    best[0] = 0;
    for (let at = 0; at < size;) {
      const width = at + 1 < size && text.codePointAt(start + at)! > 0xffff ? 2 : 1;
      let single = false;
      let node = 0;
      for (let to = at; to < size;) {
        node = trie.child(node, text.charCodeAt(start + to++));
        if (node === 0) break;
        const id = trie.idAt(node);
        if (id < 0) continue;
        single ||= to - at === width;
        this.offer(to, at, id, scores[id]! + best[at]!);
      }
      if (!single) this.offer(at + width, at, this.unknown, this.unknownScore + best[at]!);
      at += width;
    }
    let length = 0;
    for (let to = size; to > 0; to = from[to]!) {
      // Neighbouring unknown characters are one token.
      if (piece[to] === this.unknown && length > 0 && symbols[length - 1] === this.unknown) continue;
      if (piece[to]! >= 0) symbols[length++] = piece[to]!;
    }
    symbols.subarray(0, length).reverse();
    return length;
  }

  private offer(to: number, at: number, id: number, score: number): void {
    if (this.from[to]! >= 0 && !(score > this.best[to]!)) return;
    this.best[to] = score;
    this.from[to] = at;
    this.piece[to] = id;
  }
}
