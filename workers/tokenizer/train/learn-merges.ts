/**
 * BPE training (Sennrich et al. 2016, arXiv 1508.07909) on counted words: repeatedly merges the most frequent pair of adjacent symbols.
 * Pair counts are updated incrementally after each merge.
 *
 * The order of merges is that of Hugging Face's `BpeTrainer`, its quirks included: of pairs with equal counts the one with the
 * smaller ids goes first; two ways to the same string share one id; a pair's count is not taken back when the pair is merged.
 */
import type { Turns } from '../turns';
import { enlarged, MergeQueue, PairCounts } from './merge-queue';

export interface CountedWords {
  /** Ids of all words in a row; word w is `symbols[offsets[w] … offsets[w + 1])`. Merged in place. */
  symbols: Int32Array;
  offsets: Int32Array;
  /** Whole numbers. */
  counts: Float64Array;
}

export interface LearnOptions {
  vocabularySize: number;
  /** In the unit of the words' counts. */
  minFrequency: number;
  /** String of the merged pair. */
  join: (left: string, right: string) => string;
}

/** Ids of the two pieces and of the one they make. */
export type Merge = readonly [left: number, right: number, made: number];

/**
 * @param pieces string of every id so far (special tokens, alphabet); learned pieces are appended
 * @returns merges in order of rank, without doubles
 */
export async function learnMerges(
  words: CountedWords,
  pieces: string[],
  { vocabularySize, minFrequency, join }: LearnOptions,
  turns: Turns,
  onMerges: (merges: number) => void,
): Promise<Merge[]> {
  const ids = new Map(pieces.map((piece, id) => [piece, id]));
  const learner = new Learner(words);
  const merges: Merge[] = [];
  learner.countPairs();
  while (ids.size < vocabularySize) {
    const top = learner.next(minFrequency);
    if (!top) break;
    const piece = join(pieces[top.left]!, pieces[top.right]!);
    let made = ids.get(piece);
    if (made === undefined) {
      made = pieces.push(piece) - 1;
      ids.set(piece, made);
    }
    merges.push([top.left, top.right, made]);
    learner.merge(top.left, top.right, made, top.place);
    if (turns.due()) {
      onMerges(merges.length);
      await turns.take();
    }
  }
  onMerges(merges.length);
  return lastOfEach(merges);
}

/** Of a pair that was merged twice only the later rank is kept, as in `tokenizers`, which collects ranks in a map. */
function lastOfEach(merges: readonly Merge[]): Merge[] {
  const rank = new Map(merges.map(([left, right], index) => [`${left} ${right}`, index]));
  return merges.filter(([left, right], index) => rank.get(`${left} ${right}`) === index);
}

class Learner {
  private readonly pairs = new PairCounts();
  private readonly queue = new MergeQueue();
  private readonly lengths: Int32Array;
  /** Linked lists of words: word and next link (0: end of the list). */
  private linkWord: Int32Array<ArrayBuffer>;
  private linkNext: Int32Array<ArrayBuffer>;
  private links = 1;
  /** By pair: head of the list of words that contain it since the last `enqueue`; and the pairs that have such a list. */
  private chain = new Int32Array(1 << 12);
  private fresh: number[] = [];

  constructor(private readonly words: CountedWords) {
    const { offsets, symbols, counts } = words;
    this.lengths = Int32Array.from(counts, (_, word) => offsets[word + 1]! - offsets[word]!);
    this.linkWord = new Int32Array(symbols.length + 2);
    this.linkNext = new Int32Array(symbols.length + 2);
  }

  countPairs(): void {
    const { symbols, offsets, counts } = this.words;
    for (let word = 0; word < counts.length; word++) {
      const last = offsets[word + 1]! - 1;
      for (let at = offsets[word]!; at < last; at++) this.add(symbols[at]!, symbols[at + 1]!, word, counts[word]!);
    }
    this.enqueue();
  }

  /** The pair to merge next, with the head of the list of its words; null when none is frequent enough. */
  next(minFrequency: number): { left: number; right: number; place: number } | null {
    const { queue, pairs } = this;
    for (let entry = queue.pop(); entry >= 0; entry = queue.pop()) {
      const pair = queue.pairOf(entry);
      const count = pairs.count[pair]!;
      if (queue.countOf(entry) !== count) {
        queue.return(entry, count);
        continue;
      }
      if (count <= 0 || count < minFrequency) return null;
      return { left: pairs.left[pair]!, right: pairs.right[pair]!, place: queue.placeOf(entry) };
    }
    return null;
  }

  merge(left: number, right: number, made: number, place: number): void {
    for (let link = place; link !== 0; link = this.linkNext[link]!) this.mergeIn(this.linkWord[link]!, left, right, made);
    this.enqueue();
  }

  private mergeIn(word: number, left: number, right: number, made: number): void {
    const { symbols, offsets, counts } = this.words;
    const start = offsets[word]!;
    const end = start + this.lengths[word]!;
    const count = counts[word]!;
    let kept = start;
    for (let at = start; at < end;) {
      if (symbols[at] !== left || at + 1 >= end || symbols[at + 1] !== right) {
        symbols[kept++] = symbols[at++]!;
        continue;
      }
      at += 2;
      if (kept > start) {
        const before = symbols[kept - 1]!;
        this.take(before, left, count);
        this.add(before, made, word, count);
      }
      symbols[kept++] = made;
      if (at < end) {
        const after = symbols[at]!;
        this.take(right, after, count);
        this.add(made, after, word, count);
      }
    }
    this.lengths[word] = kept - start;
  }

  private take(left: number, right: number, count: number): void {
    const pair = this.pairs.indexOf(left, right);
    this.pairs.count[pair]! -= count;
  }

  private add(left: number, right: number, word: number, count: number): void {
    const pair = this.pairs.indexOf(left, right);
    this.pairs.count[pair]! += count;
    if (pair >= this.chain.length) this.chain = enlarged(this.chain, this.pairs.left.length);
    const first = this.chain[pair]!;
    if (first === 0) this.fresh.push(pair);
    else if (this.linkWord[first] === word) return;
    if (this.links === this.linkWord.length) {
      this.linkWord = enlarged(this.linkWord, this.links * 2);
      this.linkNext = enlarged(this.linkNext, this.links * 2);
    }
    this.linkWord[this.links] = word;
    this.linkNext[this.links] = first;
    this.chain[pair] = this.links++;
  }

  private enqueue(): void {
    for (const pair of this.fresh) {
      const count = this.pairs.count[pair]!;
      if (count > 0) this.queue.add(count, this.pairs.left[pair]!, this.pairs.right[pair]!, pair, this.chain[pair]!);
      this.chain[pair] = 0;
    }
    this.fresh = [];
  }
}
