/**
 * Applies BPE merges to token ids: repeatedly the pair with the lowest rank, the leftmost of equals (Sennrich et al. 2016), as in Hugging
 * Face's `tokenizers`. Pairs are stored in an open-addressing hash table, so that a look-up allocates nothing.
 */
import { StudioError } from '../../src/core/errors';
import type { Merge } from './tokenizer-json';

/** Up to this many ids a linear scan for the best pair is faster than a heap. */
const SCANNED = 96;
/** A heap key is rank · 2^32 + position. */
const POSITIONS = 2 ** 32;

export class MergeTable {
  private readonly left: Int32Array;
  private readonly right: Int32Array;
  /** By slot: rank of the pair, and the id of the merged token. */
  private readonly rank: Int32Array;
  private readonly made: Int32Array;
  private readonly mask: number;
  private readonly pairs = new Int32Array(SCANNED + 1);

  private constructor(pairs: number) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(16, pairs * 2)));
    this.mask = slots - 1;
    this.left = new Int32Array(slots).fill(-1);
    this.right = new Int32Array(slots);
    this.rank = new Int32Array(slots);
    this.made = new Int32Array(slots);
  }

  /** @param merges in order of rank; where a pair comes twice the last counts */
  static of(vocabulary: ReadonlyMap<string, number>, merges: readonly Merge[]): MergeTable {
    const table = new MergeTable(merges.length);
    merges.forEach(([a, b], rank) => {
      const left = vocabulary.get(a);
      const right = vocabulary.get(b);
      const made = vocabulary.get(a + b);
      if (left === undefined || right === undefined || made === undefined) {
        const detail = `merge ${rank} ("${a}" "${b}") is not in the vocabulary`;
        throw new StudioError('tokenizer-invalid', `tokenizer.json: ${detail}`, { file: 'tokenizer.json', detail });
      }
      table.put(left, right, rank, made);
    });
    return table;
  }

  /** Merges the first `length` ids in place until no pair is left to merge, and returns how many ids remain. */
  apply(ids: Int32Array, length: number): number {
    return length <= SCANNED ? this.scan(ids, length) : this.drain(ids, length);
  }

  private scan(ids: Int32Array, length: number): number {
    const { pairs, rank } = this;
    // Slot of the pair that starts at each position; a merge changes two of them.
    for (let at = 0; at < length - 1; at++) pairs[at] = this.find(ids[at]!, ids[at + 1]!);
    while (length > 1) {
      let best = -1;
      let lowest = 0x7fffffff;
      for (let at = 0; at < length - 1; at++) {
        const slot = pairs[at]!;
        if (slot >= 0 && rank[slot]! < lowest) {
          lowest = rank[slot]!;
          best = at;
        }
      }
      if (best < 0) break;
      ids[best] = this.made[pairs[best]!]!;
      length--;
      for (let at = best + 1; at < length; at++) {
        ids[at] = ids[at + 1]!;
        pairs[at] = pairs[at + 1]!;
      }
      if (best > 0) pairs[best - 1] = this.find(ids[best - 1]!, ids[best]!);
      if (best < length - 1) pairs[best] = this.find(ids[best]!, ids[best + 1]!);
    }
    return length;
  }

  /** The same with a heap, in O(n log n), for long pre-tokens such as a run of spaces. */
  private drain(ids: Int32Array, length: number): number {
    const next = new Int32Array(length);
    const previous = new Int32Array(length);
    for (let at = 0; at < length; at++) {
      next[at] = at + 1 < length ? at + 1 : -1;
      previous[at] = at - 1;
    }
    const heap = new NumberHeap();
    const offer = (at: number): void => {
      const slot = at >= 0 && next[at]! >= 0 ? this.find(ids[at]!, ids[next[at]!]!) : -1;
      if (slot >= 0) heap.push(this.rank[slot]! * POSITIONS + at);
    };
    for (let at = 0; at < length; at++) offer(at);
    for (let key = heap.pop(); key !== undefined; key = heap.pop()) {
      const at = key % POSITIONS;
      const after = next[at]!;
      const slot = ids[at]! >= 0 && after >= 0 ? this.find(ids[at]!, ids[after]!) : -1;
      // Stale entry: one of the two ids has been merged since.
      if (slot < 0 || this.rank[slot] !== Math.floor(key / POSITIONS)) continue;
      ids[at] = this.made[slot]!;
      ids[after] = -1;
      next[at] = next[after]!;
      if (next[at] >= 0) previous[next[at]] = at;
      offer(previous[at]!);
      offer(at);
    }
    let kept = 0;
    for (let at = 0; at < length; at++) if (ids[at]! >= 0) ids[kept++] = ids[at]!;
    return kept;
  }

  private put(left: number, right: number, rank: number, made: number): void {
    let slot = this.hash(left, right);
    while (this.left[slot]! >= 0) {
      if (this.left[slot] === left && this.right[slot] === right) break;
      slot = (slot + 1) & this.mask;
    }
    this.left[slot] = left;
    this.right[slot] = right;
    this.rank[slot] = rank;
    this.made[slot] = made;
  }

  private find(left: number, right: number): number {
    let slot = this.hash(left, right);
    for (;;) {
      const found = this.left[slot]!;
      if (found === left && this.right[slot] === right) return slot;
      if (found < 0) return -1;
      slot = (slot + 1) & this.mask;
    }
  }

  private hash(left: number, right: number): number {
    const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca77);
    return (mixed ^ (mixed >>> 15)) & this.mask;
  }
}

/** Binary min-heap of numbers. */
class NumberHeap {
  private readonly keys: number[] = [];

  push(key: number): void {
    let at = this.keys.push(key) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.keys[parent]! <= key) break;
      this.keys[at] = this.keys[parent]!;
      at = parent;
    }
    this.keys[at] = key;
  }

  pop(): number | undefined {
    const first = this.keys[0];
    const last = this.keys.pop();
    if (first === undefined || last === undefined || this.keys.length === 0) return first;
    let at = 0;
    for (let child = 1; child < this.keys.length; child = 2 * at + 1) {
      if (child + 1 < this.keys.length && this.keys[child + 1]! < this.keys[child]!) child++;
      if (this.keys[child]! >= last) break;
      this.keys[at] = this.keys[child]!;
      at = child;
    }
    this.keys[at] = last;
    return first;
  }
}
