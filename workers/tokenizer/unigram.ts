/**
 * Unigram language model (Kudo 2018, arXiv 1804.10959), T5's kind: the segmentation of the highest probability, by Viterbi's
 * algorithm. Where two are equally likely the first found stays, as in Hugging Face's `tokenizers`.
 */
import type { PieceModel } from './piece-model';
import { PieceTrie } from './piece-trie';
import type { UnigramModel } from './tokenizer-json';

/** How far below the least likely piece an unknown character lies (SentencePiece). */
export const UNKNOWN_PENALTY = 10;

export class Unigram implements PieceModel {
  symbols = new Int32Array(128);
  private readonly trie = new PieceTrie();
  private readonly scores: Float64Array;
  private readonly unknown: number;
  private readonly unknownScore: number;
  /** Best path that ends at a place: its score, its last piece and where that begins (−1: none yet). */
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
