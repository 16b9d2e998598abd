/** The interface of tokenizer models, and the Unigram model with its prefix tree. */
import { StudioError } from '../../src/core/errors';
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
  symbols = new Int32Array(128 * 3);
  private readonly trie = new PieceTrie();
  private readonly ids: ReadonlyMap<string, number>;
  private readonly scores: Float64Array;
  private readonly unknown: number;
  private readonly unknownScore: number;
  /** Ids of <0x00> … <0xFF>; null without byte fallback. */
  private readonly bytes: Int32Array | null;
  /** Best path to each position: its log probability, its last piece and that piece's start (−1: no path yet). */
  private best = new Float64Array(128);
  private piece = new Int32Array(128);
  private from = new Int32Array(128);

  constructor({ vocab, unk_id: unknown, byte_fallback: fallback }: UnigramModel) {
    vocab.forEach(([piece], id) => {
      if (piece !== '') this.trie.add(piece, id);
    });
    this.ids = new Map(vocab.map(([piece], id) => [piece, id]));
    this.scores = Float64Array.from(vocab, ([, score]) => asRustReads(score));
    this.unknown = unknown ?? -1;
    this.unknownScore = this.scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY;
    this.bytes = fallback
      ? Int32Array.from({ length: 256 }, (_, byte) => this.ids.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`) ?? -1)
      : null;
  }

  encode(text: string, start: number, end: number): number {
    const size = end - start;
    if (this.best.length <= size) {
      this.best = new Float64Array(size + 1);
      this.piece = new Int32Array(size + 1);
      this.from = new Int32Array(size + 1);
      this.symbols = new Int32Array((size + 1) * 3);
    }
    const { best, from, trie, scores } = this;
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
      if (!single) {
        if (this.unknown < 0) throw missingUnknown();
        this.offer(at + width, at, this.unknown, this.unknownScore + best[at]!);
      }
      at += width;
    }
    return this.collect(text, start, size);
  }

  /** The best path's ids, from the end on, then turned about. */
  private collect(text: string, start: number, size: number): number {
    const { piece, from, symbols, unknown } = this;
    let length = 0;
    for (let to = size; to > 0;) {
      const id = piece[to]!;
      let first = from[to]!;
      if (id !== unknown) {
        symbols[length++] = id;
      } else {
        // Neighbouring unknown characters are one token, which is looked up once more: by bytes, if all of its bytes are there.
        while (first > 0 && piece[first] === unknown) first = from[first]!;
        length = this.spellUnknown(text.slice(start + first, start + to), length);
      }
      to = first;
    }
    symbols.subarray(0, length).reverse();
    return length;
  }

  /** Backwards, as the ids around them. */
  private spellUnknown(text: string, length: number): number {
    const { symbols, bytes } = this;
    const known = this.ids.get(text);
    const spelt = known === undefined && bytes ? utf8.encode(text) : null;
    if (spelt?.every((byte) => bytes![byte]! >= 0)) {
      for (let at = spelt.length - 1; at >= 0; at--) symbols[length++] = bytes![spelt[at]!]!;
    } else {
      symbols[length++] = known ?? this.unknown;
    }
    return length;
  }

  private offer(to: number, at: number, id: number, score: number): void {
    if (this.from[to]! >= 0 && !(score > this.best[to]!)) return;
    this.best[to] = score;
    this.from[to] = at;
    this.piece[to] = id;
  }
}

const utf8 = new TextEncoder();

function missingUnknown(): StudioError {
  const detail = 'a character that the vocabulary does not have, and no unk_id';
  return new StudioError('tokenizer-invalid', `tokenizer.json: ${detail}`, { file: 'tokenizer.json', detail });
}

/**
 * A score as Rust's serde_json reads it: all digits as one number, then divided by a power of ten, each rounded. The last bit may differ
 * from what JavaScript reads, and decides between paths that are equally likely but for it.
 */
function asRustReads(score: number): number {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(score));
  if (!match) return score;
  const [, sign, whole = '', fraction = '', power = '0'] = match;
  const digits = whole + fraction;
  const exponent = Number(power) - fraction.length;
  if (digits.length > 19) return score;
  let value = Number(BigInt(digits));
  for (let left = exponent; left !== 0;) {
    const step = Math.max(-308, Math.min(308, left));
    value = step < 0 ? value / Number(`1e${-step}`) : value * Number(`1e${step}`);
    left -= step;
  }
  return sign === '-' ? -value : value;
}
